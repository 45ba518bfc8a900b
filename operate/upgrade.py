"""`make upgrade VERSION=`: merge a release into a clone of the project, or into a copy that `pulumi new` made."""

import re
import subprocess
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from runner.project import Project, ProjectError

# The remote that the releases come from. The team's own repository is `origin`.
UPSTREAM: Final = "upstream"

_RELEASE: Final = re.compile(r"v\d+\.\d+\.\d+")
_CREDENTIALS: Final = re.compile(r"(?<=//)[^/@\s]+@")


def upgrade(project: Project, version: str, say: Callable[[str], None]) -> int:
    """Merge the release `version` of the remote `upstream` and return the exit code, 1 after a conflict.

    Raises `ProjectError`, with all that is in the way, before anything is changed.
    """
    git = _Git(project)
    problems = list(_problems(git, version))
    if problems:
        raise ProjectError("\n  ".join(["the project cannot be upgraded yet:", *problems]))
    release = git.fetched(version)
    if git.run("merge-base", "HEAD", release).returncode:
        _join(git, project)
    merged = git.run("merge", "--no-edit", "-m", f"Upgrade to {version}", release)
    conflicts = git.read("diff", "--name-only", "--diff-filter=U").splitlines()
    if conflicts:
        say(f"the release and the team changed the same lines of: {', '.join(conflicts)}")
        say("edit them, git add them and git commit; or leave all as it was with: git merge --abort")
        return 1
    if merged.returncode:
        raise ProjectError(f"git could not merge {version}: {_without_credentials(merged.stderr or merged.stdout)}")
    say(f"{version} is merged: read its part of docs/upgrading.md, then make preview STACK=<stack> for each stack")
    return 0


def _problems(git: "_Git", version: str) -> Iterator[str]:
    if not _RELEASE.fullmatch(version):
        yield f"VERSION is {version!a}, and no release: make upgrade VERSION=v0.2.0 (CHANGELOG.md lists them)"
    if git.run("rev-parse", "--verify", "HEAD").returncode:
        yield "it is in no git repository with a commit: git init && git add --all && git commit -m 'A copy'"
        return
    prefix = git.read("rev-parse", "--show-prefix")
    if prefix:
        yield f"it is the folder {prefix} of another repository: docs/upgrading.md has the commands for that"
    if git.read("status", "--porcelain", "--untracked-files=no"):
        yield "it has changes that are not committed: git commit, or git stash"
    if git.run("remote", "get-url", UPSTREAM).returncode:
        yield f"it does not know where releases come from: git remote add {UPSTREAM} <address of the original>"


def _join(git: "_Git", project: Project) -> None:
    """Record which release a copy without the original's history was made of, and change no file.

    From then on git compares both sides with that release, and not every file with every other.
    """
    try:
        declared = tomllib.loads((project.root / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    except (OSError, ValueError, KeyError) as error:
        raise ProjectError(
            f"pyproject.toml has no version of the project ({error}): put back that of the release which was copied"
        ) from None
    copied = git.fetched(f"v{declared}")
    message = f"A copy of v{declared}"
    joined = git.run("merge", "--strategy=ours", "--allow-unrelated-histories", "-m", message, copied)
    if joined.returncode:
        raise ProjectError(f"git could not merge v{declared}: {_without_credentials(joined.stderr or joined.stdout)}")


def _without_credentials(text: str) -> str:
    """Return what git printed, its addresses without a user and password."""
    return _CREDENTIALS.sub("", text.strip())


@dataclass(frozen=True)
class _Git:
    """Git's command, in the project."""

    project: Project

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["git", *arguments]
        return subprocess.run(command, cwd=self.project.root, capture_output=True, text=True, check=False)

    def read(self, *arguments: str) -> str:
        return self.run(*arguments).stdout.strip()

    def fetched(self, version: str) -> str:
        """Fetch a release and return its reference, which is no tag among the team's own. Raises `ProjectError`."""
        reference = f"refs/{UPSTREAM}/{version}"
        done = self.run("fetch", "--no-tags", UPSTREAM, f"+refs/tags/{version}:{reference}")
        if done.returncode:
            raise ProjectError(
                f"{UPSTREAM} has no release {version}, or cannot be reached (git ls-remote --tags {UPSTREAM} lists "
                f"what it has): {_without_credentials(done.stderr)}"
            )
        return reference
