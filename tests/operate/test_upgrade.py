"""`make upgrade`, between two repositories on this machine: the original with its releases, and a team's."""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from operate.upgrade import upgrade
from runner.project import Project, ProjectError
from tests.stacks.project import ROOT, copy

# A user's own settings of git decide nothing here.
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_{what}": "somebody@example.com" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}
FILES = {
    "pyproject.toml": '[project]\nversion = "0.1.0"\n',
    "Pulumi.yaml": "name: cache\nruntime: python\n\n# Below is the original's.\ntemplate: questions\n",
    "infra.py": "one = 1\n\n\ntwo = 2\n\n\nthree = 3\n",
    "Pulumi.prod.yaml": "config: {}\n",
}


@pytest.fixture(autouse=True)
def _git(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GIT.items():
        monkeypatch.setenv(name, value)


@dataclass(frozen=True)
class Repository:
    """A repository on this machine."""

    root: Path

    def git(self, *arguments: str | Path) -> str:
        """Run git, and return what it printed."""
        done = subprocess.run(["git", *arguments], cwd=self.root, stdout=subprocess.PIPE, text=True, check=True)
        return done.stdout

    def commit(self, **files: str) -> None:
        """Commit everything, these files changed."""
        for name, text in files.items():
            (self.root / name.replace("__", ".")).write_text(text)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "A change")

    def text(self, name: str) -> str:
        """Read a file."""
        return (self.root / name).read_text()

    def upgrade(self, version: str = "v0.2.0") -> tuple[int, str]:
        """Upgrade it; return the exit code and what was said."""
        said: list[str] = []
        return upgrade(Project(self.root), version, said.append), "\n".join(said)


@pytest.fixture
def original(tmp_path: Path) -> Repository:
    """The project, with two releases."""
    made = Repository(tmp_path / "original")
    made.root.mkdir()
    made.git("init", "--quiet", "--initial-branch=main")
    made.commit(**{name.replace(".", "__"): text for name, text in FILES.items()})
    made.git("tag", "v0.1.0")
    made.commit(
        pyproject__toml='[project]\nversion = "0.2.0"\n',
        infra__py=made.text("infra.py").replace("three = 3", "three = 33"),
        new__py="four = 4\n",
    )
    made.git("tag", "v0.2.0")
    return made


def clone(original: Repository) -> Repository:
    """Return a team's clone of the first release."""
    team = Repository(original.root.parent / "team")
    original.git("clone", "--quiet", "--origin=upstream", "--branch=v0.1.0", ".", team.root)
    team.git("switch", "--quiet", "--create=main")
    return team


def template(original: Repository) -> Repository:
    """Return what `pulumi new` makes: the files of the first release under another name, and no history."""
    team = clone(original)
    shutil.rmtree(team.root / ".git")
    team.git("init", "--quiet", "--initial-branch=main")
    team.git("remote", "add", "upstream", original.root)
    team.commit(Pulumi__yaml="name: team-cache\nruntime: python\n\n# Below is the original's.\n")
    return team


@pytest.fixture(params=[clone, template], ids=["a clone", "a copy of pulumi new"])
def team(request: pytest.FixtureRequest, original: Repository) -> Repository:
    """A team's repository with changes of its own."""
    made: Repository = request.param(original)
    made.commit(
        Pulumi__prod__yaml="config: {cache:tier: prod}\n", infra__py=FILES["infra.py"].replace("one = 1", "one = 11")
    )
    return made


def test_a_release_is_merged_and_what_the_team_changed_stays(team: Repository) -> None:
    """Both sides' changes of one file too; the team's tags are its own; a second run has nothing to do."""
    before, tags = team.text("Pulumi.yaml"), team.git("tag")
    code, said = team.upgrade()
    assert code == 0
    assert "docs/upgrading.md" in said
    assert team.text("infra.py") == "one = 11\n\n\ntwo = 2\n\n\nthree = 33\n"
    assert team.text("new.py") == "four = 4\n"
    assert team.text("Pulumi.prod.yaml") == "config: {cache:tier: prod}\n"
    assert team.text("Pulumi.yaml") == before
    assert '"0.2.0"' in team.text("pyproject.toml")
    assert team.git("status", "--porcelain") == ""
    assert team.git("tag") == tags
    head = team.git("rev-parse", "HEAD")
    assert team.upgrade()[0] == 0
    assert team.git("rev-parse", "HEAD") == head


def test_the_next_release_compares_with_the_last(team: Repository, original: Repository) -> None:
    """A line that the team changed between two releases is not in its way."""
    team.upgrade()
    team.commit(new__py="four = 44\n")
    original.commit(infra__py=original.text("infra.py").replace("two = 2", "two = 22"))
    original.git("tag", "v0.3.0")
    assert team.upgrade("v0.3.0")[0] == 0
    assert team.text("infra.py") == "one = 11\n\n\ntwo = 22\n\n\nthree = 33\n"
    assert team.text("new.py") == "four = 44\n"


