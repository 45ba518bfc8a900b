"""up, preview, destroy and outputs of a stack, by the Pulumi CLI."""

import json
import os
import pwd
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

from runner import lost_state, orphans, output, private_file
from runner.backend_facts import BackendFacts
from runner.engines import NotReachable, PulumiCommand
from runner.lost_state import LostState
from runner.project import LOCAL_STACK, Project, ProjectError

# What the in-process engine's own state never holds: how the CLI encrypts this stack.
ENCRYPTION_KEYS: Final = ("encryptionsalt", "encryptedkey", "secretsprovider")


@dataclass(frozen=True, kw_only=True)
class CliStack:
    """A stack of the Pulumi CLI. Each verb gives an exit code.

    One that is kept in the project has its state, its passphrase and the CLI's own files there, so that it works
    without a login and leaves the user's alone. Every other stack is the user's login's.
    """

    project: Project
    stack: str
    command: PulumiCommand
    say: Callable[[str], None]
    facts: BackendFacts
    is_kept_in_project: bool

    def up(self) -> int:
        """Refresh, run the program, and delete what it no longer declares."""
        self._prepare()
        self._recover()
        # The refresh brings back a server that was killed by hand.
        # The runner's closing lines say what of the outputs matters.
        if self._can_ask:
            return self._run("up", "--refresh", "--suppress-outputs")
        options = ("--yes", "--skip-preview", "--refresh", "--suppress-outputs", "--non-interactive")
        return self._run("up", *options)

    def preview(self, *, events: Path | None = None) -> int:
        """Show what `up` would do; write Pulumi's own account of it to `events`, one event a line."""
        self._prepare()
        if events is None:
            return self._run("preview", "--refresh", "--non-interactive")
        # The option is there for Pulumi's Automation API, which sets this variable to have it.
        options = ("--refresh", "--non-interactive", "--event-log", str(events))
        return self._run("preview", *options, PULUMI_DEBUG_COMMANDS="true")

    def destroy(self) -> int:
        """Delete everything, what a cut-off run left half-made included."""
        try:
            self._prepare()
            if not self._exists():
                return 0
            half_made = self._recover()
        except LostState as lost:
            return lost_state.forget(lost, self.say)
        code = self._run("destroy", "--yes", "--skip-preview", "--refresh", "--non-interactive")
        if code == 0:
            self._delete_half_made(half_made)
        return code

    def outputs(self, *, show_secrets: bool = True) -> dict[str, Any]:
        """Return the stack's outputs; without `show_secrets`, "[secret]" in the place of each.

        Raises `ProjectError`.
        """
        if not self._exists():
            return {}
        answer = self._ask("stack", "output", "--json", *(["--show-secrets"] if show_secrets else []))
        values: dict[str, Any] = json.loads(answer)
        return values

    def resources(self) -> list[str]:
        """Name what `destroy` would delete. Raises `ProjectError`."""
        if not self._exists():
            return []
        known = json.loads(self._ask("stack", "export"))["deployment"].get("resources") or []
        return [
            f"{resource['type']} {resource['urn'].rpartition('::')[2]}"
            for resource in known
            if resource.get("custom") and not resource["type"].startswith("pulumi:providers:")
        ]

    @property
    def _can_ask(self) -> bool:
        """Return whether Pulumi shows its plan and asks before it goes on: for people, and for more than a toy."""
        return self.stack != LOCAL_STACK and sys.stdin.isatty() and sys.stdout.isatty()

    @property
    def _management(self) -> Path:
        """Return a folder with a copy of the project's declaration, where the CLI may write the stack's file.

        In the project's own folder, `stack init` and every other command would rewrite the tracked one: add the salt
        of the encryption, and drop the comments.
        """
        return self.project.local / "project" if self.is_kept_in_project else self.project.root

    @property
    def _environment(self) -> dict[str, str]:
        environment = {
            **os.environ,
            "PATH": f"{self.command.path.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PULUMI_SKIP_UPDATE_CHECK": "true",
            **self._identity,
        }
        if self.is_kept_in_project:
            local = self.project.local
            environment |= {
                "PULUMI_BACKEND_URL": f"file://{local / 'state'}",
                "PULUMI_HOME": str(local / "home"),
                "PULUMI_CONFIG_PASSPHRASE_FILE": str(local / "passphrase"),
            }
            if self.facts.is_served_in_process:
                # Its resources are all dynamic: there is no plugin to fetch.
                environment["PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION"] = "true"
            environment.pop("PULUMI_CONFIG_PASSPHRASE", None)
        return environment

    @property
    def _identity(self) -> dict[str, str]:
        """A name and a home for a user whom the machine does not know: Go has neither (os/user/lookup_stubs.go)."""
        try:
            pwd.getpwuid(os.getuid())
        except KeyError:
            known = {"USER": str(os.getuid()), "HOME": str(self.project.local / "home")}
            return {name: os.environ.get(name) or value for name, value in known.items()}
        return {}

    def _prepare(self) -> None:
        """Make what a stack that is kept in the project needs; every run renews its configuration.

        Raises `ProjectError` where another stack has not been made yet: where its state and its secrets are kept is
        not for us to choose.
        """
        if not self.is_kept_in_project:
            known = [
                entry["name"].rpartition("/")[2]
                for entry in json.loads(self._ask("stack", "ls", "--json", stack=False))
            ]
            if self.stack not in known:
                raise NotReachable(f"stack {self.stack} is not in your Pulumi backend yet", self._initialization)
            return
        local = self.project.local
        for folder in (local / "state", local / "home", self._management):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lost_state.require_readable(self.project, self.stack, is_found_without=self.facts.is_found_without_state)
        shutil.copy(self.project.root / "Pulumi.yaml", self._management)
        if not self._exists():
            self._configuration_file.unlink(missing_ok=True)
            self._ask("stack", "init", self.stack, stack=False)
        self._renew_configuration()

    @property
    def _initialization(self) -> str:
        """Return the command that makes the stack, for prod with a key instead of Pulumi's passphrase."""
        settings = self.project.settings(self.stack)
        key = self.facts.example_key if settings.get("cache:tier") == "prod" else None
        command = f"pulumi stack init {self.stack}"
        return f'{command} --secrets-provider="{key}" (with your own key: docs/state.md)' if key else command

    @property
    def _configuration_file(self) -> Path:
        return self._management / f"Pulumi.{self.stack}.yaml"

    def _renew_configuration(self) -> None:
        settings = self.project.settings(self.stack)
        try:
            known = self.project.content(self._configuration_file) if self._configuration_file.exists() else {}
        except ProjectError:
            # A copy of ours, damaged; how the state is encrypted stands in the state as well.
            known = {}
        kept = {key: known[key] for key in ENCRYPTION_KEYS if key in known}
        content = yaml.safe_dump({"config": settings} | kept)
        text = f"# Made from Pulumi.{self.stack}.yaml by every run: edit that one.\n{content}"
        private_file.write(self._configuration_file, text)

    def _exists(self) -> bool:
        return not self.is_kept_in_project or self.project.cli_state(self.stack).exists()

    def _recover(self) -> list[dict[str, Any]]:
        """Undo what a killed run leaves of a stack that is kept in the project.

        That is its lock, its plugins' hosts and half-made creations.

        Gives the resources of those creations. Other stacks' locks are the user's to judge.
        """
        if not self.is_kept_in_project:
            return []
        orphans.end(self._environment["PULUMI_BACKEND_URL"])
        for lock in (self.project.local / "state" / ".pulumi" / "locks").rglob("*.json"):
            holder = _living_holder(lock)
            if holder:
                raise ProjectError(f"another run works on this stack: {holder}; wait until it is done")
            self.say("an earlier run was killed: its lock is removed")
            self._ask("cancel", "--yes", self.stack, stack=False)
            break
        deployment = json.loads(self._ask("stack", "export"))["deployment"]
        half_made = [
            operation["resource"]
            for operation in deployment.get("pending_operations") or []
            if operation.get("type") == "creating"
        ]
        if half_made:
            self.say("an earlier run was killed while it created: what it began is taken over")
            options = ("--clear-pending-creates", "--yes", "--skip-preview", *self._configuration_option)
            # In the project's folder, where the environment is that the providers run in.
            self._ask("refresh", *options, folder=self.project.root)
        return half_made

    @staticmethod
    def _delete_half_made(resources: list[dict[str, Any]]) -> None:
        """Delete what creations that the state has forgotten made, as their own providers would."""
        # Imported late, with the SDK, which a run of the CLI else does not need.
        from runner.inprocess import providers

        for resource in resources:
            inputs = resource.get("inputs", {})
            provider = providers.dynamic(resource["type"], inputs)
            if provider is not None:
                provider.delete(resource.get("id", ""), inputs)

    @property
    def _configuration_option(self) -> list[str]:
        return [f"--config-file={self._configuration_file}"] if self.is_kept_in_project else []

    def _run(self, verb: str, *options: str, **variables: str) -> int:
        """Run a command in front of the user, to its end, also where nobody reads its output any more."""
        command = [str(self.command.path), verb, "--stack", self.stack, *options]
        pipe = subprocess.PIPE if output.may_lose_its_reader(sys.stdout) else None
        sys.stdout.flush()
        with subprocess.Popen(
            [*command, *self._configuration_option],
            cwd=self.project.root,
            env=self._environment | variables,
            stdout=pipe,
        ) as process:
            interrupted = False
            while True:
                try:
                    if process.stdout is not None:
                        output.relay(process.stdout)
                    code = process.wait()
                except KeyboardInterrupt:
                    # The terminal interrupts Pulumi as well, which ends what is under way, and its lock; killed now, as
                    # subprocess.run has it, it would leave both. A second interrupt is Pulumi's to answer, too.
                    interrupted = True
                else:
                    break
        if interrupted:
            raise KeyboardInterrupt
        return code

    def _ask(self, *arguments: str, stack: bool = True, folder: Path | None = None) -> str:
        """Run a command for its answer. Raises `ProjectError` with what it printed."""
        selection = ["--stack", self.stack] if stack else []
        try:
            return subprocess.run(
                [str(self.command.path), *arguments, *selection, "--non-interactive"],
                cwd=folder or self._management,
                env=self._environment,
                capture_output=True,
                text=True,
                check=True,
                stdin=subprocess.DEVNULL,
            ).stdout
        except subprocess.CalledProcessError as error:
            printed = "\n".join(line for line in (error.stderr or error.stdout).splitlines() if line.strip())
            login = (
                ""
                if self.is_kept_in_project
                else "\nlog in with: pulumi login (or name your backend in PULUMI_BACKEND_URL)"
            )
            cure = login if "login" in printed or "PULUMI_ACCESS_TOKEN" in printed else ""
            message = " ".join(argument for argument in arguments if not argument.startswith("-"))
            failure = f"pulumi {message} failed for stack {self.stack}:\n{printed}{cure}"
            # It was replaced by another.
            if self.is_kept_in_project and "incorrect passphrase" in printed:
                state = self.project.cli_state(self.stack)
                raise LostState(
                    self.project,
                    self.stack,
                    state,
                    f"{failure}\nthe passphrase is another",
                    is_found_without=self.facts.is_found_without_state,
                ) from None
            raise ProjectError(failure) from None


def _living_holder(lock: Path) -> str:
    """Return who holds a lock of the file backend; nothing where it was a run of this machine that is gone."""
    try:
        holder = json.loads(lock.read_text(encoding="utf-8"))
        host, pid, since = str(holder["hostname"]), int(holder["pid"]), str(holder.get("timestamp", ""))
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, TypeError):
        raise ProjectError(f"{lock} cannot be read; if no other run works on this stack: rm {lock}") from None
    message = f"process {pid} on {host}{f', since {since}' if since else ''}"
    if host != socket.gethostname():
        return message
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    # A zombie has ended, and only waits for a parent that was killed with it.
    return "" if not state.strip() or state.startswith("Z") else message
