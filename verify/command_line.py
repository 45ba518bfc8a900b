"""The command line: `python -m verify check|rights|health|status|app|serve|shell|faults|capacity`.

Reads the connection from the REDIS_* variables alone: an argument would show in the process list.
"""

import argparse
import json
import os
import socket
import sys
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import Any, get_args

from verify import checks, deadline
from verify.access import Preset
from verify.cache import PROBE_SECONDS, Backend
from verify.environment import CacheEnvironment, InvalidEnvironment
from verify.exit_code import ExitCode
from verify.expectation import Expectation, InvalidExpectation
from verify.faults import FAULTS, NO_HOST, CacheError, Fault
from verify.formats import FORMATS
from verify.open_cache import open_cache
from verify.redaction import legible

_EPILOG = """\
The connection comes from REDIS_HOST, REDIS_PORT, REDIS_PASSWORD, REDIS_USE_TLS, REDIS_MAX_RETRIES and
REDIS_CONNECT_TIMEOUT (milliseconds); REDIS_USERNAME, REDIS_TLS_CA, REDIS_TLS_SERVER_NAME and
REDIS_PROBE_PREFIX (how the keys begin that are written) where needed.

exit codes: 0 all passed, 1 a check failed, 2 wrong command line, 3 not ready before the deadline,
            4 unreachable from here, 78 bad configuration, 130 Ctrl-C, 141 nobody read the whole answer
"""


