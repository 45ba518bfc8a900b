"""Files that cost a reader much, or that are none: each is refused in a second, by its name."""

import itertools
import time
from pathlib import Path
from random import Random

import pytest

from runner import stack_file
from runner.stack_file import StackFileError
from tests.soak import Soak

ROOT = Path(__file__).resolve().parents[2]
SECRET = "hunter2-of-the-cache"

LETTERS = "abcdefghij"
# Ten of ten of ten …: ten billion texts in 400 bytes.
BOMB = "config:\n  a: &a [x]\n" + "".join(
    f"  {name}: &{name} [{', '.join([f'*{before}'] * 10)}]\n" for before, name in itertools.pairwise(LETTERS)
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a stack's file is."""
    return tmp_path / "Pulumi.dev.yaml"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (BOMB, "stands for more than 1,000,000 characters: it repeats itself (*name) too often"),
        (f"config:\n  a: &a {'x' * 50_000}\n  b: [{'*a, ' * 1000}]\n", "stands for more than 1,000,000 characters"),
        ("config: &a\n  x: [*a]\n", "is nested too deeply"),
        ("config: " + "[" * 51 + "]" * 51, "is nested too deeply"),
        ("[" * 50_000, "is nested too deeply"),
        ("- " * 49_000, "is nested too deeply"),
        (
            "config:\n  a0: &a0 [x]\n" + "".join(f"  a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 900)),
            "nested too deeply",
        ),
        ("config:\n" + "".join(f"  k{i}: v\n" for i in range(9_000)), "line 2 has 9000 keys; at most 1000 are read"),
        ("config:\n" + "".join(f"  k{i}: v\n" for i in range(50_000)), "has more than 100,000 bytes"),
        ("# x\n" * 10_000_000, "has more than 100,000 bytes"),
        ("config:\n  a: \x07\n", "is not YAML: it has characters that YAML has not"),
        ("config:\n  ? [a]\n  : b\n", "line 2 is not YAML: found unhashable key"),
        ("a: b\n---\nc: d\n", "line 2 is not YAML: but found another document"),
        (f"config:\n  a: *{SECRET}\n", "line 2 is not YAML: found undefined alias …"),
    ],
    ids=lambda value: value[:30] if isinstance(value, str) else None,
)
def test_a_file_that_is_beyond_a_bound_is_refused_in_time(file: Path, text: str, words: str) -> None:
    """With its name and the bound, and without what stands in it."""
    file.write_text(text)
    started = time.process_time()
    with pytest.raises(StackFileError) as refused:
        stack_file.settings(file, project="cache")
    assert time.process_time() - started < 30
    assert str(refused.value).startswith("Pulumi.dev.yaml ")
    assert words in str(refused.value)
    assert SECRET not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_a_file_within_the_bounds_is_read(file: Path) -> None:
    """The most of each that is taken; aliases are what they stand for."""
    keys = "".join(f"  k{i}: v\n" for i in range(997))
    file.write_text(
        f"config:\n{keys}  a: &a [{'x' * 20_000}]\n  b: [{', '.join(['*a'] * 40)}]\n  c: {'[' * 48}{']' * 48}\n"
    )
    found = stack_file.settings(file, project="cache")
    assert len(found) == 1000
    assert found["cache:b"] == [["x" * 20_000]] * 40


def test_a_link_to_an_endless_file_is_read_no_further_than_the_bound(file: Path) -> None:
    """As with any file that is too large."""
    file.symlink_to("/dev/zero")
    with pytest.raises(StackFileError, match="has more than 100,000 bytes"):
        stack_file.read(file)


def mutated(text: str, random: Random) -> bytes:
    """Return a text with a few pieces of YAML put in, doubled, moved or cut."""
    pieces = [
        *"[]{}&*!|>%@`'\"#:,?-\n\t ",
        ": ",
        "- ",
        "&a ",
        "*a",
        "<<: *a",
        "!!int ",
        "---\n",
        "\x00",
        "\ufeff",
        "é",
        "\r\n",
    ]
    for _ in range(random.randrange(1, 8)):
        place, other = sorted(random.randrange(len(text) + 1) for _ in range(2))
        match random.randrange(5):
            case 0:
                text = text[:place] + text[other:]
            case 1:
                text = text[:place] + text[place:other] * random.randrange(2, 30) + text[other:]
            case 2:
                text = text[:other] + text[place:other] + text[other:]
            case _:
                text = text[:place] + random.choice(pieces) * random.choice((1, 1, 2, 500)) + text[place:]
    encoded = text.encode(errors="replace")
    return encoded if random.randrange(20) else encoded[: random.randrange(len(encoded) + 1)] + b"\xff"


@pytest.mark.soak(20_000)
def test_whatever_is_done_to_a_file_it_is_read_or_refused(tmp_path: Path, soak: Soak) -> None:
    """No other exception, no value in a message, and none takes long."""
    random = soak.random()
    originals = [file.read_text() for file in sorted(ROOT.glob("Pulumi.*.yaml"))]
    secret = f"  cache:password: {SECRET}\n  cache:sealed:\n    secure: {SECRET}\n"
    for case in range(soak.cases):
        original = random.choice(originals).rstrip() + "\n" + secret
        file = tmp_path / "Pulumi.dev.yaml"
        file.write_bytes(mutated(original, random))
        started = time.process_time()
        message = refusal(file)
        assert SECRET not in message, f"case {case}, seed {soak.seed}"
        assert len(message) < 300, f"case {case}, seed {soak.seed}"
        assert time.process_time() - started < 30, f"case {case}, seed {soak.seed}"


def refusal(file: Path) -> str:
    """Return why a file is refused, or nothing."""
    try:
        stack_file.settings(file, project="cache")
    except StackFileError as error:
        return str(error)
    return ""
