"""A stand-in for Encore's command line and the platform behind it: run as a program, it is `encore`.

What it does is read from encoredev/encore, of 2026-08-21:

- `secret set` takes one argument; reads the value from standard input and cuts trailing line ends off; then finds the
  application, the login, the environments, and the group to give a version (cli/cmd/encore/secrets/set.go).
- `secret list KEYS` prints a table with three spaces between its columns (list.go; Go's text/tabwriter).
- `secret delete ID` asks, and is aborted with success where nobody answers; --yes answers (delete.go).
- There is no `secret unset`: of a group of commands, Cobra prints the help, with success.
- An application is the folder with encore.app or one below it (cmdutil/cmdutil.go); errors go to standard error, after
  "error: ", and end with 1.
- After it made a group, and not after a version, it connects to its daemon, and fails with it (set.go, daemon.go).

The platform's answers are our own: what it takes for a conflict, and that a deleted group is gone.
"""

import argparse
import json
import os
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NoReturn

KINDS: Final = {
    **{name: name for name in ("development", "production", "preview", "local")},
    "dev": "development",
    "prod": "production",
    "pr": "preview",
    "ephemeral": "preview",
}


@dataclass(frozen=True)
class Platform:
    """The platform as a test sees it; all of it is in one folder."""

    folder: Path

    def install(self, *environments: str) -> None:
        """Lay out the platform, with a login and these environments, and the program in `bin`."""
        self.bin.mkdir(parents=True)
        program = self.bin / "encore"
        # Isolated and without packages, which starts in half the time.
        command = shlex.join([sys.executable, "-IS", str(Path(__file__).resolve())])
        program.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        program.chmod(0o755)
        self.calls_file.touch()
        self.save({"environments": list(environments), "groups": [], "next": 1, "daemon": True})
        self.log_in()

    @property
    def bin(self) -> Path:
        """The folder for the PATH."""
        return self.folder / "bin"

    @property
    def variables(self) -> dict[str, str]:
        """What the program has in its environment."""
        return {"ENCORE_CONFIG_DIR": str(self.folder), "PATH": f"{self.bin}{os.pathsep}{os.environ['PATH']}"}

    @property
    def calls_file(self) -> Path:
        """Every call's arguments, a line each."""
        return self.folder / "calls.jsonl"

    @property
    def calls(self) -> list[list[str]]:
        """The arguments of every call so far, but for one that is just being written."""
        lines = self.calls_file.read_text().rpartition("\n")[0].splitlines()
        return [json.loads(line) for line in lines]

    def forget_calls(self) -> None:
        """Count from here."""
        self.calls_file.write_text("")

    def log_in(self) -> None:
        """Have it logged in."""
        (self.folder / ".auth_token").write_text("{}")

    def log_out(self) -> None:
        """Have it logged out."""
        (self.folder / ".auth_token").unlink()

    @property
    def logged_in(self) -> bool:
        """Whether it is."""
        return (self.folder / ".auth_token").exists()

    def load(self) -> dict[str, Any]:
        """Everything that the platform knows."""
        known: dict[str, Any] = json.loads((self.folder / "platform.json").read_text())
        return known

    def save(self, known: Mapping[str, Any]) -> None:
        """Keep it, whole: a platform knows nothing of a program that is killed."""
        draft = self.folder / f"platform.json.{os.getpid()}"
        draft.write_text(json.dumps(known))
        draft.replace(self.folder / "platform.json")

    def change(self, **values: Any) -> None:
        """Change something that the platform knows."""
        self.save({**self.load(), **values})

    def values(self, selector: str) -> dict[str, str]:
        """What an application reads where a selector ("type:production", "env:staging") holds."""
        return {each["key"]: each["versions"][-1] for each in self.load()["groups"] if selector in each["selectors"]}

    def versions(self, key: str) -> int:
        """How many versions a secret has had in its groups."""
        return sum(len(each["versions"]) for each in self.load()["groups"] if each["key"] == key)


def main(arguments: Sequence[str]) -> None:
    """Be `encore`."""
    platform = Platform(Path(os.environ["ENCORE_CONFIG_DIR"]))
    with platform.calls_file.open("a") as calls:
        calls.write(json.dumps(list(arguments)) + "\n")
    match arguments:
        case ["secret" | "secrets", "set", *rest]:
            set_secret(platform, rest)
        case ["secret" | "secrets", "list", *keys] if keys:
            list_groups(platform, keys)
        case ["secret" | "secrets", "delete", *rest]:
            delete_group(platform, rest)
        case ["secret" | "secrets", *_]:
            print("Secret management commands\n\nUsage:\n  encore secret [command]")
        case _:
            fail(f"the stand-in has no encore {' '.join(arguments)}")


