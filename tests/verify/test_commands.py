"""The table of commands, and the presets that have each."""

from pathlib import Path
from types import MappingProxyType

import pytest

from benchmarks.servers import RedisServer
from tests.verify.command_table import BINARIES, rows, table
from verify import access, commands
from verify.access import Preset
from verify.command_table import TABLE


def test_the_table_is_what_both_servers_list(tmp_path: Path) -> None:
    """A new version's commands and categories are known, or somebody hears of it."""
    found: dict[str, str] = {}
    for number, binary in enumerate(BINARIES):
        if binary is None:
            pytest.skip("redis-server is not installed")
        with RedisServer(tmp_path / str(number), binary=Path(binary)) as server:
            found |= rows(server.client())
    assert table(found) == TABLE, "run: python -m tests.verify.command_table"


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("GET key", "get"),
        ("get", "get"),
        ("config get maxmemory", "config|get"),
        ("CONFIG|GET", "config|get"),
        ("COMMAND", "command"),
        ("command count", "command|count"),
    ],
)
def test_a_command_is_found_as_it_is_written(line: str, name: str) -> None:
    """In a program, in INFO and in an ACL."""
    found = commands.find(line)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("line", ["", "config", "config frobnicate", "getx", "get|set", "key get"])
def test_what_is_no_command_is_unknown(line: str) -> None:
    """A container without its part is nothing that a server runs."""
    assert line == "get|set" or commands.find(line) is None


@pytest.mark.parametrize(
    ("name", "preset"),
    [
        ("get", "cache"),
        ("incrby", "cache"),
        ("multi", "cache"),
        ("info", "cache"),
        ("client|list", "cache"),
        ("lpush", "data"),
        ("eval", "data"),
        ("script|load", "data"),
        ("flushdb", "full"),
        ("script|flush", "full"),
        ("config|get", "full"),
    ],
)
def test_each_has_the_preset_with_the_fewest_rights(name: str, preset: Preset) -> None:
    """As the rules of the presets come to."""
    assert commands.commands()[name].preset == preset


@pytest.mark.parametrize(
    ("extra", "name", "permitted"),
    [
        ((), "flushdb", False),
        (("+flushdb",), "flushdb", True),
        (("+flushdb", "-flushdb"), "flushdb", False),
        (("-@scripting",), "eval", False),
        (("-@scripting", "+eval"), "eval", True),
        (("+config|get",), "config|get", True),
        (("+config|get",), "config|set", False),
        (("+config",), "config|set", True),
        (("~hotel:*", "&news"), "get", True),
    ],
)
def test_the_last_rule_decides(extra: tuple[str, ...], name: str, permitted: bool) -> None:
    """As in a server's ACL."""
    assert commands.commands()[name].is_permitted(access.rules("data", extra)) is permitted


def test_the_rules_come_to_the_same_as_on_a_server(tmp_path: Path) -> None:
    """Every command, under each preset and some rules, by ACL DRYRUN of a real server."""
    extras: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
        {
            "": (),
            "added": ("+flushdb", "+config|get", "+acl"),
            "taken": ("-@scripting", "-hset", "-client", "+client|id"),
        }
    )
    with RedisServer(tmp_path) as server, server.client() as admin:
        listed = rows(admin).keys()
        for preset in access.PRESETS:
            for extra in extras.values():
                rules = access.rules(preset, extra)
                admin.execute_command("ACL", "SETUSER", "application", "reset", "on", *rules)
                for command in commands.commands().values():
                    words = [*command.name.split("|"), *["k"] * 9][
                        : max(abs(command.arity), len(command.name.split("|")))
                    ]
                    if command.name not in listed or command.name in ("auth", "hello", "quit", "reset"):
                        continue
                    answer = admin.execute_command("ACL", "DRYRUN", "application", *words)
                    allowed = answer in (b"OK", "OK", True)
                    assert allowed is command.is_permitted(rules), (preset, extra, command.name, answer)


def test_a_refusal_names_its_command() -> None:
    """In the words of Redis 6 and 7, and of Valkey 9."""
    for words in (
        "this user has no permissions to run the 'get' command",
        "User a has no permissions to run the 'get' command",
    ):
        assert commands.refused(f"NOPERM {words}") == "get"
    assert commands.refused("NOPERM No permissions to access a key") == ""
    assert commands.refused("ERR unknown command 'get'") == ""
