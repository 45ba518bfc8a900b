"""Encore's own command line, driven as its source says that it works (encoredev/encore, cli/cmd/encore/secrets/).

- `secret set` takes a name alone. The value comes by standard input, whose trailing line ends are cut off.
- A secret has groups: a value for some types of environments and some environments by name. `set` gives a group with
  exactly these a new version, and makes a group where there is none; where it overlaps another one it is refused.
- `secret list NAMES` prints the groups, and `secret delete ID` deletes one, after a question that --yes answers.
"""

import re
import shutil
import subprocess
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from verify import redaction

# What --type takes, and what `secret list` calls it.
KINDS: Final[Mapping[str, str]] = {"prod": "production", "dev": "development", "pr": "preview", "local": "local"}

# It gives its own requests five seconds, and as many to the start of its daemon.
SECONDS: Final = 60

# `tabwriter` puts three spaces at least between its columns.
_COLUMNS: Final = re.compile(r" {3,}")
_GROUP: Final = "secgrp"

_LOG_IN: Final = "; log in: encore auth login, or where there is no browser: encore auth login --auth-key KEY"
CURES: Final[Mapping[str, str]] = {
    "not logged in": _LOG_IN,
    "refresh token": _LOG_IN,
    "conflicts with other secret values": "; delete the other group (encore secret delete ID), or set "
    "cache:encoreTypes and cache:encoreEnvironments to what no other group is for",
    "not found": "; set cache:encoreEnvironments to environments of this application",
}


class EncoreError(Exception):
    """Encore cannot do it; the message is one line, with the cure where one is known."""


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The environments that a group is for."""

    types: Sequence[str]
    environments: Sequence[str]

    @property
    def options(self) -> list[str]:
        """Return them as `secret set` takes them."""
        return [
            *([f"--type={','.join(self.types)}"] if self.types else []),
            *([f"--env={','.join(self.environments)}"] if self.environments else []),
        ]

    @property
    def listed(self) -> frozenset[str]:
        """Return them as `secret list` prints them."""
        return frozenset(
            [*(f"type:{KINDS[type_]}" for type_ in self.types), *(f"env:{name}" for name in self.environments)]
        )


def obstacle(folder: Path) -> str | None:
    """Explain why Encore cannot work in the folder, if so, as far as it is known without asking it."""
    if shutil.which("encore") is None:
        return "needs Encore's command line, and there is no `encore` on PATH; install it (encore.dev/docs/install)"
    if not folder.is_dir():
        return "is no folder; put the application back, or set cache:encoreApp to where it is"
    # It looks for the file in the folders above as well (cli/cmd/encore/cmdutil/cmdutil.go, FindAppRootFromDir).
    if not any((place / "encore.app").is_file() for place in (folder, *folder.parents)):
        return "is no Encore application, since it has no encore.app; set cache:encoreApp to the folder that has it"
    return None


def set_secret(folder: Path, name: str, value: str, selection: Selection) -> None:
    """Return a secret its value in these environments. Raises `EncoreError`."""
    arguments = ("secret", "set", *selection.options, name)
    try:
        _run(folder, arguments, value)
    except EncoreError as error:
        # After it made a group it starts its daemon, and fails where that takes too long, although the group is there.
        # The second time it gives the group a new version, and needs no daemon.
        if "daemon" not in str(error):
            raise
        _run(folder, arguments, value)


def delete_secrets(folder: Path, names: Collection[str], selection: Selection) -> None:
    """Delete the groups of these environments; nothing happens where there are none. Raises `EncoreError`."""
    for group, name, listed in _groups(_run(folder, ("secret", "list", *sorted(names)))):
        if name in names and listed == selection.listed:
            _run(folder, ("secret", "delete", "--yes", group))


def _groups(printed: str) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Read the groups off a list: id, name, environments."""
    for line in printed.splitlines():
        match _COLUMNS.split(line.strip()):
            # What is destroyed is listed as well, and cannot be deleted.
            case [group, name, environments, *state] if group.startswith(_GROUP) and state != ["(destroyed)"]:
                yield group, name, frozenset(environments.split(", "))


def _run(folder: Path, arguments: Sequence[str], value: str = "") -> str:
    if (problem := obstacle(folder)) is not None:
        raise EncoreError(f"{folder} {problem}")
    command = f"encore {' '.join(arguments)}"
    try:
        done = subprocess.run(
            ["encore", *arguments],
            cwd=folder,
            input=value,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise EncoreError(f"{command}, in {folder}, did not end within {SECONDS} s; try it by hand") from None
    if done.returncode:
        raise EncoreError(f"{command}, in {folder}, failed: {_explained(done.stderr, value)}")
    return done.stdout


def _explained(printed: str, value: str) -> str:
    """Return the error's words in one line, without the value, and with the cure."""
    message = redaction.fit(" ".join(printed.split()), [value])
    message = message.removeprefix("error: ") or "it said nothing"
    return message + next((cure for sign, cure in CURES.items() if sign in message), "")
