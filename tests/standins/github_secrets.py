"""A stand-in for the secrets of GitHub's environments and for Pulumi's provider of them, in this process.

The provider's half sends what the real one would (integrations/terraform-provider-github,
github/resource_github_actions_environment_secret.go, which pulumi-github is made from): it asks for the environment's
public key, seals the value with it, and puts it; another value changes in place, and a secret that somebody else set
since is set again. How it seals is its own business, so that here a seal can be opened. GitHub's half holds each
request against GitHub's own OpenAPI, and refuses what that cannot say by the table below.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft7Validator  # type: ignore[import-untyped]

from runner.inprocess.providers import Diff, Properties, Provider, ProviderError

PATHS: Final[Mapping[str, Any]] = json.loads((Path(__file__).parent / "github_schema.json").read_text())["paths"]
SECRET: Final = "github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret"
GET: Final = "actions/get-environment-secret"
PUT: Final = "actions/create-or-update-environment-secret"
DELETE: Final = "actions/delete-environment-secret"
PUBLIC_KEY: Final = "actions/get-environment-public-key"
OPERATIONS: Final = {each["operationId"]: each for path in PATHS.values() for each in path.values()}
KEY_ID: Final = "568250167242549743"
LARGEST: Final = 48 * 1024
SEAL: Final = b"sealed:"
DOCUMENTATION: Final = "GitHub documentation, Secrets reference: "

Parameters = Mapping[str, str]


@dataclass
class Repository:
    """A repository with environments, and the secrets of each by their names."""

    owner: str = "my-organization"
    name: str = "application"
    environments: dict[str, dict[str, str]] = field(default_factory=lambda: {"production": {}})
    # The operations that changed something, with the secret's name.
    requests: list[tuple[str, str]] = field(default_factory=list)
    # Of each secret, how often it was set: it stands for the time.
    updates: dict[tuple[str, str], int] = field(default_factory=dict)

    def find(self, type_: str, _: Properties) -> Provider | None:
        """Find the provider of a type, for the in-process engine."""
        return SecretResource(self) if type_ == SECRET else None

    def send(self, operation: str, parameters: Parameters, body: Mapping[str, Any] | None = None) -> Any:
        """Send a request. Raises `ProviderError`, and `AssertionError` for one that GitHub's API does not have."""
        described = OPERATIONS[operation]
        assert parameters.keys() == described["parameters"].keys()
        assert (body is None) == ("body" not in described)
        schema = {**described.get("body", {}), "additionalProperties": False}
        wrong = [] if body is None else [error.message for error in Draft7Validator(schema).iter_errors(body)]
        assert not wrong, wrong
        for refusal in REFUSALS:
            if operation in refusal.operations and refusal.refuses(self, parameters, body or {}):
                raise ProviderError(refusal.words)
        secrets = self.environments[parameters["environment_name"]]
        name = parameters.get("secret_name", "")
        place = parameters["environment_name"], name
        match operation:
            case "actions/get-environment-public-key":
                return {"key_id": KEY_ID, "key": base64.b64encode(b"k" * 32).decode()}
            case "actions/get-environment-secret":
                return {"name": name, "updated_at": str(self.updates[place])}
            case "actions/create-or-update-environment-secret" if body is not None:
                secrets[name] = _opened(body)
                self.updates[place] = self.updates.get(place, 0) + 1
            case "actions/delete-environment-secret":
                del secrets[name]
        self.requests.append((operation.rpartition("/")[2].partition("-")[0], name))
        return None


def sealed(value: str) -> str:
    """Return a value as the provider sends it."""
    return base64.b64encode(SEAL + value.encode()).decode()


def _opened(body: Mapping[str, Any]) -> str:
    return base64.b64decode(body["encrypted_value"]).removeprefix(SEAL).decode()


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """One thing that GitHub refuses beyond the types of its API, with its source.

    `parameters` and `body` are what turns a request that GitHub takes into one that it refuses.
    """

    words: str
    source: str
    refuses: Callable[[Repository, Parameters, Mapping[str, Any]], bool]
    operations: tuple[str, ...] = (PUT,)
    parameters: Parameters = field(default_factory=dict)
    body: Mapping[str, Any] = field(default_factory=dict)


def _is_elsewhere(repository: Repository, parameters: Parameters, _: Mapping[str, Any]) -> bool:
    return (parameters["owner"], parameters["repo"]) != (repository.owner, repository.name)


