"""An environment file beside the application, among whose lines ours stand.

What may be read from it is said in infra/sinks/environment_file.py. The engine keeps a reference to the provider's
class by module and name, so a move needs an alias in every stack's state (a test pins it).
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    UpdateResult,
)

from infra.connection import GUIDES_VARIABLES
from infra.dynamic import Provider
from infra.governance import Governance
from infra.outputs import Output
from infra.sinks import Delivered, Delivery, environment_file, files
from infra.sinks.environment_file import AmbiguousLine, Unquotable
from infra.sinks.files import OTHERS, OWNER_ALONE, FileError, GitError

# Only to be typed with: the host of our providers loads this module, and has no use for the settings.
if TYPE_CHECKING:
    from infra.settings import Settings

OUTPUTS: Final[Sequence[Output]] = (Output("dotenvFile", "the file with the variables"),)

# It declares nothing in a cloud.
GOVERNANCE: Final = Governance()


def declare(delivery: Delivery, settings: Settings, *, stack: str) -> Delivered:
    """Declare the variables in the stack's file."""
    name = settings.dotenv_file or f".local/{stack}.env"
    if files.obstacle(name) is None and _is_open_to_git(name):
        pulumi.log.warn(
            f"{name} is not ignored by git, and one `git add --all` would commit the password: name it in .gitignore"
        )
    return Delivered(resources=[Dotenv("dotenv", file=name, values=delivery.values)], outputs={"dotenvFile": name})


class DotenvProvider(Provider):
    """Puts variables into a file that may have others, and takes them out again."""

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what cannot work, before anything is touched and in a preview already."""
        name = news["file"]
        names = {*(_known(olds) or ()), *(_known(news) or GUIDES_VARIABLES)}
        failures = []
        if (obstacle := _obstacle(name, names)) is not None:
            failures.append(CheckFailure("file", f"{name} {obstacle}; set cache:dotenvFile to another"))
        elif (risk := _risk_of_a_commit(name)) is not None:
            failures.append(CheckFailure("file", f"{risk}, or set cache:dotenvFile to another"))
        for variable, value in (_known(news) or {}).items():
            try:
                environment_file.assignment(variable, value)
            except Unquotable:
                failures.append(
                    CheckFailure(
                        "values",
                        f"{variable} has characters that docker compose, python-dotenv and a shell cannot all read the "
                        "same (of ', $, ` and \\ more than one, a carriage return, or one of them at its end): change "
                        "it where it comes from, or choose another of cache:sinks",
                    )
                )
        return CheckResult(news, failures)

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Change in place, and mend what somebody else changed; another file is another resource."""
        replaces = ["file"] if olds["file"] != news["file"] else []
        changed = _known(olds) != _known(news) or not olds["intact"]
        # The old one first: two names may lead to one file.
        return DiffResult(changes=bool(replaces) or changed, replaces=replaces, delete_before_replace=True)

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Put the variables into the file; those of the same names that it has already are replaced in their place."""
        text = files.read(files.find(props["file"]))
        # With our variables alone it is what a cut-off creation left.
        made = text is None or (text != "" and not environment_file.without(text, props["values"]))
        mode = files.mode_of(files.find(props["file"]))
        return CreateResult(props["file"], _written(props, {}, made=made, mode=None if mode is None else f"{mode:o}"))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """See whether the file still has what was put into it, and is still closed to others."""
        file = files.find(props["file"])
        # What cannot be read is said by the check, which comes later and prints cleanly.
        text = None if _obstacle(props["file"], props["values"]) else files.read(file)
        intact = (
            text is not None
            and environment_file.holds(text, props["values"])
            and files.mode_of(file) == _closed(files.mode_of(file))
        )
        return ReadResult(id_, {**props, "intact": intact})

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Put the new values in the place of the old ones."""
        made = olds["made"] or files.read(files.find(news["file"])) is None
        return UpdateResult(_written(news, olds["values"], made=made, mode=olds.get("mode")))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Take the variables out, and the file away if it was made for them; nothing happens where they are gone.

        A file that was there before has its permissions of then. Raises `FileError` where it cannot be used.
        """
        file = files.find(props["file"])
        if (problem := _obstacle(props["file"], props["values"])) is not None:
            raise FileError(f"{props['file']} {problem}; mend it, or remove it")
        text = files.read(file)
        if text is None:
            return
        others = environment_file.without(text, props["values"])
        if props["made"] and not others.strip():
            files.remove(file)
        elif others != text:
            before = int(props.get("mode") or f"{OWNER_ALONE:o}", 8)
            closed = _closed(files.mode_of(file))
            # Somebody else may have changed them since.
            files.write(file, others, mode=before if closed == _closed(before) else closed)


class Dotenv(Resource, module="sinks", name="Dotenv"):
    """Variables in an environment file.

    `made` says whether the file is there for them alone, and `mode` what its permissions were before, in octal.
    """

    def __init__(
        self,
        name: str,
        *,
        file: str,
        values: pulumi.Output[Mapping[str, str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare them."""
        super().__init__(
            DotenvProvider(),
            name,
            {"file": file, "values": values, "made": None, "mode": None, "intact": None},
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["values"])),
        )


