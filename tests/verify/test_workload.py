from pathlib import Path

import pytest

from verify import keys, workload
from verify.workload import DataSet, InvalidWorkload

GOOD = '[parts]\nid = "1"\n[[data_sets]]\nname = "a"\nkey = "a:{id}"\nvalue_bytes = 1\nkeys_per_organization = 1\n'


def written(folder: Path, text: str) -> Path:
    """Write a workload."""
    file = folder / "workload.toml"
    file.write_text(text)
    return file


def test_keys_without_a_life_never_expire(tmp_path: Path) -> None:
    """They take no memory for an expiry."""
    (data_set,) = workload.load(written(tmp_path, GOOD))
    assert data_set == DataSet(name="a", key_bytes=3, value_bytes=1, expires=False, keys_per_organization=1)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[parts]", "parts", "is not TOML"),
        ('[parts]\nid = "1"', "parts = 1", "parts is not a table"),
        ('id = "1"', "id = 1", "parts.id is not a text"),
        ("[parts]", "more = 1\n[parts]", '"more" is neither parts nor data_sets'),
        (GOOD, "data_sets = []", "data_sets is not a list of tables"),
        (GOOD, "data_sets = [1]", "data set 1: is not a table"),
        ('name = "a"', "", "data set 1: name is missing"),
        ('name = "a"', 'name = ""', "data set 1: name is not a text"),
        ("value_bytes = 1", "value_bytes = 0", "data set 1: value_bytes is not a whole number above 0"),
        ("value_bytes = 1", "value_bytes = true", "data set 1: value_bytes is not a whole number above 0"),
        ("value_bytes = 1", "valueBytes = 1", '"valueBytes" is not one of name, key, value_bytes'),
        ("value_bytes = 1", "value_bytes = 1\nttl_seconds = -1", "ttl_seconds is not a whole number above 0"),
        ("{id}", "{organization}", 'key "a:{organization}" has the part {organization}, and parts has none'),
        ("{id}", "{id", 'key "a:{id" is no pattern'),
    ],
)
def test_a_workload_that_is_none_is_refused(old: str, new: str, said: str, tmp_path: Path) -> None:
    """The message names the file, the data set and the key."""
    assert old in GOOD
    file = written(tmp_path, GOOD.replace(old, new))
    with pytest.raises(InvalidWorkload) as refused:
        workload.load(file)
    assert said in str(refused.value)
    assert str(file) in str(refused.value)


def test_all_problems_of_a_workload_are_named_at_once(tmp_path: Path) -> None:
    """Nobody has to run it once for each mistake."""
    file = written(tmp_path, GOOD.replace('name = "a"', "").replace("value_bytes = 1", "value_bytes = 0"))
    with pytest.raises(InvalidWorkload, match="has 2 problems"):
        workload.load(file)


def test_the_guides_workload_is_what_the_client_keeps() -> None:
    """The file and the client name the same data sets, keys, sizes and lives."""
    read = workload.load()
    for data_set, kept in zip(keys.DATA_SETS, read, strict=True):
        parts = {"organization": "0000001", "day": "2026-11-23"}
        key = data_set.key(**{name: text for name, text in parts.items() if f"{{{name}}}" in data_set.pattern})
        assert kept == DataSet(
            name=data_set.name,
            key_bytes=len(key),
            value_bytes=data_set.value_bytes,
            expires=data_set.ttl_seconds > 0,
            keys_per_organization=1,
        )
    text = workload.GUIDE.read_text()
    for data_set in keys.DATA_SETS:
        assert f'key = "{data_set.pattern}"' in text
        assert f"ttl_seconds = {data_set.ttl_seconds}\n" in text
