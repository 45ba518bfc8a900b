"""A run killed at any moment and run again converges, with nothing leaked and nothing twice."""

import random
import time
from collections.abc import Callable

import pytest

from tests.stacks.project import ProjectCopy

KILLS = 8


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_killed_at_random_moments(project: ProjectCopy) -> None:
    """Up, changes in place, replacements and downs, each cut off somewhere, each followed by one that is not."""
    moments = random.Random(20261123)  # noqa: S311 - it picks moments, and the same ones every time
    # The longest a run of each engine takes here, in seconds.
    longest = 1.5 if project.engine == "inprocess" else 4.0
    for number in range(KILLS):
        project.configure(memoryMb=moments.choice([128, 256, 512]), port=0)
        verb = "down" if number % 3 == 2 else "up"
        project.killed(verb, when=passed(moments.uniform(0.2, longest)), may_end=True)
        project.run("up")
        assert len(project.servers()) == 1, "a server was started twice, or lost"
        assert project.client().ping()
        assert project.outputs()["verification"]["verdict"] == "passed"
    project.run("down")
    assert project.servers() == []
    assert project.hosts() == []
    assert not project.server_folder.exists()


def passed(seconds: float) -> Callable[[], bool]:
    """Return a condition that holds so many seconds from now."""
    moment = time.monotonic() + seconds
    return lambda: time.monotonic() > moment