def main(arguments: Sequence[str] | None = None) -> ExitCode:
    """Do what the arguments ask for, and give the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return ExitCode(options.command(options))
    except (InvalidEnvironment, InvalidExpectation) as problem:
        print(problem, file=sys.stderr)
        return ExitCode.CONFIGURATION
    except CacheError as error:
        return _tell(error.fault)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m verify",
        description="Prove a Redis or Valkey cache, or ask how it is.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)

    def command(name: str, does: Callable[[argparse.Namespace], ExitCode], words: str) -> argparse.ArgumentParser:
        added = commands.add_parser(
            name, help=words, epilog=_EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter
        )
        added.set_defaults(command=does)
        return added

    check = command("check", _check, "run all checks against the cache")
    check.add_argument("--expect", metavar="FILE", type=Path, help="what was asked of the cache, as JSON")
    rights = command("rights", _rights, "check what the user may do, or name the rights that an application needs")
    _add_options_of_rights(rights)
    health = command("health", _health, "say whether the cache answers")
    status = command("status", _status, "say what the cache is and holds")
    app = command("app", _application, "check that the application uses its cache")
    app.add_argument("--url", required=True, help="the application's address, like https://your-app.encr.app")
    app.add_argument("--expect-memory", action="store_true", help="prove a rollback to the cache in memory")
    for proving in (check, app):
        proving.add_argument(
            "--wait", metavar="SECONDS", type=_seconds, default=0.0, help="try again for so long until it is ready"
        )
        proving.add_argument("--format", choices=list(FORMATS), default="text", help="default: %(default)s")
        proving.add_argument("--json", dest="format", action="store_const", const="json", help="--format json")
    for limited in (check, rights, health, status):
        limited.add_argument(
            "--deadline",
            metavar="SECONDS",
            type=_seconds,
            default=None,
            help="how long it may take, after --wait; default: 1, for check and rights six times "
            "REDIS_CONNECT_TIMEOUT, ten times where rights are asked",
        )
    for asking in (rights, health):
        asking.add_argument("--json", action="store_true", help="answer in JSON")
    status.add_argument("--format", choices=["text", "json", "prometheus"], default="text", help="default: %(default)s")
    status.add_argument("--json", dest="format", action="store_const", const="json", help="--format json")
    serving = command("serve", _serve, "answer /cache/health and /cache/status over HTTP, and /metrics")
    serving.add_argument("--host", default="127.0.0.1", help="the address to listen on, default: %(default)s")
    serving.add_argument(
        "--port", type=int, default=8080, help="the port to listen on; 0 picks a free one, default: %(default)s"
    )
    serving.add_argument(
        "--operations-listen",
        metavar="HOST:PORT",
        help="the address of /metrics, for Prometheus; default: none, and on loopback it needs no token",
    )
    serving.add_argument(
        "--operations-token-file", metavar="FILE", type=Path, help="the bearer token that /metrics asks for"
    )
    command("shell", _shell, "open a prompt on the cache")
    faults = command("faults", _faults, "list every fault with its cause and remedy")
    faults.add_argument("--markdown", action="store_true", help="as the page docs/faults.md")
    capacity = command("capacity", _capacity, "forecast the memory of so many organizations, without a server")
    _add_options_of_capacity(capacity)
    return parser


def _add_options_of_rights(rights: argparse.ArgumentParser) -> None:
    way = rights.add_mutually_exclusive_group()
    way.add_argument(
        "--observed", action="store_true", help="name the preset that fits the commands sent to this server so far"
    )
    way.add_argument(
        "--commands",
        metavar="FILE",
        type=Path,
        help="name the preset that fits the commands in a file, one a line, or its rows of INFO commandstats",
    )
    rights.add_argument("--access", choices=get_args(Preset), help="the rights that the user should have")
    rights.add_argument(
        "--rule",
        metavar="RULE",
        action="append",
        default=[],
        help="a rule that adds to them or takes away, like +flushdb or --rule=-eval; may be given again",
    )
    rights.add_argument(
        "--expect", metavar="FILE", type=Path, help="the same from what was asked of the cache, as JSON"
    )


def _add_options_of_capacity(capacity: argparse.ArgumentParser) -> None:
    capacity.add_argument("--organizations", metavar="N", required=True, help="how many are to be kept")
    capacity.add_argument("--engine", required=True, help="redis-7.0 or valkey-9.1")
    capacity.add_argument("--workload", metavar="FILE", type=Path, help="what is kept; default: workloads/guide.toml")
    capacity.add_argument("--json", action="store_true", help="answer in JSON")


def _check(options: argparse.Namespace) -> ExitCode:
    environment, expectation = _environment(), _expectation(options.expect)
    with deadline.within(options.wait + options.deadline) if options.deadline else nullcontext():
        report = checks.run(environment, expectation, wait_seconds=options.wait, on_wait=_tell_wait)
    print(FORMATS[options.format](report))
    return report.exit_code


def _rights(options: argparse.Namespace) -> ExitCode:
    # Imported here because no other command needs them.
    from verify import fit

    limit = deadline.within(options.deadline) if options.deadline else nullcontext()
    try:
        if options.commands:
            found = fit.of_lines(_read(options.commands, "--commands").splitlines(), f"--commands {options.commands}")
        elif options.observed:
            with limit:
                found = fit.observed(_environment())
        else:
            with limit:
                report = checks.run_rights(_environment(), _expected_rights(options))
            print(report.to_json() if options.json else report.to_text())
            return report.exit_code
    except fit.InvalidCommands as problem:
        print(problem, file=sys.stderr)
        return ExitCode.CONFIGURATION
    print(json.dumps(found.body()) if options.json else found.text())
    return ExitCode.PASSED


def _expected_rights(options: argparse.Namespace) -> Expectation:
    """Return the rights that the options name, in the place of those in a file."""
    named = {"access": options.access, "access_rules": options.rule}
    asked = _expectation(options.expect).asked | {key: value for key, value in named.items() if value}
    expectation = Expectation.from_json(json.dumps(asked))
    if expectation.access is None:
        raise InvalidExpectation(
            "which rights the user should have is missing: --access cache, data or full, or --expect FILE with access"
        )
    return expectation


def _application(options: argparse.Namespace) -> ExitCode:
    # Imported here because HTTP is a third of what everything else takes to import.
    from verify import application

    expect: Backend = "memory" if options.expect_memory else "redis"
    try:
        report = application.run(options.url, expect=expect, wait_seconds=options.wait, on_wait=_tell_wait)
    except ValueError as problem:
        print(f"--url {application.shown(options.url)}: {problem}", file=sys.stderr)
        return ExitCode.CONFIGURATION
    print(FORMATS[options.format](report))
    return report.exit_code


def _serve(options: argparse.Namespace) -> ExitCode:
    # Imported here because they take longer than all that the other commands need.
    import asyncio

    from verify.operations import InvalidOperations, Operations
    from verify.serve import serve

    try:
        listener = socket.create_server((options.host, options.port))
    except (OSError, ValueError, OverflowError) as error:
        reason = error.strerror if isinstance(error, OSError) else error
        print(f"--host {legible(options.host)} --port {options.port} cannot be had: {reason}", file=sys.stderr)
        return ExitCode.CONFIGURATION
    with listener, open_cache(_environment()) as cache:
        try:
            operations = Operations.open(options.operations_listen, options.operations_token_file)
        except InvalidOperations as problem:
            print(problem, file=sys.stderr)
            return ExitCode.CONFIGURATION
        address = f"http://{options.host}:{listener.getsockname()[1]}"
        print(f"{address}/cache/health and {address}/cache/status", file=sys.stderr, flush=True)
        if operations:
            print(operations.url, file=sys.stderr, flush=True)
        asyncio.run(serve(cache, listener, operations))
    return ExitCode.PASSED


def _shell(_: argparse.Namespace) -> ExitCode:
    from verify.shell import prompt

    environment = _environment()
    return _tell(NO_HOST) if environment.host is None else prompt(environment)


def _faults(options: argparse.Namespace) -> ExitCode:
    if options.markdown:
        from verify.faults_document import markdown

        print(markdown(), end="")
    else:
        print("\n\n".join(_described(fault) for fault in FAULTS))
    return ExitCode.PASSED


def _capacity(options: argparse.Namespace) -> ExitCode:
    from verify import capacity, workload

    try:
        forecast = capacity.forecast(
            capacity.organizations(options.organizations),
            engine=options.engine,
            workload=workload.load(options.workload or workload.GUIDE),
        )
    except (capacity.InvalidForecast, workload.InvalidWorkload) as problem:
        print(problem, file=sys.stderr)
        return ExitCode.CONFIGURATION
    print(json.dumps(forecast.body()) if options.json else capacity.text(forecast))
    return ExitCode.PASSED


def _health(options: argparse.Namespace) -> ExitCode:
    with open_cache(_environment(), probe_seconds=options.deadline or PROBE_SECONDS) as cache:
        health = cache.health()
    body = health.body()
    print(json.dumps(body) if options.json else body["message"])
    return _tell(health.fault)


def _status(options: argparse.Namespace) -> ExitCode:
    with open_cache(_environment(), probe_seconds=options.deadline or PROBE_SECONDS) as cache:
        if options.format == "prometheus":
            metrics = cache.metrics()
            print(metrics.text)
            return _tell(metrics.fault)
        status = cache.status()
    body = status.body()
    print(json.dumps(body) if options.format == "json" else "\n".join(_lines(body)))
    return _tell(status.fault)


def _tell(fault: Fault | None) -> ExitCode:
    if fault is None:
        return ExitCode.PASSED
    print(_described(fault), file=sys.stderr)
    return fault.exit_code


def _tell_wait(words: str) -> None:
    print(f"waiting: {words}", file=sys.stderr, flush=True)


def _described(fault: Fault) -> str:
    return f"{fault.code}\n  cause   {fault.cause}\n  remedy  {fault.remedy}"


def _environment() -> CacheEnvironment:
    return CacheEnvironment.from_mapping(os.environ)


def _lines(body: dict[str, Any], prefix: str = "") -> list[str]:
    """Return a body as lines like "redisInfo.keys: 12", the words that the guide uses."""
    lines = []
    for key, value in body.items():
        if isinstance(value, dict):
            lines += _lines(value, f"{prefix}{key}.")
        else:
            lines.append(f"{prefix}{key}: {value if isinstance(value, str) else json.dumps(value)}")
    return lines


def _expectation(file: Path | None) -> Expectation:
    if file is None:
        return Expectation()
    try:
        return Expectation.from_json(_read(file, "--expect"))
    except InvalidExpectation as invalid:
        raise InvalidExpectation(f"--expect {file}: {invalid}") from None


def _read(file: Path, option: str) -> str:
    """Return a file's text. Raises `InvalidExpectation` where it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except OSError as error:
        problem = f"cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        problem = "is not UTF-8"
    raise InvalidExpectation(f"{option} {file} {problem}")


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 <= seconds < float("inf"):
        raise argparse.ArgumentTypeError(f"{text} is no number of seconds")
    return seconds
