"""A prompt on the cache, for machines that have no redis-cli."""

import shlex
from typing import Any

from verify.diagnosis import diagnose
from verify.environment import CacheEnvironment
from verify.exit_code import ExitCode


def prompt(environment: CacheEnvironment) -> ExitCode:
    """Read commands from standard input and print the server's answers, until the input ends or says "exit"."""
    import redis

    from verify.redis_client import open_client

    with open_client(environment) as client:
        try:
            client.ping()
        except redis.RedisError as error:
            fault = diagnose(error, tls=environment.use_tls)
            print(f"{fault.cause}; {fault.remedy}")
            return fault.exit_code
        while (line := _read(f"{environment.address}> ")) is not None:
            try:
                words = shlex.split(line)
                if words and words[0].lower() in ("exit", "quit"):
                    break
                if words:
                    print("\n".join(_lines(client.execute_command(*words))))
            except (redis.RedisError, ValueError) as error:
                print(f"(error) {error}")
    return ExitCode.PASSED


def _read(question: str) -> str | None:
    try:
        return input(question)
    except EOFError:
        print()
        return None


def _lines(answer: Any, indent: str = "") -> list[str]:
    """Show an answer of the server as redis-cli does, more or less."""
    match answer:
        case None:
            return [f"{indent}(nil)"]
        case bytes():
            return [f"{indent}{answer.decode(errors='backslashreplace')}"]
        case dict():
            return [line for key, value in answer.items() for line in _pair(key, value, indent)] or [f"{indent}(empty)"]
        case list() | tuple() | set():
            return [line for item in answer for line in _lines(item, indent + "  ")] or [f"{indent}(empty)"]
        case _:
            return [f"{indent}{'OK' if answer is True else answer}"]


def _pair(key: Any, value: Any, indent: str) -> list[str]:
    name, shown = _lines(key)[0], _lines(value)
    if len(shown) == 1:
        return [f"{indent}{name}: {shown[0]}"]
    return [f"{indent}{name}:", *_lines(value, indent + "  ")]
