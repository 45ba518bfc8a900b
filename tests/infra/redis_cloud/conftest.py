"""An account at Redis Cloud, with its keys in the environment and nothing to wait for."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.redis_cloud import api
from tests.standins import rediscloud
from tests.standins.rediscloud import Cloud


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Cloud]:
    """An account with nothing in it."""
    monkeypatch.setattr(api, "FIRST_PAUSE_SECONDS", 0.01)
    with rediscloud.account(tmp_path, task_seconds=0, provisioning_seconds=0) as made:
        for name, value in made.environment.items():
            monkeypatch.setenv(name, value)
        yield made
