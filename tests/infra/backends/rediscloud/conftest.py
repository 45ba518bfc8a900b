"""An account at Redis Cloud, with its keys in the environment, in a time that passes only where somebody sleeps."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.backends.rediscloud import api, operation
from tests.clock import Clock
from tests.standins import rediscloud
from tests.standins.rediscloud import Cloud


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The one clock of the client and of the account."""
    clock = Clock()
    for module in (api, operation, rediscloud):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with nothing in it."""
    with rediscloud.account(tmp_path, task_seconds=0, provisioning_seconds=0) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made
