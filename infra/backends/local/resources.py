"""A real server on this machine: the embedded default, for development and for trying the project out."""

import json
import os
import shlex
from pathlib import Path
from typing import Final

import pulumi

from infra.backend import Declaration
from infra.backends.local import identity
from infra.backends.local.ownership import END, default_folder, server_in
from infra.backends.local.provider import Server, ServerInputs
from infra.backends.local.server import unwritable
from infra.backends.local.settings import LocalSettings
from infra.password import Password
from infra.server_users import operator_connection
from verify.environment import CacheEnvironment
from verify.expectation import Expectation

ANY_FREE_PORT: Final = 0


def declare(settings: LocalSettings, *, stack: str) -> Declaration:
    """Declare the server of a stack."""
    password = Password("password", name_prefix=settings.name_prefix)
    operator = Password("operator", name_prefix=settings.name_prefix)
    root = Path(pulumi.runtime.get_root_directory() or ".").resolve()
    inputs = ServerInputs(
        folder=str(Path(settings.folder).expanduser()) if settings.folder else default_folder(stack),
        owner=f"{state_backend(root)}#{stack}",
        identity=_identity(root),
        requestedPort=ANY_FREE_PORT if settings.port is None else settings.port,
        maxmemory=settings.maxmemory_bytes,
        maxmemoryPolicy=settings.maxmemory_policy,
        persistence=settings.chosen_persistence,
        passwords=password.passwords.apply(lambda known: list(known.valid)),
        access=list(settings.acl),
        operatorPasswords=operator.passwords.apply(lambda known: list(known.valid)),
    )
    _warn_of_loss(inputs)
    server = Server("cache", inputs)
    connection = pulumi.Output.all(host=server.host, port=server.port, password=password.value).apply(
        lambda known: CacheEnvironment(
            host=known["host"],
            port=int(known["port"]),
            password=known["password"],
            probe_prefix=settings.probe_prefix,
        )
    )
    return Declaration(
        connection=connection,
        expectation=Expectation(
            maxmemory_bytes=settings.maxmemory_bytes,
            maxmemory_policy=settings.maxmemory_policy,
            persistence=settings.chosen_persistence,
            authentication=True,
            tls=False,
            access=settings.access,
            access_rules=settings.access_rules,
        ),
        own_variables=settings.own_variables,
        passwords=password.passwords,
        repair="to have the server back as declared, with its data: "
        f"{END} {shlex.quote(inputs['folder'])} && make up STACK={shlex.quote(stack)}",
        outputs={
            "serverFolder": inputs["folder"],
            "serverVersion": server.version,
            "operatorConnection": operator_connection(connection, operator.value),
        },
    )


def state_backend(root: Path) -> str:
    """Return where this run keeps its state: the same folder must not serve two states.

    A place inside the project is given relative to it, so that the project can be moved.
    """
    url = os.environ.get("PULUMI_BACKEND_URL") or _logged_in_backend()
    return url.replace(f"{root}/", "")


def _identity(root: Path) -> str:
    """Return the number of the project's `.local`; a preview makes none. Raises `pulumi.RunError`."""
    try:
        known = identity.find(root) if pulumi.runtime.is_dry_run() else identity.ensure(root)
    except OSError as error:
        raise pulumi.RunError(str(unwritable(root / identity.FOLDER, error))) from None
    return known.number if known else ""


def _logged_in_backend() -> str:
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    try:
        return str(json.loads((home / "credentials.json").read_text())["current"])
    except (OSError, ValueError, KeyError, TypeError):
        return "pulumi"


def _warn_of_loss(inputs: ServerInputs) -> None:
    """Warn in the plan that another port means another server: the engine's "replace" does not say what is lost."""
    here = server_in(inputs["folder"])
    record = here.owner()
    if record is None or record.owner != inputs["owner"]:
        return
    port = here.port()
    if inputs["requestedPort"] not in (ANY_FREE_PORT, port):
        pulumi.log.warn(
            f"cache:port {inputs['requestedPort']} replaces the server on port {port}: its data will be lost"
        )
