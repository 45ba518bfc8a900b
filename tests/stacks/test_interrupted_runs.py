"""A run that is cut off takes the command of `cache:afterDelivery` with it, so that no second one runs beside it."""

import signal

import pytest

from benchmarks.servers import until
from tests.processes import living
from tests.stacks.project import ProjectCopy

# One line for each time that it ran: its process group.
COMMAND = "echo $$ >> commands; sleep 60 & wait"


def commands(project: ProjectCopy) -> list[int]:
    """Return the process groups of all commands that were begun."""
    try:
        return [int(line) for line in (project.root / "commands").read_text().split()]
    except FileNotFoundError:
        return []


def runs(group: int) -> bool:
    """Return whether anything of a process group runs."""
    return any(process.group == group for process in living())


@pytest.mark.long
def test_an_interrupted_run_ends_its_command(project: ProjectCopy) -> None:
    """In one line, as soon as its engine ends; the next run goes on, and runs the command."""
    project.configure(afterDelivery=COMMAND)
    # Pulumi waits at the first for what is under way, says so, and ends at the second.
    by = (signal.SIGINT,) * (1 if project.engine == "inprocess" else 2)
    done = project.killed("up", when=lambda: bool(commands(project)), by=by)
    assert done.code == 130
    assert "interrupted; run the same command again, and it goes on from what is there" in done.printed
    assert "Traceback" not in done.printed
    (group,) = commands(project)
    until(lambda: not runs(group))
    project.configure(afterDelivery="echo again > again")
    project.run("up")
    assert (project.root / "again").exists()
    assert len(project.servers()) == 1


@pytest.mark.long
def test_a_killed_run_leaves_no_command_beside_the_next(project: ProjectCopy) -> None:
    """In-process it ends with the run; what Pulumi leaves running when it is killed, the next run ends first."""
    project.configure(afterDelivery=COMMAND)
    project.killed("up", when=lambda: bool(commands(project)))
    (group,) = commands(project)
    if project.engine == "inprocess":
        until(lambda: not runs(group))
    project.configure()
    project.run("up")
    until(lambda: not runs(group))