REFUSALS: Final = (
    Refusal(
        words="404 Not Found",
        source="GitHub REST API, Troubleshooting: 404 for what a token may not see",
        refuses=_is_elsewhere,
        operations=(PUT, GET, DELETE, PUBLIC_KEY),
        parameters={"repo": "another"},
    ),
    Refusal(
        words="404 Not Found: no such environment",
        source="GitHub REST API, Get an environment public key",
        refuses=lambda repository, parameters, _: parameters["environment_name"] not in repository.environments,
        operations=(PUT, GET, DELETE, PUBLIC_KEY),
        parameters={"environment_name": "nowhere"},
    ),
    Refusal(
        words="404 Not Found: no such secret",
        source="GitHub REST API, Get an environment secret",
        refuses=lambda repository, parameters, _: (
            parameters["secret_name"] not in repository.environments[parameters["environment_name"]]
        ),
        operations=(GET, DELETE),
        parameters={"secret_name": "NOBODYS"},
    ),
    Refusal(
        words="422 Secret names can only contain alphanumeric characters ([a-z], [A-Z], [0-9]) or underscores (_)",
        source=DOCUMENTATION + "naming",
        refuses=lambda _, parameters, __: not re.fullmatch("[A-Za-z_][A-Za-z0-9_]*", parameters["secret_name"]),
        parameters={"secret_name": "A-B"},
    ),
    Refusal(
        words="422 Secret names must not start with GITHUB_",
        source=DOCUMENTATION + "naming",
        refuses=lambda _, parameters, __: parameters["secret_name"].upper().startswith("GITHUB_"),
        parameters={"secret_name": "GITHUB_REDIS"},
    ),
    Refusal(
        words="422 the secret is larger than 48 KB",
        source=DOCUMENTATION + "limits",
        refuses=lambda _, __, body: len(_opened(body)) > LARGEST,
        body={"encrypted_value": sealed("x" * (LARGEST + 1))},
    ),
)


class SecretResource:
    """github:index/actionsEnvironmentSecret:ActionsEnvironmentSecret."""

    def __init__(self, repository: Repository) -> None:
        self.repository = repository

    def check(self, olds: Properties, news: Properties) -> tuple[Properties, list[str]]:
        """Take the inputs as they are: exactly one of the four values has to be there."""
        del olds
        values = {"value", "valueEncrypted", "plaintextValue", "encryptedValue"} & news.keys()
        return news, [] if len(values) == 1 else ["exactly one of the values has to be set"]

    def diff(self, id_: str, olds: Properties, outputs: Properties, news: Properties) -> Diff:
        """Compare the inputs, and when the secret was set last."""
        del id_
        changed = {key for key in news if olds.get(key) != news[key]}
        is_changed_by_others = outputs["updatedAt"] != outputs["remoteUpdatedAt"]
        replaces = sorted(changed & {"repository", "environment", "secretName"})
        return Diff(changes=bool(changed) or is_changed_by_others, replaces=replaces)

    def create(self, news: Properties) -> tuple[str, Properties]:
        """Seal it and put it."""
        id_ = f"{news['repository']}:{news['environment']}:{news['secretName']}"
        return id_, self.update(id_, {}, news)

    def read(self, id_: str, outputs: Properties) -> Properties | None:
        """Ask when it was set; its value nobody can ask for."""
        del id_
        place = outputs["environment"], outputs["secretName"]
        if place[1] not in self.repository.environments.get(place[0], {}):
            return None
        return {**outputs, "remoteUpdatedAt": self._send(GET, outputs)["updated_at"]}

    def update(self, id_: str, outputs: Properties, news: Properties) -> Properties:
        """Seal it and put it again."""
        del id_, outputs
        key = self.repository.send(PUBLIC_KEY, self._parameters(news))
        self._send(PUT, news, {"encrypted_value": sealed(news["value"]), "key_id": key["key_id"]})
        set_at = self._send(GET, news)["updated_at"]
        return {**news, "keyId": key["key_id"], "updatedAt": set_at, "remoteUpdatedAt": set_at}

    def delete(self, id_: str, outputs: Properties) -> None:
        """Delete it."""
        del id_
        self._send(DELETE, outputs)

    def _parameters(self, properties: Properties) -> Parameters:
        found = {"owner": self.repository.owner, "repo": properties["repository"]}
        return {**found, "environment_name": properties["environment"]}

    def _send(self, operation: str, properties: Properties, body: Mapping[str, Any] | None = None) -> Any:
        parameters = {**self._parameters(properties), "secret_name": properties["secretName"]}
        return self.repository.send(operation, parameters, body)
