"""What a user may do on a server: what it is promised is tried on keys of ours, and the rest is asked for, never done.

Asked is in a transaction that is discarded. A server refuses a command that the user has no right to when it is queued,
and runs nothing before EXEC; where the connection breaks, the transaction goes with it. Nothing is queued before the
server has shown that it queues, and the arguments are such that most commands would do nothing if they ran.
"""

import secrets
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, Literal

from verify.commands import Command, commands, find, refused
from verify.diagnosis import cache_error, diagnose
from verify.environment import CacheEnvironment
from verify.faults import (
    CLUSTER_MODE,
    MASTER_DOWN,
    NOT_PERMITTED,
    OUT_OF_MEMORY,
    READ_ONLY,
    SAVE_FAILED,
    TOO_FEW_REPLICAS,
)

if TYPE_CHECKING:
    from redis.connection import AbstractConnection

# "elsewhere" is a refusal of the key or the channel, which the user has the command for; "unknown" tells nothing.
Answer = Literal["allowed", "refused", "elsewhere", "unknown"]

# What administers: no preset but `full` has any of it. Not all that a server has: each refusal is an entry in ACL LOG.
ADMINISTRATION: Final = (
    *("keys", "flushall", "flushdb", "swapdb", "config|get", "config|set", "acl|list", "acl|setuser", "debug"),
    *("replicaof", "monitor", "shutdown", "bgsave", "migrate", "restore", "client|kill", "client|pause"),
    *("function|flush", "script|flush", "module|load", "slowlog|get", "cluster|reset"),
)
# One command of each kind of value, and of what else a preset may leave out.
KINDS: Final = (
    "set",
    "lpush",
    "sadd",
    "hset",
    "zadd",
    "xadd",
    "geoadd",
    "pfadd",
    "eval",
    "fcall",
    "publish",
    "subscribe",
)

# A server refuses these in a transaction whoever asks, and there is no form of them that does nothing.
NOT_ASKED: Final = ("save", "sync", "psync")
# Never queued: they act on the transaction or the connection at once, or need no right (NO_AUTH).
_NEVER_QUEUED: Final = frozenset(
    [*NOT_ASKED, "shutdown", "multi", "exec", "discard", "watch", "quit", "reset", "auth", "hello", "client|reply"]
)
# No server takes the three together, whichever of them it knows: nothing is shut down, and no shutdown is called off.
_SHUTDOWN: Final = ("SHUTDOWN", "ABORT", "SAVE", "NOSAVE")

# No server has it. A transaction with a command that was not queued runs nothing, even if an EXEC came.
_SPOILER: Final = ("VERIFY-SPOILS-THIS-TRANSACTION",)

# What a server says only after it has looked at the user's rights.
_BEYOND_THE_RIGHTS: Final = (OUT_OF_MEMORY, READ_ONLY, MASTER_DOWN, TOO_FEW_REPLICAS, SAVE_FAILED, CLUSTER_MODE)

# Each kind of value as an application uses it, on the keys A and B. Every group takes away what it wrote.
_TRIES: Final = (
    "SET A 1 PX 60000|GET A|SETEX B 60 1|APPEND A 2|GETRANGE A 0 0|SETRANGE A 0 3|STRLEN A|TYPE A|GETDEL A|DEL B",
    "INCRBY A 2|DECRBY A 1|INCRBYFLOAT A 1.5|PEXPIRE A 60000|PTTL A|PERSIST A|EXPIRE A 60|DEL A",
    "MSET A 1 B 2|PEXPIRE A 60000|PEXPIRE B 60000|MGET A B|EXISTS A B|UNLINK A B",
    (
        "RPUSH A a b c|LPUSH A d|PEXPIRE A 60000|LRANGE A 0 -1|LINDEX A 0|LSET A 0 e|LINSERT A BEFORE a f|LREM A 0 f|"
        "LTRIM A 0 9|LMOVE A B LEFT RIGHT|PEXPIRE B 60000|LPOP A|RPOP A|LLEN A|DEL A B"
    ),
    (
        "SADD A a b c|SADD B a|PEXPIRE A 60000|PEXPIRE B 60000|SISMEMBER A a|SMEMBERS A|SCARD A|SRANDMEMBER A|"
        "SDIFF A B|SINTER A B|SUNION A B|SMOVE A B b|SINTERSTORE B A B|PEXPIRE B 60000|SREM A a|SPOP A|DEL A B"
    ),
    "HSET A f 1|PEXPIRE A 60000|HGET A f|HINCRBY A f 1|HGETALL A|HDEL A f|DEL A",
    "ZADD A 1 a 2 b|PEXPIRE A 60000|ZINCRBY A 1 a|ZSCORE A a|ZRANGE A 0 -1|ZPOPMIN A|ZREM A b|DEL A",
    "XADD A * f v|PEXPIRE A 60000|XLEN A|XRANGE A - +|XTRIM A MAXLEN 0|DEL A",
    "SETBIT A 0 1|PFADD B a|PEXPIRE A 60000|PEXPIRE B 60000|GETBIT A 0|PFCOUNT B|DEL A B",
    "GEOADD A 13.4 52.5 a|PEXPIRE A 60000|GEOPOS A a|DEL A",
    "EVAL return(1) 0",
    "TIME|DBSIZE|COMMAND HELP",
)
# Nobody else sends it: the server's count of it is that of the checks that ran.
_COUNTER: Final = "command|help"


@dataclass(frozen=True, kw_only=True)
class Rights:
    """How a server answered: each command that was tried or asked for, by its name.

    `beyond` is the answer about a key that none of the user's patterns covers, and None where they cover every key.
    `unasked` is the reason that nothing was asked for in a transaction, `untried` that no command was run.
    """

    answers: Mapping[str, Answer] = field(default_factory=dict)
    beyond: Answer | None = None
    unasked: str = ""
    untried: str = ""


