"""A server that answers as Redis does, and otherwise to the commands that a test names."""

import socket
from collections.abc import Iterator, Mapping
from typing import Final

from benchmarks.listeners import Handler

INFO: Final = {
    "redis_version": "7.0.15",
    "uptime_in_seconds": "5",
    "used_memory": "1000000",
    "maxmemory": "64000000",
    "maxmemory_policy": "allkeys-lru",
    "rdb_last_bgsave_status": "ok",
    "aof_enabled": "0",
    "aof_last_write_status": "ok",
    "rejected_connections": "0",
    "evicted_keys": "0",
    "keyspace_hits": "3",
    "keyspace_misses": "1",
    "role": "master",
    "connected_slaves": "1",
    "slave0": "ip=10.0.0.2,port=6379,state=online,offset=1,lag=0",
    "cluster_enabled": "0",
    "db0": "keys=2,expires=2,avg_ttl=1000",
}


def bulk(text: bytes) -> bytes:
    """Return a text as the protocol has it."""
    return b"$%d\r\n%s\r\n" % (len(text), text)


def information(**changes: str) -> bytes:
    """Return an answer to INFO with other values."""
    return bulk("".join(f"{name}:{value}\r\n" for name, value in (INFO | changes).items()).encode())


_FIXED: Final = {
    "HELLO": b"%1\r\n$5\r\nproto\r\n:3\r\n",
    "PING": b"+PONG\r\n",
    "INFO": information(),
    "CONFIG": b"*2\r\n$4\r\nsave\r\n$0\r\n\r\n",
    "PTTL": b":50\r\n",
}


def answering_as_redis(answers: Mapping[str, bytes] | None = None, *, heard: list[str] | None = None) -> Handler:
    """Answer every command, those in `answers` with these bytes; an answer for HELLO refuses it.

    `heard` gets the name of each command.
    """
    given = answers or {}

    def handle(connection: socket.socket) -> None:
        keys: dict[bytes, bytes] = {}
        for words in _commands(connection):
            name = words[0].decode().upper()
            if heard is not None:
                heard.append(name)
            if name in ("SET", "GET", "DEL") and name not in given:
                null = b"$-1\r\n" if "HELLO" in given else b"_\r\n"
                connection.sendall(_store(name, words[1:], keys) or null)
            else:
                connection.sendall(given.get(name) or _FIXED.get(name, b"+OK\r\n"))

    return handle


def _store(name: str, words: list[bytes], keys: dict[bytes, bytes]) -> bytes | None:
    """Do what changes or reads a key; return the answer, or None for no value."""
    if name == "SET":
        # What is set for milliseconds has gone by the time that somebody asks for it.
        keys |= {} if b"PX" in words else {words[0]: words[1]}
        return b"+OK\r\n"
    if name == "DEL":
        return b":%d\r\n" % (keys.pop(words[0], None) is not None)
    return bulk(keys[words[0]]) if words[0] in keys else None


def _commands(connection: socket.socket) -> Iterator[list[bytes]]:
    """Read commands, as clients send them and as people do."""
    with connection.makefile("rb") as stream:
        while line := stream.readline():
            if not line.startswith(b"*"):
                yield line.split()
                continue
            words = []
            for _ in range(int(line[1:])):
                length = int(stream.readline()[1:])
                words.append(stream.read(length + 2)[:-2])
            yield words
