"""A prompt on the cache, for machines that have no redis-cli."""

import shlex
from typing import TYPE_CHECKING, Any

from verify import redaction
from verify.diagnosis import cache_error
from verify.environment import CacheEnvironment
from verify.exit_code import ExitCode

if TYPE_CHECKING:
    import redis


def prompt(environment: CacheEnvironment) -> ExitCode:
    """Read commands from standard input and print the server's answers, until the input ends or says "exit".

    Raises `CacheError` where the server cannot be reached.
    """
    try:
        from verify.redis_client import open_client

        client = open_client(environment)
        # As they came: what redis-py makes of an answer may break on one that is odd.
        client.response_callbacks.clear()
        client.ping()
    except Exception as error:  # noqa: BLE001 — every command names what keeps it from the cache
        told = cache_error(error, environment)
    else:
        with client:
            _converse(client, environment)
        return ExitCode.PASSED
    raise told


def _converse(client: "redis.Redis", environment: CacheEnvironment) -> None:
    while (line := _read(f"{environment.address}> ")) is not None:
        try:
            words = shlex.split(line)
            if words and words[0].lower() in ("exit", "quit"):
                return
            answer = "\n".join(_lines(client.execute_command(*words))) if words else None
        except Exception as error:  # noqa: BLE001 — an error is an answer, and not the end
            answer = f"(error) {error}"
        if answer is not None:
            lines = redaction.without(environment.secrets, answer, shortest=1).splitlines()
            print("\n".join(map(redaction.printable, lines)))


def _read(question: str) -> str | None:
    try:
        return input(question)
    except EOFError:
        print()
        return None
    except UnicodeDecodeError:
        return "(not UTF-8)"


def _lines(answer: Any, indent: str = "") -> list[str]:
    """Show an answer of the server as redis-cli does, more or less."""
    match answer:
        case None:
            return [f"{indent}(nil)"]
        case bytes():
            return [f"{indent}{line}" for line in answer.decode(errors="backslashreplace").splitlines() or [""]]
        case dict():
            return [line for key, value in answer.items() for line in _pair(key, value, indent)] or [f"{indent}(empty)"]
        case list() | tuple() | set():
            return [line for item in answer for line in _lines(item, indent + "  ")] or [f"{indent}(empty)"]
        case _:
            return [f"{indent}{answer}"]


def _pair(key: Any, value: Any, indent: str) -> list[str]:
    name, shown = _lines(key)[0], _lines(value)
    if len(shown) == 1:
        return [f"{indent}{name}: {shown[0]}"]
    return [f"{indent}{name}:", *_lines(value, indent + "  ")]
