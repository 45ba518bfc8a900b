"""Backups that were restored: of a real server, in each persistence, damaged, foreign, and cut off at any moment."""

import hashlib
import json
import re
import shutil
import time
from functools import partial
from pathlib import Path

import pytest

from infra.backup import NO_KEY, Sampled
from operate import drill
from tests.soak import Soak
from tests.stacks.data import content, emptied, written
from tests.stacks.project import ProjectCopy

PERSISTENCES = ("append-only", "snapshot", "none")


def passed(moment: float) -> bool:
    """Whether a moment of the monotonic clock is over."""
    return time.monotonic() > moment


def backups(project: ProjectCopy) -> list[Path]:
    """Return the folders of the local stack's backups, the oldest first."""
    return sorted((project.root / ".local" / "backups" / "local").iterdir())


def restored(project: ProjectCopy, source: str, code: int = 0, **variables: str) -> str:
    """Restore, and return what was printed."""
    return project.run("restore", "--from", source, "--confirm", "local", code=code, **variables).printed


@pytest.mark.long
@pytest.mark.parametrize("persistence", PERSISTENCES)
def test_what_was_backed_up_comes_back(project: ProjectCopy, persistence: str) -> None:
    """Every key, value and time to live, though the stack was destroyed meanwhile."""
    project.configure(persistence=persistence)
    project.run("up")
    written(project.client(), 1000)
    before = content(project.client())
    assert "1,300 keys" in project.run("backup").printed
    project.run("down")
    project.run("up")
    written(project.client(), 50, prefix="other:")
    printed = restored(project, backups(project)[0].name)
    assert "stack local has what was in" in printed
    assert content(project.client()) == before
    assert project.client().info("persistence")["aof_enabled"] == (persistence == "append-only")
    data = {path.name for path in (project.server_folder / "data").iterdir()}
    assert data == {"snapshot": {"dump.rdb"}, "append-only": {"appendonlydir"}, "none": set()}[persistence]
    # What was there before the restore is in a backup of its own, and comes back too.
    assert len(backups(project)) == 2
    restored(project, backups(project)[-1].name)
    assert {key.split(":")[0] for key in content(project.client())} == {"other"}


@pytest.mark.long
def test_a_backup_says_what_it_is_and_is_its_owners_alone(project: ProjectCopy) -> None:
    """The manifest has what a restore asks for, and no file is for others to read."""
    project.run("up")
    written(project.client(), 10)
    project.run("backup")
    folder = backups(project)[0]
    manifest = json.loads((folder / "manifest.json").read_bytes())
    file = folder / "dump.rdb"
    assert manifest | {"taken_at": "", "version": ""} == {
        "engine": manifest["engine"],
        "version": "",
        "keys": 13,
        "bytes": file.stat().st_size,
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
        "taken_at": "",
        "stack": "local",
        "tier": "dev",
        "backend": "local",
    }
    assert {
        path.stat().st_mode & 0o077 for path in (folder.parent.parent, folder.parent, folder, *folder.iterdir())
    } == {0}
    assert f"{folder.name}  tier dev" in project.run("backups").printed


@pytest.mark.long
def test_the_newest_are_kept(project: ProjectCopy) -> None:
    """As many as the tier says."""
    project.run("up")
    for _ in range(5):
        project.run("backup")
    names = [folder.name for folder in backups(project)]
    assert len(names) == 3
    listed = [line.split()[0] for line in project.run("backups").printed.splitlines() if "tier dev" in line]
    assert listed == names[::-1]


@pytest.mark.long
def test_what_cannot_be_restored_is_refused_before_anything_stops(project: ProjectCopy, tmp_path: Path) -> None:
    """Damaged, cut short, no RDB at all, of a newer version, of another engine, or not there: data and server stay."""
    project.run("up")
    written(project.client(), 200)
    project.run("backup")
    folder, pid, before = backups(project)[0], project.server_pid(), content(project.client())
    good = (folder / "dump.rdb").read_bytes()

    cases = {}
    for name, data in {
        "flipped": good[:500] + bytes([good[500] ^ 0xFF]) + good[501:],
        "short": good[: len(good) // 2],
        "text": b"not a file of Redis",
        "empty": b"",
    }.items():
        file = tmp_path / f"{name}.rdb"
        file.write_bytes(data)
        cases[str(file)] = "is damaged, or no RDB file that this server can read"
    cases[str(tmp_path / "none.rdb")] = "cannot be read: No such file or directory"
    cases["20200101T000000Z"] = "there is no backup"
    # Its checksum left out, which the server's tool takes for a file that has none: the manifest knows better.
    (folder / "dump.rdb").write_bytes(good[:-8] + bytes(8))
    cases[folder.name] = "is not what was backed up: its SHA-256"
    for source, message in cases.items():
        printed = restored(project, source, code=1)
        assert "nothing was restored" in printed
        assert message in printed
        assert "Traceback" not in printed
    assert project.server_pid() == pid
    assert content(project.client()) == before


def test_a_restore_without_a_backups_name_touches_no_stack(project: ProjectCopy) -> None:
    """`make restore` alone has an empty FROM; nothing is brought up before it is refused."""
    printed = restored(project, "", code=1)
    assert "FROM names no backup: make restore FROM=<backup> STACK=local" in printed
    assert "make backups STACK=local" in printed
    assert not (project.root / ".local" / "local.env").exists()


@pytest.mark.long
def test_a_restore_needs_the_stacks_name(project: ProjectCopy) -> None:
    """Without it, and with another one, nothing is touched."""
    project.run("up")
    project.client().set("kept", "yes")
    project.run("backup")
    name = backups(project)[0].name
    assert "the name given is not local" in project.run("restore", "--from", name, code=1).printed
    assert "the name given is not local" in project.run("restore", "--from", name, "--confirm", "prod", code=1).printed
    assert project.client().get("kept") == "yes"


@pytest.mark.long
def test_a_backup_of_a_higher_tier_is_restored_with_its_code_alone(project: ProjectCopy) -> None:
    """The code is good for one restore."""
    project.run("up")
    project.run("backup")
    manifest = backups(project)[0] / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_bytes()) | {"tier": "prod", "stack": "prod"}))
    name = backups(project)[0].name
    printed = restored(project, name, code=1)
    assert f"backup {name} is of tier prod, and stack local of tier dev" in printed
    code = printed.split("CACHE_APPROVE=")[1].split()[0]
    assert "CACHE_APPROVE=" in restored(project, name, code=1, CACHE_APPROVE="0" * 10)
    restored(project, name, CACHE_APPROVE=code)
    printed = restored(project, name, code=1, CACHE_APPROVE=code)
    assert code not in printed


