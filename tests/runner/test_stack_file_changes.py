"""One setting of a stack's file, set and taken out: everything else in the file stays byte for byte."""

import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from runner import private_file, stack_file
from runner.stack_file import StackFileError

FileMaker = Callable[[str], Path]

COMMENTED = """\
# The production cache.
secretsprovider: awskms://alias/pulumi  # rotated by the platform team
config:
  # Why ElastiCache: docs/decisions.md
  cache:backend: elasticache   # not docker

  cache:tier: "prod"
  aws:region: eu-west-1
# The end.
"""
ATTACHED = COMMENTED.replace("config:\n", "config:\n  cache:attached: false\n")


@pytest.fixture
def file(tmp_path: Path) -> FileMaker:
    """Write a stack's file."""

    def write(text: str) -> Path:
        path = tmp_path / "Pulumi.prod.yaml"
        path.write_bytes(text.encode())
        return path

    return write


def set_attached(path: Path) -> bool:
    """Set `cache:attached` in a file of the project `cache`."""
    return stack_file.set_value(path, "cache:attached", "false", project="cache")


def remove_attached(path: Path) -> bool:
    """Take `cache:attached` out of a file of the project `cache`."""
    return stack_file.remove(path, "cache:attached", project="cache")


def written(path: Path) -> str:
    """Return what is in a file, with the line ends that it has."""
    return path.read_bytes().decode()


class TestSet:
    """A value for a key."""

    def test_a_new_key_is_one_new_line(self, file: FileMaker) -> None:
        """Comments, order, quotes, blank lines and other namespaces stay."""
        path = file(COMMENTED)
        assert set_attached(path)
        assert written(path) == ATTACHED

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("  cache:attached: true  # why\n", "  cache:attached: false  # why\n"),
            ("  attached: true\n", "  attached: false\n"),
            ('  "cache:attached": true\n', '  "cache:attached": false\n'),
            ("  'cache:attached':   'true'\n", "  'cache:attached':   false\n"),
            ('  cache:attached: "true"\n', "  cache:attached: false\n"),
        ],
        ids=["plain", "without its namespace", "quoted key", "quoted both", "quoted value"],
    )
    def test_a_key_that_is_there_keeps_its_place_and_its_comment(
        self, file: FileMaker, before: str, after: str
    ) -> None:
        """However it is written, the value alone changes."""
        text = "config:\n  cache:backend: local\n{}  cache:tier: dev\n"
        path = file(text.format(before))
        assert set_attached(path)
        assert written(path) == text.format(after)

    def test_a_value_that_is_there_already_is_no_change(self, file: FileMaker) -> None:
        """The file is not even written again."""
        path = file(ATTACHED)
        inode = path.stat().st_ino
        assert not set_attached(path)
        assert (written(path), path.stat().st_ino) == (ATTACHED, inode)

    def test_twice_is_once(self, file: FileMaker) -> None:
        """And the second time says that nothing had to be changed."""
        path = file(COMMENTED)
        assert [set_attached(path) for _ in range(2)] == [True, False]
        assert written(path) == ATTACHED

    @pytest.mark.parametrize("indent", ["  ", "    ", " "])
    def test_the_indentation_is_the_files(self, file: FileMaker, indent: str) -> None:
        """Another would be no YAML."""
        path = file(f"config:\n{indent}cache:backend: local\n")
        set_attached(path)
        assert written(path) == f"config:\n{indent}cache:attached: false\n{indent}cache:backend: local\n"

    @pytest.mark.parametrize(
        ("before", "after"),
        [
            ("", "config:\n  cache:attached: false\n"),
            ("\n\n", "config:\n  cache:attached: false\n"),
            ("# Nothing yet.\n", "# Nothing yet.\nconfig:\n  cache:attached: false\n"),
            ("encryptionsalt: v1:x\n", "encryptionsalt: v1:x\nconfig:\n  cache:attached: false\n"),
            ("encryptionsalt: v1:x", "encryptionsalt: v1:x\nconfig:\n  cache:attached: false\n"),
            ("config:\nencryptionsalt: v1:x\n", "config:\n  cache:attached: false\nencryptionsalt: v1:x\n"),
            ("config:  # of dev\n", "config:  # of dev\n  cache:attached: false\n"),
        ],
        ids=["empty", "blank", "a comment", "no config", "no line end", "empty config", "empty config, commented"],
    )
    def test_a_file_without_settings_gets_one(self, file: FileMaker, before: str, after: str) -> None:
        """With one `config` and no second: Pulumi refuses a key that is there twice."""
        path = file(before)
        assert set_attached(path)
        assert written(path) == after
        assert not set_attached(path)

    @pytest.mark.parametrize("mode", [0o600, 0o640, 0o644])
    def test_its_permissions_stay_whatever_the_umask(self, file: FileMaker, mode: int) -> None:
        """A file may have secrets, encrypted or not."""
        path = file(COMMENTED)
        path.chmod(mode)
        before = os.umask(0)
        try:
            set_attached(path)
            remove_attached(path)
        finally:
            os.umask(before)
        assert stat.S_IMODE(path.stat().st_mode) == mode
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files to another user")
    def test_it_stays_its_owners_after_a_run_by_root(self, file: FileMaker) -> None:
        """Who could not edit it any more."""
        path = file(COMMENTED)
        os.chown(path, 12345, 54321)
        set_attached(path)
        assert (path.stat().st_uid, path.stat().st_gid) == (12345, 54321)

    def test_a_link_stays_one(self, file: FileMaker) -> None:
        """The files of the stacks may be kept elsewhere."""
        path = file(COMMENTED)
        link = path.with_name("Pulumi.linked.yaml")
        link.symlink_to(path)
        set_attached(link)
        assert (link.is_symlink(), written(path)) == (True, ATTACHED)

    def test_a_draft_that_a_killed_run_left_is_not_followed(self, file: FileMaker) -> None:
        """Not even where somebody made it a link."""
        path = file(COMMENTED)
        victim = path.with_name("victim")
        victim.write_text("theirs")
        private_file.draft_of(path).symlink_to(victim)
        set_attached(path)
        assert (victim.read_text(), written(path)) == ("theirs", ATTACHED)

    def test_line_ends_of_windows_stay(self, file: FileMaker) -> None:
        """And the new line has them too, so that a commit shows that line alone."""
        path = file(COMMENTED.replace("\n", "\r\n"))
        set_attached(path)
        assert written(path) == ATTACHED.replace("\n", "\r\n")


