"""The Pulumi project on disk, and where this machine keeps what belongs to it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from runner import names, stack_file
from runner.project_error import ProjectError

__all__ = ["LOCAL_STACK", "Project", "ProjectError"]

# The one stack whose state is kept inside the project; every other is the user's own login's.
LOCAL_STACK: Final = "local"


@dataclass(frozen=True)
class Project:
    """A folder with a Pulumi.yaml."""

    root: Path

    @cached_property
    def declaration(self) -> Mapping[str, Any]:
        """Return Pulumi.yaml. Raises `ProjectError`."""
        return self.content(self.root / "Pulumi.yaml")

    @property
    def name(self) -> str:
        """Return the project's name. Raises `ProjectError`."""
        if "name" not in self.declaration:
            raise ProjectError("Pulumi.yaml has no name; it is: name: cache")
        name = str(self.declaration["name"])
        if (problem := names.problem(name)) is not None:
            raise ProjectError(f"Pulumi.yaml: the project's name {name[: names.LONGEST]!a} {problem}")
        return name

    @property
    def local(self) -> Path:
        """Return the folder, ignored by git, of all that a run leaves on this machine."""
        return self.root / ".local"

    def inprocess_state(self, stack: str) -> Path:
        """Return the file where the in-process engine keeps the state of a stack that is up."""
        return self.local / "inprocess" / f"{stack}.json"

    def cli_state(self, stack: str) -> Path:
        """Return the file where the CLI keeps the state of the local stack (Pulumi's file backend)."""
        return self.local / "state" / ".pulumi" / "stacks" / self.name / f"{stack}.json"

    def cli_state_has_resources(self, stack: str) -> bool:
        """Whether the CLI's state of a stack, kept in the project, has resources in it."""
        try:
            return bool(json.loads(self.cli_state(stack).read_bytes())["checkpoint"]["latest"].get("resources"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return False

    def stack_file(self, stack: str) -> Path:
        """Return the file of a stack's configuration."""
        return self.root / f"Pulumi.{stack}.yaml"

    def stacks(self) -> list[str]:
        """Name the stacks that have a file."""
        return names.stacks(self.root)

    def require_stack(self, stack: str) -> None:
        """Raise `ProjectError` where there is no such stack, or its file or the project's is not in order."""
        if (problem := names.stack_problem(self.root, stack)) is not None:
            raise ProjectError(problem)
        _ = self.name, self.settings(stack)

    def settings(self, stack: str) -> dict[str, Any]:
        """Return what a stack's file has under `config`: full keys, every scalar a text. Raises `ProjectError`."""
        return stack_file.settings(self.stack_file(stack), project=self.name)

    def set_value(self, stack: str, key: str, value: str) -> bool:
        """Set a full key in a stack's file, and return whether it had to be changed. Raises `ProjectError`."""
        return stack_file.set_value(self.stack_file(stack), key, value, project=self.name)

    def remove(self, stack: str, key: str) -> bool:
        """Take a full key out of a stack's file, and return whether it was there. Raises `ProjectError`."""
        return stack_file.remove(self.stack_file(stack), key, project=self.name)

    def configuration(self, stack: str) -> dict[str, str]:
        """Return a stack's configuration as Pulumi hands it to a program: full keys, texts, defaults filled in.

        Raises `ProjectError`, for an encrypted value as well: only the Pulumi CLI has the key.
        """
        settings = self.settings(stack)
        secure = [key for key, value in settings.items() if isinstance(value, dict) and "secure" in value]
        if secure:
            raise ProjectError(
                f"{', '.join(secure)} in Pulumi.{stack}.yaml is encrypted, and only the Pulumi CLI can decrypt it; "
                f"to install it: make pulumi"
            )
        defaults = {
            stack_file.full_key(key, self.name): entry["default"]
            for key, entry in (self.declaration.get("config") or {}).items()
            if isinstance(entry, dict) and entry.get("default") is not None
        }
        values = defaults | settings
        return {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}

    @staticmethod
    def content(file: Path) -> dict[str, Any]:
        """Return what a YAML file of Pulumi's has. Raises `ProjectError`."""
        return stack_file.read(file)
