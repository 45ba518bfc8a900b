"""What a server says of itself as Prometheus's metrics, under the names of redis_exporter.

Names, labels and units are those of https://github.com/oliver006/redis_exporter at commit cd5941f (after v1.88.0):
`metricMapGauges`, `metricMapCounters` and the descriptions in exporter/exporter.go, and exporter/info.go for what has
labels. What redis_exporter does not have begins with cache_verify_.

Nothing that a server says is believed: a value that is no number is left out, as one that it does not tell is. A label
has no control character, no secret and no more than 253 characters, and a metric at most 500 rows.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final

from verify import redaction
from verify.cache import Backend, Metrics
from verify.exposition import Kind, family, labels
from verify.faults import Fault

_PREFIX: Final = "redis_"
# Redis 7.0 has 370 commands, subcommands included.
_MOST_ROWS: Final = 500
# A server tells three by default (latency-tracking-info-percentiles).
_MOST_PERCENTILES: Final = 20
# The longest name of a host (RFC 1035, 2.3.4), which is the longest of all that a label holds.
_LONGEST_LABEL: Final = 253
_NUMBER: Final = re.compile(r"-?[0-9]{1,19}(\.[0-9]{1,9})?")
# What fields whose names end in _status say, and nothing else does.
_STATES: Final = {"ok": 1.0, "err": 0.0, "up": 1.0, "down": 0.0}
_MILLI: Final = 1e-3
_MICRO: Final = 1e-6

# A field of INFO, the metric, and what it says.
_GAUGES: Final = (
    ("uptime_in_seconds", "uptime_in_seconds", "Seconds since the server's start."),
    ("connected_clients", "connected_clients", "Clients that are connected."),
    ("maxclients", "max_clients", "Clients that may be connected."),
    ("blocked_clients", "blocked_clients", "Clients that wait in a blocking command."),
    ("used_memory", "memory_used_bytes", "Bytes that the server has allocated."),
    ("used_memory_peak", "memory_used_peak_bytes", "The most bytes that the server had allocated."),
    ("used_memory_rss", "memory_used_rss_bytes", "Bytes of memory that the operating system counts."),
    ("used_memory_dataset", "memory_used_dataset_bytes", "Bytes of memory for the data."),
    ("used_memory_overhead", "memory_used_overhead_bytes", "Bytes of memory for all but the data."),
    ("maxmemory", "memory_max_bytes", "The limit of memory in bytes; 0 is none."),
    ("mem_not_counted_for_evict", "mem_not_counted_for_eviction_bytes", "Bytes that the limit does not count."),
    ("mem_fragmentation_ratio", "mem_fragmentation_ratio", "Memory of the operating system by memory allocated."),
    ("loading", "loading_dump_file", "Whether the server loads its data."),
    ("rdb_changes_since_last_save", "rdb_changes_since_last_save", "Changes since the last save."),
    ("rdb_bgsave_in_progress", "rdb_bgsave_in_progress", "Whether a save is under way."),
    ("rdb_last_save_time", "rdb_last_save_timestamp_seconds", "The time of the last save that succeeded."),
    ("rdb_last_bgsave_status", "rdb_last_bgsave_status", "Whether the last save succeeded."),
    ("rdb_last_bgsave_time_sec", "rdb_last_bgsave_duration_sec", "Seconds that the last save took; -1 is none."),
    ("aof_enabled", "aof_enabled", "Whether there is an append-only file."),
    ("aof_last_bgrewrite_status", "aof_last_bgrewrite_status", "Whether the file's last rewrite succeeded."),
    ("aof_last_write_status", "aof_last_write_status", "Whether the last write to the file succeeded."),
    ("connected_slaves", "connected_slaves", "Replicas that are connected."),
    ("master_repl_offset", "master_repl_offset", "The replication offset of the server."),
)
_COUNTERS: Final = (
    ("total_connections_received", "connections_received_total", "Connections accepted."),
    ("rejected_connections", "rejected_connections_total", "Connections turned away at the limit of clients."),
    ("total_commands_processed", "commands_processed_total", "Commands processed."),
    ("total_net_input_bytes", "net_input_bytes_total", "Bytes received."),
    ("total_net_output_bytes", "net_output_bytes_total", "Bytes sent."),
    ("keyspace_hits", "keyspace_hits_total", "Reads that found a key."),
    ("keyspace_misses", "keyspace_misses_total", "Reads that found none."),
    ("expired_keys", "expired_keys_total", "Keys whose time to live ended."),
    ("evicted_keys", "evicted_keys_total", "Keys evicted at the limit of memory."),
    ("evicted_clients", "evicted_clients_total", "Clients closed at the limit of their memory."),
    ("total_error_replies", "total_error_replies", "Replies that were errors."),
    ("acl_access_denied_auth", "acl_access_denied_auth_total", "Logins refused."),
    ("acl_access_denied_cmd", "acl_access_denied_cmd_total", "Commands refused for a missing right."),
    ("acl_access_denied_key", "acl_access_denied_key_total", "Keys refused for a missing right."),
    ("acl_access_denied_channel", "acl_access_denied_channel_total", "Channels refused for a missing right."),
    ("used_cpu_sys", "cpu_sys_seconds_total", "Seconds of CPU in the kernel."),
    ("used_cpu_user", "cpu_user_seconds_total", "Seconds of CPU in the server."),
)
# A replica says these of its primary, and its labels name that.
_FROM_PRIMARY: Final = (
    ("master_link_status", "master_link_up", "Whether the link to the primary is up."),
    ("master_last_io_seconds_ago", "master_last_io_seconds_ago", "Seconds since the primary was heard; -1 is never."),
    ("master_sync_in_progress", "master_sync_in_progress", "Whether the primary sends all its data."),
    ("slave_repl_offset", "slave_repl_offset", "The replication offset of the replica."),
)
_INSTANCE: Final = ("role", "redis_version", "valkey_version", "redis_mode", "os", "maxmemory_policy")


@dataclass(frozen=True, kw_only=True)
class _Figure:
    """One figure of each row: the part that holds it, and what it is multiplied with."""

    part: str
    name: str
    help_text: str
    kind: Kind = "gauge"
    factor: float = 1.0
    least: float = float("-inf")


@dataclass(frozen=True, kw_only=True)
class _Rows:
    """Fields of one form, as "db0:keys=1,expires=0". The labels are parts of the row, or else what follows its name."""

    pattern: re.Pattern[str]
    figures: tuple[_Figure, ...]
    label: str = ""
    part_labels: tuple[tuple[str, str], ...] = ()

    def found(self, information: Mapping[str, Any]) -> Iterator[tuple[dict[str, str], Mapping[str, Any]]]:
        """Return the labels, unescaped, and the parts of each row."""
        matches = ((self.pattern.fullmatch(name), parts) for name, parts in information.items())
        rows = ((match, parts) for match, parts in matches if match and isinstance(parts, Mapping))
        for match, parts in islice(rows, _MOST_ROWS):
            own = {self.label: match[1]} if self.label else {}
            yield own | {name: parts.get(part, "") for name, part in self.part_labels}, parts


_COMMANDS: Final = _Rows(
    pattern=re.compile("cmdstat_(.+)"),
    label="cmd",
    figures=(
        _Figure(part="calls", name="commands_total", kind="counter", help_text="Calls of a command."),
        _Figure(
            part="usec",
            name="commands_duration_seconds_total",
            kind="counter",
            factor=_MICRO,
            help_text="Seconds spent in a command.",
        ),
        _Figure(
            part="rejected_calls",
            name="commands_rejected_calls_total",
            kind="counter",
            help_text="Calls refused before the command ran.",
        ),
        _Figure(
            part="failed_calls", name="commands_failed_calls_total", kind="counter", help_text="Calls that failed."
        ),
    ),
)
_ALL_ROWS: Final = (
    _Rows(
        pattern=re.compile("(db[0-9]+)"),
        label="db",
        figures=(
            _Figure(part="keys", name="db_keys", help_text="Keys of a database."),
            _Figure(part="expires", name="db_keys_expiring", help_text="Keys with a time to live."),
            _Figure(part="avg_ttl", name="db_avg_ttl_seconds", factor=_MILLI, help_text="The mean time to live."),
        ),
    ),
    _Rows(
        pattern=re.compile("slave[0-9]+"),
        part_labels=(("slave_ip", "ip"), ("slave_port", "port"), ("slave_state", "state")),
        figures=(
            _Figure(part="offset", name="connected_slave_offset_bytes", help_text="The offset of a replica."),
            _Figure(part="lag", name="connected_slave_lag_seconds", least=0, help_text="The lag of a replica."),
        ),
    ),
    _COMMANDS,
    _Rows(
        pattern=re.compile("errorstat_(.+)"),
        label="err",
        figures=(_Figure(part="count", name="errors_total", kind="counter", help_text="Error replies of a kind."),),
    ),
)
_LATENCIES: Final = _Rows(pattern=re.compile("latency_percentiles_usec_(.+)"), label="cmd", figures=())
_PERCENTILE: Final = re.compile(r"p([0-9]{1,3}(\.[0-9]{1,9})?)")


def reached(information: Mapping[str, Any], *, refusal: Fault | None, secrets: Iterable[str]) -> Metrics:
    """Return the metrics of a server that answers; `information` is empty where it refuses INFO.

    `secrets` are taken out of what the server says.
    """
    told = _Told(information, secrets)
    lines = [*_state("redis", up=True, fault=refusal), *told.plain(), *told.replication(), *told.rows()]
    return Metrics(text="\n".join([*lines, *told.latencies()]), fault=refusal)


def unreached(fault: Fault) -> Metrics:
    """Return the metrics of a server that does not answer."""
    return Metrics(text="\n".join(_state("redis", up=False, fault=fault)), fault=fault)


def without_server(backend: Backend) -> Metrics:
    """Return the metrics of a backend that has no server: none of one, so that no alarm rings for a rollback."""
    return Metrics(text="\n".join(_backend(backend)))


def _backend(backend: Backend) -> list[str]:
    name = labels({"backend": backend})
    return family("cache_verify_backend_info", "The backend that the environment names.", {name: 1.0})


def _state(backend: Backend, *, up: bool, fault: Fault | None) -> list[str]:
    error = {labels({"err": fault.code if fault else ""}): float(fault is not None)}
    return [
        *_backend(backend),
        *family(f"{_PREFIX}up", "Whether the server answers.", {"": float(up)}),
        *family(f"{_PREFIX}exporter_last_scrape_error", "The fault of the last scrape, by its code.", error),
    ]


def _number(value: object, *, least: float = float("-inf")) -> float | None:
    if not isinstance(value, str) or not _NUMBER.fullmatch(value) or float(value) < least:
        return None
    return float(value)


class _Told:
    """What a server told, as lines."""

    def __init__(self, information: Mapping[str, Any], secrets: Iterable[str]) -> None:
        self._information = information
        known = tuple(secrets)
        self._fit = cache(lambda value: redaction.fit(value, known, shortest=1))

    def plain(self) -> list[str]:
        lines: list[str] = []
        if instance := self._labels({name: self._information.get(name, "") for name in _INSTANCE}):
            lines += family(f"{_PREFIX}instance_info", "What the server is.", {instance: 1.0})
        for field, name, help_text in _GAUGES:
            lines += self._single(field, name, help_text, kind="gauge")
        for field, name, help_text in _COUNTERS:
            lines += self._single(field, name, help_text, kind="counter")
        hits, misses = (self._figure(f"keyspace_{name}", least=0) for name in ("hits", "misses"))
        if hits is not None and misses is not None and hits + misses:
            help_text = "The share of reads that found a key, from 0 to 1, since the server's start."
            lines += family("cache_verify_hit_ratio", help_text, {"": hits / (hits + misses)})
        return lines

    def replication(self) -> list[str]:
        primary = self._labels({name: self._information.get(name, "") for name in ("master_host", "master_port")}) or ""
        lines: list[str] = []
        for field, name, help_text in _FROM_PRIMARY:
            number = self._figure(field)
            if number is not None:
                lines += family(f"{_PREFIX}{name}", help_text, {primary: number})
        return lines

    def rows(self) -> list[str]:
        lines: list[str] = []
        for rows in _ALL_ROWS:
            found = list(rows.found(self._information))
            for figure in rows.figures:
                samples: dict[str, float] = {}
                least = 0 if figure.kind == "counter" else figure.least
                for names, parts in found:
                    number, name = _number(parts.get(figure.part), least=least), self._labels(names)
                    if number is not None and name:
                        samples[name] = number * figure.factor
                lines += family(f"{_PREFIX}{figure.name}", figure.help_text, samples, kind=figure.kind)
        return lines

    def latencies(self) -> list[str]:
        """Return the summaries, for commands whose calls are told too, as redis_exporter does."""
        calls = {names["cmd"]: parts for names, parts in _COMMANDS.found(self._information)}
        samples: dict[str, float] = {}
        for names, parts in _LATENCIES.found(self._information):
            known = calls.get(names["cmd"], {})
            count, total = _number(known.get("calls"), least=0), _number(known.get("usec"), least=0)
            name = self._labels(names)
            if count is None or total is None or not name:
                continue
            for part, value in islice(parts.items(), _MOST_PERCENTILES):
                percentile, number = _PERCENTILE.fullmatch(part), _number(value, least=0)
                if percentile and number is not None:
                    samples[self._labels(names | {"quantile": f"{float(percentile[1]):g}"}) or name] = number
            samples |= {f"_sum{name}": total, f"_count{name}": count}
        help_text = "Microseconds that a command takes, by percentile."
        return family(f"{_PREFIX}latency_percentiles_usec", help_text, samples, kind="summary")

    def _single(self, field: str, name: str, help_text: str, *, kind: Kind) -> list[str]:
        number = self._figure(field, least=0 if kind == "counter" else float("-inf"))
        return [] if number is None else family(f"{_PREFIX}{name}", help_text, {"": number}, kind=kind)

    def _figure(self, field: str, *, least: float = float("-inf")) -> float | None:
        value = self._information.get(field)
        return _STATES.get(str(value)) if field.endswith("_status") else _number(value, least=least)

    def _labels(self, values: Mapping[str, object]) -> str | None:
        """Return the labels without those that are not told, and None where one cannot be shown."""
        told = {name: value for name, value in values.items() if value != ""}
        if any(not isinstance(value, str) or len(value) > _LONGEST_LABEL for value in told.values()):
            return None
        return labels({name: self._fit(value) for name, value in told.items()})
