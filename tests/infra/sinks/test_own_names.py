"""The application's own names in every store: delivered, rotated, emptied, and never readable elsewhere."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from infra.sinks import files
from infra.sinks.dotenv import DotenvProvider
from infra.sinks.encore import EncoreProvider
from tests.infra.sinks import fed
from tests.infra.sinks.fed import PASSWORD, VALUES, aws_stack, gcp_stack
from tests.stacks.inprocess import StackInProcess, written
from tests.standins import aws
from tests.standins.encore import Platform
from tests.standins.gcp_secret_manager import SecretManager

pytestmark = pytest.mark.stack

NAME = "hospitality-redis-prod"


def named(password: str) -> dict[str, str]:
    """Return what is delivered with `cache:url` and names of two more forms."""
    return {
        **VALUES,
        "REDIS_PASSWORD": password,
        "REDIS_URL": f"rediss://:{password}@cache.example.com:6379",
        "Redis__Password": password,
        "REDIS_DB": "0",
    }


FIRST, SECOND = named("first-password"), named("second-password")


def secrets_manager(account: aws.Account) -> Mapping[str, str]:
    """Read the secret, if it is there."""
    found: Mapping[str, str] = json.loads(account.secrets.get_secret_value(SecretId=NAME)["SecretString"])
    return found


def parameters(account: aws.Account) -> Mapping[str, str]:
    """Read the path."""
    path = f"/{NAME}"
    found = account.parameters.get_parameters_by_path(Path=path, Recursive=True, WithDecryption=True)["Parameters"]
    return {each["Name"].removeprefix(f"{path}/"): each["Value"] for each in found}


@pytest.mark.long
@pytest.mark.parametrize(
    ("sink", "read", "emptied"),
    [
        ("aws-secrets-manager", secrets_manager, dict.fromkeys(FIRST, "")),
        # A parameter cannot be empty.
        ("aws-ssm", parameters, {}),
    ],
)
def test_aws_stores_follow(
    account: aws.Account,
    tmp_path: Path,
    sink: str,
    read: Callable[[aws.Account], Mapping[str, str]],
    emptied: Mapping[str, str],
) -> None:
    """Through a rotation and a rollback."""
    made = aws_stack(tmp_path, account, values=FIRST, sinks=sink)
    follows(made, lambda: read(account), emptied)


def test_googles_store_follows(tmp_path: Path) -> None:
    """The same, with a secret for each name."""
    cloud = SecretManager()
    made = gcp_stack(tmp_path, cloud, values=FIRST, sinks="gcp-secret-manager")
    follows(made, lambda: {name: cloud.latest(f"{NAME}-{name}") for name in FIRST}, dict.fromkeys(FIRST, "\n"))


def follows(made: StackInProcess, read: Callable[[], Mapping[str, str]], emptied: Mapping[str, str]) -> None:
    """Hold a stack through all of it; nothing that is printed or kept in the open has a password."""
    printed = made.up()
    assert read() == FIRST
    made.configure(**fed.fed(SECOND))
    printed += made.preview() + made.up()
    assert read() == SECOND
    made.configure(attached="false", **fed.fed(dict.fromkeys(FIRST, "")))
    printed += made.up()
    assert read() == emptied
    made.configure(attached="true", **fed.fed(SECOND))
    printed += made.up()
    assert read() == SECOND
    everything = printed + "".join(written(resource) for resource in made.resources)
    assert [word for word in ("first-password", "second-password") if word in everything] == []
    # A name that is asked for no more is gone.
    made.configure(**fed.fed({name: value for name, value in SECOND.items() if name != "Redis__Password"}))
    made.up()
    assert "Redis__Password" not in "".join(written(resource) for resource in made.resources)


def test_an_environment_file_follows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever characters the password has; what is asked for no more is taken out."""
    monkeypatch.setattr(files, "PROJECT", tmp_path)
    news: dict[str, Any] = {"file": "app.env", "values": named("it-is-secret")}
    outputs = DotenvProvider().create(news).outs or {}
    text = (tmp_path / "app.env").read_text()
    assert all(f"{name}=" in text for name in FIRST)
    emptied = {"file": "app.env", "values": dict.fromkeys(FIRST, "")}
    outputs = DotenvProvider().update("id", outputs, emptied).outs or {}
    assert {line.partition("=")[2] for line in (tmp_path / "app.env").read_text().splitlines()} == {""}
    outputs = (
        DotenvProvider().update("id", outputs, {"file": "app.env", "values": VALUES | {"REDIS_PASSWORD": "x"}}).outs
        or {}
    )
    assert "Redis__" not in (tmp_path / "app.env").read_text()
    DotenvProvider().delete("id", outputs)
    assert not (tmp_path / "app.env").exists()


def test_encores_secrets_follow(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each name is a secret, and no value is an argument."""
    platform = Platform(tmp_path / "platform")
    platform.install()
    for name, value in platform.variables.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "encore.app").write_text('{"id": "hospitality"}')
    monkeypatch.setattr(files, "PROJECT", tmp_path)
    news: dict[str, Any] = {"app": ".", "types": ["prod"], "environments": [], "values": FIRST}
    outputs = EncoreProvider().create(news).outs or {}
    assert platform.values("type:production") == FIRST
    outputs = EncoreProvider().update("id", outputs, {**news, "values": dict.fromkeys(FIRST, "")}).outs or {}
    assert platform.values("type:production") == dict.fromkeys(FIRST, "")
    EncoreProvider().update("id", outputs, {**news, "values": VALUES})
    assert platform.values("type:production") == VALUES
    assert "first-password" not in json.dumps(platform.calls)
    assert PASSWORD not in json.dumps(platform.calls)
