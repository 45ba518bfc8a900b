"""The preconditions of a change to a prod stack.

In the program, and not in the commands around it: a plain `pulumi up` passes any precondition that is not here.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pulumi

from infra import backend
from infra.settings import Settings
from runner import names, stack_file
from runner.stack_file import StackFileError

# The stack's name, given on purpose; `make up CONFIRM=prod` sets it.
CONFIRMATION: Final = "CACHE_CONFIRM"


class UnmetPrecondition(Exception):
    """A precondition is not met. The message has the command that meets it."""


def require(settings: Settings, *, stack: str) -> None:
    """Check every precondition of this run's stack. Raises `UnmetPrecondition`."""
    # Pulumi itself takes the name `..`, and would have us keep a server in `.local/servers/..`.
    if (problem := names.problem(stack)) is not None:
        raise UnmetPrecondition(f"the stack's name {stack!a} {problem}: take another, pulumi stack init <name>")
    key = backend.get(settings.backend).example_key
    # One without a key harms nobody else: it ends with the machine that it runs on.
    if settings.tier != "prod" or key is None:
        return
    file = Path(pulumi.runtime.get_root_directory() or ".") / f"Pulumi.{stack}.yaml"
    require_key(file, stack=stack, key=key)
    if not pulumi.runtime.is_dry_run():
        require_confirmation(os.environ, stack=stack)


def require_confirmation(environment: Mapping[str, str], *, stack: str) -> None:
    """Require the stack's name as a confirmation, outside pipelines. Raises `UnmetPrecondition`.

    `CI` is what GitHub, GitLab, CircleCI, Buildkite and the rest set for every job of theirs.
    """
    if environment.get("CI", "").lower() not in {"", "0", "false"} or environment.get(CONFIRMATION) == stack:
        return
    raise UnmetPrecondition(
        f"stack {stack} is of tier prod and needs a confirmation outside CI; nothing was changed. To confirm:\n"
        f"      make up STACK={stack} CONFIRM={stack}\n"
        f"  or, without make: {CONFIRMATION}={stack} pulumi up --stack {stack}"
    )


def require_key(file: Path, *, stack: str, key: str) -> None:
    """Refuse a stack whose secrets are encrypted with a passphrase; `key` is an example. Raises `UnmetPrecondition`.

    The stack's file tells: Pulumi writes `encryptionsalt` into it for a passphrase, `secretsprovider` and
    `encryptedkey` for a key in a cloud, and nothing where Pulumi Cloud keeps the key (pulumi/pulumi,
    sdk/go/common/workspace/project.go, ProjectStack). It does so before the program starts: a line that was taken out
    by hand is back by then (seen with 3.260). `PULUMI_CONFIG_PASSPHRASE` tells nothing, since it may be meant for
    another stack.
    """
    if not file.is_file():
        # Of a stack that Pulumi's own --config-file or stackConfigDir keeps elsewhere.
        return
    try:
        known = stack_file.read(file)
    except StackFileError as error:
        raise UnmetPrecondition(f"the secrets provider of stack {stack} is unknown: {error}") from None
    # Every other provider is named by an address, like awskms://.
    if "encryptionsalt" not in known or "://" in str(known.get("secretsprovider", "")):
        return
    raise UnmetPrecondition(
        f"the secrets of stack {stack} are encrypted with a passphrase; tier prod requires a key in a cloud "
        "(docs/state.md):\n"
        f'      pulumi stack change-secrets-provider --stack {stack} "{key}"'
    )