class TestRemove:
    """A key taken out."""

    @pytest.mark.parametrize("line", ["cache:attached: false", "attached: no  # since", '"cache:attached": "false"'])
    @pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["unix", "windows"])
    def test_its_line_goes_and_everything_else_stays(self, file: FileMaker, line: str, end: str) -> None:
        """However it is written."""
        path = file(COMMENTED.replace("config:\n", f"config:\n  {line}\n").replace("\n", end))
        assert remove_attached(path)
        assert written(path) == COMMENTED.replace("\n", end)

    @pytest.mark.parametrize("text", ["", "# Nothing.\n", "config:\n", COMMENTED, "config: {cache:backend: local}\n"])
    def test_a_key_that_is_not_there_is_no_change(self, file: FileMaker, text: str) -> None:
        """In a file of whatever style."""
        path = file(text)
        assert not remove_attached(path)
        assert written(path) == text

    def test_twice_is_once(self, file: FileMaker) -> None:
        """And the second time says that nothing had to be changed."""
        path = file(ATTACHED)
        assert [remove_attached(path) for _ in range(2)] == [True, False]
        assert written(path) == COMMENTED

    def test_the_last_line_needs_no_end(self, file: FileMaker) -> None:
        """An editor may leave it away."""
        path = file("config:\n  cache:backend: local\n  cache:attached: false")
        assert remove_attached(path)
        assert written(path) == "config:\n  cache:backend: local\n"

    def test_to_and_fro_ends_where_it_began(self, file: FileMaker) -> None:
        """Also where the key is the only one."""
        for text in (COMMENTED, "config:\n"):
            path = file(text)
            set_attached(path)
            remove_attached(path)
            assert written(path) == text


class TestWhatIsNotChangedByMachine:
    """YAML has more ways to write a mapping than a line can be put into."""

    @pytest.mark.parametrize(
        "text",
        [
            "config: {cache:backend: local}\n",
            "config: {}\n",
            "config: {\n  cache:backend: local\n}\n",
            "config: &settings\n  cache:backend: local\n",
            "config:\n  cache:attached:\n  cache:backend: local\n",
            "config:\n  cache:attached: true\n  cache:backend: local\n  cache:attached: true\n",
            "config:",
        ],
        ids=["flow", "empty flow", "flow over lines", "anchor", "no value", "twice", "no line end"],
    )
    def test_it_is_refused_with_the_line_to_write(self, file: FileMaker, text: str) -> None:
        """And left untouched, with no draft beside it."""
        path = file(text)
        with pytest.raises(StackFileError) as refused:
            set_attached(path)
        assert str(refused.value) == (
            "Pulumi.prod.yaml is written in a way that is not changed by machine; edit it to have cache:attached: false"
        )
        assert written(path) == text
        assert list(path.parent.iterdir()) == [path]

    @pytest.mark.parametrize(
        "text",
        [
            "config: {cache:backend: local, cache:attached: false}\n",
            "config:\n  cache:attached: false\n  attached: false\n",
        ],
        ids=["flow", "twice"],
    )
    def test_a_removal_is_refused_the_same(self, file: FileMaker, text: str) -> None:
        """Rather than take another setting with it, or leave the key's other writing."""
        path = file(text)
        with pytest.raises(StackFileError, match=r"edit it to have no cache:attached$"):
            remove_attached(path)
        assert written(path) == text

    def test_a_value_of_the_key_elsewhere_is_not_taken_for_it(self, file: FileMaker) -> None:
        """A nested mapping, or another namespace."""
        text = "config:\n  other:attached: true\n  cache:labels:\n    attached: true\n"
        path = file(text)
        assert set_attached(path)
        assert yaml.safe_load(written(path))["config"] == {
            "cache:attached": False,
            "other:attached": True,
            "cache:labels": {"attached": True},
        }