def _closed(mode: int | None) -> int:
    """Return the permissions of a file with a password: its owner's alone, or its group's too where others have none.

    A group that may read it was chosen by somebody who kept the others out, for the application's own user.
    """
    return OWNER_ALONE if mode is None or mode & OTHERS else mode


def _obstacle(name: str, names: Collection[str]) -> str | None:
    """Return why the file cannot have the variables of these names; None where it can."""
    if (obstacle := files.obstacle(name)) is not None:
        return obstacle
    file = files.find(name)
    mode = files.mode_of(file)
    if mode is None:
        return None
    if mode != _closed(mode) and os.geteuid() not in {0, file.stat().st_uid}:
        return f"can be read by every user, and only its owner can change that (chmod o= {file})"
    try:
        environment_file.without(files.read(file) or "", names)
    except AmbiguousLine as error:
        return f"cannot be changed: {error}"
    return None


def _is_open_to_git(name: str) -> bool:
    """Whether one `git add --all` would take the file; where git does not say, the check refuses it."""
    try:
        return files.is_open_to_git(files.find(name))
    except GitError:
        return False


def _risk_of_a_commit(name: str) -> str | None:
    """Return why git may commit what the file has, with the cure; None where git does not track it."""
    try:
        if files.is_tracked_by_git(files.find(name)):
            return (
                f"{name} is tracked by git, and the password would be committed; take it out with "
                f"git rm --cached {name} and ignore it"
            )
    except GitError as error:
        return (
            f"git does not say whether it tracks {name}, and if it does, the password would be committed ({error}); "
            "mend that"
        )
    return None


def _known(props: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return the values; None in a preview that cannot know them."""
    values = props.get("values")
    known = isinstance(values, dict) and all(isinstance(value, str) for value in values.values())
    return values if known else None


def _written(props: Mapping[str, Any], before: Mapping[str, str], *, made: bool, mode: str | None) -> dict[str, Any]:
    """Write the values in the place of those before, and return what the state keeps."""
    file, values = files.find(props["file"]), props["values"]
    dropped = [name for name in before if name not in values]
    text = environment_file.without(files.read(file) or "", dropped)
    files.write(file, environment_file.merged(text, _in_order(values)), mode=_closed(files.mode_of(file)))
    return {"file": props["file"], "values": values, "made": made, "mode": mode, "intact": True}


def _in_order(values: Mapping[str, str]) -> Mapping[str, str]:
    """Return the values in the guide's order, ours behind; the engines hand them over in one that is never the same."""
    ours = sorted(values.keys() - set(GUIDES_VARIABLES))
    return {name: values[name] for name in (*GUIDES_VARIABLES, *ours) if name in values}