def test_a_drill_restores_into_a_stack_that_is_thrown_away(project: ProjectCopy) -> None:
    """It says how long each step took, judges what was not used since, and leaves the backup alone behind."""
    project.run("up")
    written(project.client(), 200)
    before = (content(project.client()), project.server_pid())
    time.sleep(1.1)
    printed = project.run("drill").printed
    found = re.search(r"of (\d+) keys (\d+) are the same, 0 were used or ended since, 0 differ", printed)
    assert found is not None, printed
    assert found[1] == found[2]
    assert int(found[1]) > 50
    assert all(re.search(rf"  {step} +\d+\.\d s", printed) for step in ("back up", "restore", "compare", "take down"))
    assert (content(project.client()), project.server_pid()) == before
    assert len(backups(project)) == 1
    # A report, and what the CLI remembers of every stack that there was.
    left = {file.relative_to(project.root / ".local").parts[0] for file in project.root.glob(".local/**/local-drill*")}
    assert left - {"inprocess"} <= {"reports", "state", "project"}
    assert not (project.root / "Pulumi.local-drill.yaml").exists()


def test_a_drill_takes_no_other_stack_down(project: ProjectCopy) -> None:
    """Somebody's own stack may have the name."""
    project.run("up")
    own = project.root / "Pulumi.local-drill.yaml"
    own.write_text("config:\n  cache:backend: local\n")
    printed = project.run("drill", code=1).printed
    assert "stack local-drill is none of a drill's, which would take it down" in printed
    assert own.read_text() == "config:\n  cache:backend: local\n"


def test_a_key_that_is_in_neither_proves_nothing() -> None:
    """A backup that has none of the keys is found out, though their lives are alike."""
    gone, there = Sampled(None, NO_KEY, None), Sampled("value", -1, 100)
    assert not drill._is_same(gone, gone)
    assert not drill._is_same(there, gone)
    assert drill._is_same(there, there)


@pytest.mark.long
def test_a_drill_that_was_killed_is_cleared_away_by_the_next(project: ProjectCopy) -> None:
    """Its stack, its server and its file."""
    project.run("up")
    written(project.client(), 50)
    other = project.root / ".local" / "servers" / "local-drill" / "server.pid"
    project.killed("drill", when=other.exists)
    project.run("drill")
    assert not (project.root / "Pulumi.local-drill.yaml").exists()
    assert not other.parent.exists()


@pytest.mark.long
@pytest.mark.soak(100)
@pytest.mark.parametrize("persistence", PERSISTENCES)
@pytest.mark.parametrize("verb", ["backup", "restore"])
def test_killed_at_any_moment_it_is_the_old_state_or_the_new(
    project: ProjectCopy, soak: Soak, persistence: str, verb: str
) -> None:
    """Never a part of one. And the same command, run again, ends well and leaves nothing behind."""
    if project.engine == "pulumi":
        pytest.skip("the same files whichever engine runs")
    chance = soak.random()
    project.configure(persistence=persistence)
    project.run("up")
    data, files = {}, {}
    for name in ("new", "old"):
        emptied(project.client())
        written(project.client(), 300, prefix=name)
        data[name] = content(project.client())
        project.run("backup")
        files[name] = project.root / f"{name}.rdb"
        shutil.copy(backups(project)[-1] / "dump.rdb", files[name])
    arguments = {
        "backup": ("backup",),
        "restore": ("restore", "--from", str(files["new"]), "--confirm", "local"),
    }[verb]
    began = time.monotonic()
    project.run(*arguments)
    lasts = time.monotonic() - began
    for _ in range(soak.cases):
        restored(project, str(files["old"]))
        assert content(project.client()) == data["old"]
        moment = time.monotonic() + chance.uniform(0, lasts)
        project.killed(*arguments, when=partial(passed, moment), may_end=True)
        project.run("up")
        found = content(project.client())
        assert found in data.values(), {name: found.items() ^ known.items() for name, known in data.items()}
        project.run(*arguments)
        assert content(project.client()) == data["new" if verb == "restore" else "old"]
        assert not list((project.root / ".local" / "backups" / "local").glob(".*"))
        left = {path.name for path in (project.server_folder / "data").rglob("*") if path.is_file()}
        assert not {"backup.rdb", "restore.rdb", "restored.manifest"} & left