def test_a_conflict_names_its_files_and_can_be_left(team: Repository) -> None:
    """Nothing is decided for the team."""
    team.commit(infra__py=team.text("infra.py").replace("three = 3", "three = 300"))
    before = team.text("infra.py")
    code, said = team.upgrade()
    assert code == 1
    assert "infra.py" in said
    assert "git merge --abort" in said
    team.git("merge", "--abort")
    assert team.text("infra.py") == before


def test_all_that_is_in_the_way_is_told_at_once_and_nothing_is_changed(team: Repository) -> None:
    """No remote, changes, and no version; each with its remedy."""
    team.git("remote", "remove", "upstream")
    (team.root / "infra.py").write_text("changed = 1\n")
    before = team.git("show-ref")
    with pytest.raises(ProjectError) as refused:
        team.upgrade("--upload-pack=touch pwned")
    for remedy in ("make upgrade VERSION=v", "git remote add upstream", "git commit, or git stash"):
        assert remedy in str(refused.value)
    assert team.git("show-ref") == before
    assert team.text("infra.py") == "changed = 1\n"


def test_a_release_that_is_not_there_is_refused_without_a_password(team: Repository) -> None:
    """Whoever put one into the remote's address."""
    with pytest.raises(ProjectError, match=r"no release v9\.9\.9.*git ls-remote --tags upstream"):
        team.upgrade("v9.9.9")
    team.git("remote", "set-url", "upstream", "https://somebody:hunter2@127.0.0.1:1/cache")
    with pytest.raises(ProjectError, match="cannot be reached") as refused:
        team.upgrade()
    assert "hunter2" not in str(refused.value)


def test_a_folder_that_is_no_repository_is_told_how_to_become_one(tmp_path: Path) -> None:
    """As `pulumi new` leaves it."""
    with pytest.raises(ProjectError, match="git init"):
        Repository(tmp_path).upgrade()


def test_a_folder_of_another_repository_is_not_merged_over_it(tmp_path: Path) -> None:
    """The release's files would land beside it."""
    whole = Repository(tmp_path)
    whole.git("init", "--quiet")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "infra.py").touch()
    whole.commit()
    with pytest.raises(ProjectError, match="the folder cache/ of another repository: docs/upgrading"):
        Repository(tmp_path / "cache").upgrade()


@pytest.mark.parametrize("content", ["", "[project]\n", "no TOML"])
def test_a_copy_that_forgot_its_version_is_told(original: Repository, content: str) -> None:
    """Without it nobody knows what it is a copy of."""
    team = template(original)
    team.commit(pyproject__toml=content)
    with pytest.raises(ProjectError, match=r"pyproject\.toml has no version"):
        team.upgrade()


def test_a_copy_of_this_project_upgrades_itself(tmp_path: Path) -> None:
    """By the command that make calls, whose own file the merge changes."""
    upstream = Repository(tmp_path / "upstream")
    copy(upstream.root)
    shutil.copy(ROOT / "pyproject.toml", upstream.root)
    (upstream.root / ".gitignore").write_text("/.venv\n/.local\n__pycache__/\n")
    upstream.git("init", "--quiet")
    upstream.commit()
    (version,) = re.findall(r'^version = "(.+)"$', upstream.text("pyproject.toml"), re.MULTILINE)
    upstream.git("tag", f"v{version}")
    file = upstream.root / "operate" / "cli.py"
    file.write_text("raise RuntimeError\n")
    upstream.commit()
    upstream.git("tag", "v99.0.0")
    team = Repository(tmp_path / "team")
    upstream.git("clone", "--quiet", "--origin=upstream", f"--branch=v{version}", ".", team.root)
    done = subprocess.run(
        [sys.executable, "-m", "operate", "upgrade", "--version=v99.0.0"],
        cwd=team.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert team.text("operate/cli.py") == "raise RuntimeError\n"


def test_a_folder_of_another_repository_is_upgraded_by_the_commands_of_the_page(original: Repository) -> None:
    """As docs/upgrading.md has them, and nothing lands beside the folder."""
    page = (ROOT / "docs" / "upgrading.md").read_text()
    (commands,) = re.findall(r"bigger repository.*?```sh\n(.*?)```", page, re.DOTALL)
    whole = Repository(original.root.parent / "whole")
    (whole.root / "cache").mkdir(parents=True)
    for name, text in FILES.items():
        (whole.root / "cache" / name).write_text(text.replace("one = 1", "one = 11"))
    whole.git("init", "--quiet")
    whole.git("remote", "add", "upstream", original.root)
    whole.commit()
    subprocess.run(["sh", "-euc", commands], cwd=whole.root, check=True)
    assert whole.text("cache/infra.py") == "one = 11\n\n\ntwo = 2\n\n\nthree = 33\n"
    assert whole.text("cache/new.py") == "four = 4\n"
    assert sorted(path.name for path in whole.root.iterdir()) == [".git", "cache"]
