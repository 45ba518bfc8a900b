"""What a stack's outputs are. Each backend and each sink names its own beside what it declares."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Output:
    """One output of a stack, for docs/outputs.md."""

    name: str
    meaning: str
    secret: bool = False


OF_EVERY_STACK: Final = (
    Output("backend", "the backend, as `cache:backend` names it"),
    Output("tier", "the tier: `dev`, `staging` or `prod`"),
    Output("connection", "the variables that the application reads, by name ([verifier.md](verifier.md))", secret=True),
    Output(
        "redisUrl",
        "the connection as a URL, user and password percent-encoded; `rediss://` with TLS, empty after a rollback",
        secret=True,
    ),
    Output("monthlyCostUsd", "the list price of a month in USD, replicas counted; `unknown` where there is no price"),
    Output("verification", "the verdict, the server's version and each check's result"),
    Output("verifiedFrom", "the verifier: where the checks ran"),
    Output("expectation", "the settings that the checks compare the server with"),
    Output("repair", "the command that puts back a server that differs from its declaration"),
    Output("sinks", "the sinks that have the connection"),
    Output(
        "rotation",
        "`closed`, or `started` or `undone` while two passwords are valid ([rotation.md](rotation.md)); absent where "
        "the vendor makes the password",
    ),
    Output("application", "the verdict of the checks of the application, where `cache:applicationUrl` is set"),
)