def gather(environment: CacheEnvironment, rules: Sequence[str]) -> Rights:
    """Try and ask, on a connection of its own that is tried once; nothing of it stays on the server.

    `rules` are the whole rules of the user, as they should be. Raises `CacheError` where the connection breaks, and
    where a command fails that the server had queued.
    """
    try:
        from verify.redis_client import open_client

        with open_client(environment, retries=0) as client:
            connection = client.connection_pool.get_connection()
            try:
                return _gather(connection, environment, rules)
            finally:
                # Not given back to the pool: a transaction that is left open ends with it.
                connection.disconnect()
    except Exception as error:  # noqa: BLE001 — a report names it, whatever it is
        broken = cache_error(error, environment)
    raise broken


def own(calls: Mapping[str, int]) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Return how many of a server's calls of each command were of this check, and how many it was refused at most."""
    checks = calls.get(_COUNTER, 0)
    ran: Counter[str] = Counter()
    for group in _TRIES:
        once = Counter(_name(command.split()) for command in group.split("|"))
        # Under a smaller preset the counter runs and this group does not.
        times = min(checks, *(calls.get(name, 0) // count for name, count in once.items()))
        ran.update({name: times * count for name, count in once.items()})
    return ran, dict.fromkeys([*ADMINISTRATION, *KINDS], checks)


def _gather(connection: "AbstractConnection", environment: CacheEnvironment, rules: Sequence[str]) -> Rights:
    # In braces, since a cluster takes keys together that hash to the same slot.
    key = f"{environment.probe_prefix}{{{secrets.token_hex(8)}}}"
    tries = list(_tries(rules, key))
    *queued, executed, begun, pinged = _exchange(
        connection, [("WATCH", key), ("MULTI",), *tries, ("EXEC",), ("MULTI",), ("PING",)]
    )
    sent = ["watch", "multi", *map(_name, tries), "exec", "multi", "ping"]
    answers = _answers(sent, [*queued, executed, begun, pinged])
    untried = "" if isinstance(executed, list) else str(executed)
    for answer in executed if isinstance(executed, list) else ():
        if isinstance(answer, Exception):
            raise cache_error(answer, environment)
    if begun != b"OK" or pinged != b"QUEUED":
        # Outside of a transaction the others would run.
        return Rights(answers=answers, unasked="the server begins no transaction for this user", untried=untried)
    asked = list(_asked(rules))
    other_key = secrets.token_hex(8)
    # No EXEC may ever follow on this connection: what is queued runs if the DISCARD was refused.
    _, beyond, *replies = _exchange(
        connection,
        [_SPOILER, ("GET", other_key), *(_words(command, key) for command in asked), ("DISCARD",), _SHUTDOWN],
    )
    answers |= _answers([*(command.name for command in asked), "discard", "shutdown"], replies)
    covered = any(fnmatchcase(other_key, rule.partition("~")[2]) for rule in rules if "~" in rule)
    return Rights(answers=answers, beyond=None if covered else _answer(beyond), untried=untried)


def _tries(rules: Sequence[str], key: str) -> Iterator[tuple[str, ...]]:
    """Return the commands of each group that the rules have all commands of."""
    names = {"A": f"{key}:a", "B": f"{key}:b"}
    for group in _TRIES:
        tried = [tuple(names.get(word, word) for word in command.split()) for command in group.split("|")]
        if all(commands()[_name(words)].is_permitted(rules) for words in tried):
            yield from tried


def _name(words: Sequence[str]) -> str:
    command = find(" ".join(words[:2]))
    return command.name if command else ""


def _asked(rules: Sequence[str]) -> Iterator[Command]:
    """Return what the rules have, what they take away by name, and what the presets leave out."""
    named = {rule[1:] for rule in rules}
    for name, command in commands().items():
        promised = command.preset != "full" and command.is_permitted(rules)
        if name not in _NEVER_QUEUED and (promised or name in named or name in ADMINISTRATION or name in KINDS):
            yield command


def _words(command: Command, key: str) -> tuple[str, ...]:
    """Return a command with as many arguments as it must have, and one more where it may: a server queues any."""
    name = command.name.split("|")
    return (*name, *[key] * (abs(command.arity) - len(name) + (command.arity < 0)))


def _exchange(connection: "AbstractConnection", sent: Sequence[tuple[str, ...]]) -> list[Any]:
    """Send commands at once and return the answers, errors as they are. Never connects again."""
    connection.send_packed_command(connection.pack_commands(sent))
    return [_read(connection) for _ in sent]


def _read(connection: "AbstractConnection") -> Any:
    from redis import ResponseError

    try:
        return connection.read_response()
    except ResponseError as refusal:
        return refusal


def _answers(names: Iterable[str], replies: Iterable[Any]) -> dict[str, Answer]:
    """Return what each reply tells; of a command that was sent twice, a refusal stands."""
    found: dict[str, Answer] = {}
    for name, reply in zip(names, replies, strict=True):
        if found.get(name) != "refused":
            found[name] = _answer(reply)
    return found


def _answer(reply: Any) -> Answer:
    if not isinstance(reply, Exception):
        return "allowed"
    if refused(str(reply)):
        # That of an EXEC is a reason in another error.
        return "refused"
    fault = diagnose(reply, tls=False)
    if fault == NOT_PERMITTED:
        return "elsewhere"
    # The answer to a SHUTDOWN with options that do not go together.
    return "allowed" if fault in _BEYOND_THE_RIGHTS or "syntax error" in str(reply) else "unknown"
