from pathlib import Path

import pytest

from runner.project import Project, ProjectError


def made(tmp_path: Path, stack: str, declaration: str = "name: cache\n") -> Project:
    """Make a project with one stack."""
    (tmp_path / "Pulumi.yaml").write_text(declaration)
    (tmp_path / "Pulumi.local.yaml").write_text(stack)
    return Project(tmp_path)


def test_values_are_texts_as_pulumi_hands_them_over(tmp_path: Path) -> None:
    """Numbers, booleans and dates stay what they are in the file; objects become JSON."""
    project = made(
        tmp_path, "config:\n  cache:port: 06379\n  cache:on: yes\n  cache:day: 2026-01-02\n  cache:list: [1, a]\n"
    )
    assert project.configuration("local") == {
        "cache:port": "06379",
        "cache:on": "yes",
        "cache:day": "2026-01-02",
        "cache:list": '["1", "a"]',
    }


def test_defaults_are_filled_in_and_short_keys_are_the_projects(tmp_path: Path) -> None:
    """As the CLI does with Pulumi.yaml's `config`."""
    project = made(
        tmp_path,
        "config:\n  cache:tier: prod\n",
        "name: cache\nconfig:\n  tier: {default: dev}\n  cache:policy: {default: lru}\n  cache:none: {type: string}\n",
    )
    assert project.configuration("local") == {"cache:tier": "prod", "cache:policy": "lru"}


def test_an_empty_stack_file_has_no_configuration(tmp_path: Path) -> None:
    """Nothing is something valid."""
    assert made(tmp_path, "").configuration("local") == {}


def test_encrypted_values_are_refused_all_at_once(tmp_path: Path) -> None:
    """Only the CLI has the key; the cipher text is not shown."""
    project = made(tmp_path, "config:\n  cache:a: {secure: v1:xyz}\n  cache:b: {secure: v1:xyz}\n")
    with pytest.raises(ProjectError, match=r"cache:a, cache:b in Pulumi\.local\.yaml is encrypted.*make pulumi") as no:
        project.configuration("local")
    assert "xyz" not in str(no.value)


def test_a_file_that_is_no_yaml_is_named_with_its_line(tmp_path: Path) -> None:
    """A tab, most likely."""
    with pytest.raises(ProjectError, match=r"Pulumi\.local\.yaml line 2 is not YAML"):
        made(tmp_path, "config:\n\tcache:tier: dev\n").configuration("local")


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    """YAML's parser would take the last, and the other would be lost without a word."""
    (tmp_path / "Pulumi.yaml").write_text("name: cache\n")
    (tmp_path / "Pulumi.local.yaml").write_text("config:\n  cache:tier: dev\n  cache:tier: prod\n")
    with pytest.raises(ProjectError, match=r"Pulumi\.local\.yaml line 3 is not YAML: cache:tier stands there twice"):
        Project(tmp_path).require_stack("local")


def test_a_file_that_is_no_mapping_is_refused(tmp_path: Path) -> None:
    """A list, say."""
    with pytest.raises(ProjectError, match=r"Pulumi\.local\.yaml is not a mapping"):
        made(tmp_path, "- config\n").configuration("local")


def test_an_unknown_stack_names_those_there_are(tmp_path: Path) -> None:
    """A typo in STACK."""
    with pytest.raises(ProjectError, match=r"there is no stack prd: Pulumi\.prd\.yaml is missing; there is: local"):
        made(tmp_path, "").require_stack("prd")


@pytest.mark.parametrize("content", ["config: [a]", "config: foo"])
def test_a_config_that_is_no_mapping_is_refused(tmp_path: Path, content: str) -> None:
    """With what it should look like."""
    with pytest.raises(ProjectError, match=r"config in Pulumi\.local\.yaml is not a mapping.*cache:tier: dev"):
        made(tmp_path, content).require_stack("local")


def test_bytes_that_are_no_text_are_named(tmp_path: Path) -> None:
    """Another encoding, most likely."""
    project = made(tmp_path, "")
    project.stack_file("local").write_bytes(b"config:\n  cache:tier: d\xe9v\n")
    with pytest.raises(ProjectError, match=r"Pulumi\.local\.yaml is not UTF-8 text, from byte 24 on"):
        project.require_stack("local")


def test_a_project_without_a_name_is_refused(tmp_path: Path) -> None:
    """Before anything is made under no name."""
    with pytest.raises(ProjectError, match=r"Pulumi\.yaml has no name"):
        made(tmp_path, "", "runtime: python\n").require_stack("local")


def test_a_key_in_both_of_its_spellings_is_refused(tmp_path: Path) -> None:
    """Pulumi takes one of them, and which is nobody's guess."""
    (tmp_path / "Pulumi.yaml").write_text("name: cache\n")
    (tmp_path / "Pulumi.local.yaml").write_text("config:\n  cache:attached: false\n  attached: true\n")
    with pytest.raises(
        ProjectError, match=r"Pulumi\.local\.yaml has both attached and cache:attached, which are one key"
    ):
        Project(tmp_path).require_stack("local")