def set_secret(platform: Platform, arguments: Sequence[str]) -> None:
    """Be `encore secret set`."""
    options, names = parsed(arguments, "--type", "--env")
    exactly_one(names)
    value = sys.stdin.buffer.read().decode().rstrip("\r\n")
    require_application()
    require_login(platform, "unable to list environments: GET /apps/hospitality/envs")
    known = platform.load()
    for kind in options.type:
        if kind not in KINDS:
            fail(f'invalid environment type "{kind}"')
    for environment in options.env:
        if environment not in known["environments"]:
            fail(f'environment "{environment}" not found')
    selectors = sorted({*(f"type:{KINDS[kind]}" for kind in options.type), *(f"env:{name}" for name in options.env)})
    if not selectors:
        fail("must specify at least one environment with --type/--env (or --dev/--prod)")
    (key,) = names
    groups = [group for group in known["groups"] if group["key"] == key]
    if matching := [group for group in groups if group["selectors"] == selectors]:
        matching[0]["versions"].append(value)
        platform.save(known)
        print(f"Successfully updated secret value for {key}.")
        return
    overlaps = [(group["id"], shared) for group in groups if (shared := set(group["selectors"]) & set(selectors))]
    if overlaps:
        lines = "".join(f"\t{id_} {', '.join(sorted(shared))}\n" for id_, shared in overlaps)
        fail(f"the environment selection conflicts with other secret values:\n{lines}")
    group = {"id": f"secgrp_{known['next']}", "key": key, "selectors": selectors, "versions": [value]}
    platform.save({**known, "groups": [*known["groups"], group], "next": known["next"] + 1})
    if not known["daemon"]:
        fail("starting daemon:  context deadline exceeded")
    print(f"Successfully created secret value for {key}.")


def list_groups(platform: Platform, keys: Sequence[str]) -> None:
    """Be `encore secret list`."""
    require_application()
    require_login(platform, "POST /graphql")
    found = [group for group in platform.load()["groups"] if group["key"] in keys]
    rows = [["ID", "Secret Key", "Environment(s)"]] + [
        [group["id"], group["key"], ", ".join(group["selectors"])]
        for group in sorted(found, key=lambda group: (group["key"], group["id"]))
    ]
    widths = [max(len(row[column]) for row in rows) + 3 for column in range(3)]
    for row in rows:
        print("".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)))


def delete_group(platform: Platform, arguments: Sequence[str]) -> None:
    """Be `encore secret delete`."""
    yes = "--yes" in arguments or "-y" in arguments
    _, ids = parsed([argument for argument in arguments if argument not in ("--yes", "-y")])
    exactly_one(ids)
    if not yes:
        print(f'Are you sure you want to delete secret "{ids[0]}"? [y/N]: ', end="")
        if sys.stdin.readline().strip() not in ("y", "yes"):
            print("Aborted.")
            return
    if not ids[0].startswith("secgrp"):
        fail("the id must begin with 'secgrp_'. Valid ids can be found with 'encore secret list <key>'.")
    require_login(platform, "POST /graphql")
    known = platform.load()
    left = [group for group in known["groups"] if group["id"] != ids[0]]
    if len(left) == len(known["groups"]):
        fail("update secret group: graphql request failed: not found")
    platform.save({**known, "groups": left})
    print(f"Successfully deleted secret group {ids[0]}.")


def parsed(arguments: Sequence[str], *lists: str) -> tuple[argparse.Namespace, list[str]]:
    """Read options with lists of values, as Cobra does."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    for option in lists:
        parser.add_argument(option, type=lambda text: text.split(","), default=[])
    options, rest = parser.parse_known_args(list(arguments))
    if unknown := [argument for argument in rest if argument.startswith("-")]:
        print(f"unknown flag: {unknown[0]}", file=sys.stderr)
        sys.exit(1)
    return options, rest


def exactly_one(arguments: Sequence[str]) -> None:
    """Be Cobra's ExactArgs(1)."""
    if len(arguments) != 1:
        print(f"accepts 1 arg(s), received {len(arguments)}", file=sys.stderr)
        sys.exit(1)


def require_application() -> None:
    """Find the application, and that it is linked."""
    for folder in (Path.cwd(), *Path.cwd().parents):
        if (folder / "encore.app").is_dir():
            fail("encore.app is a directory, not a file")
        if (folder / "encore.app").exists():
            if not re.search(r'"id":\s*"[^"]+"', (folder / "encore.app").read_text()):
                fail("app is not linked with the Encore Platform (see 'encore app link')")
            return
    fail("no encore.app found in directory (or any of the parent directories)")


def require_login(platform: Platform, request: str) -> None:
    """Be without a token where nobody logged in."""
    if not platform.logged_in:
        fail(f"{request}: not logged in: run 'encore auth login' first")


def fail(words: str) -> NoReturn:
    """End as the command line does."""
    print(f"error: {words}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
