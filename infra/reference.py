"""The tables of the documents, made from the code: `python -m infra.reference` writes them into README.md."""

import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, Literal, get_args

from infra.backend import BACKENDS
from infra.capabilities import CAPABILITIES, Capability
from infra.markdown import table
from infra.settings import NAMESPACE, Only, Settings
from infra.settings.common import CommonSettings
from infra.settings.delivery import DeliverySettings
from infra.settings.elasticache import ElastiCacheSettings
from infra.settings.managed import ManagedSettings
from infra.settings.memorystore import MemorystoreSettings
from infra.settings.model import REQUIRED, Setting, settings_of
from infra.settings.rediscloud import RedisCloudSettings
from infra.settings.self_hosted import SelfHostedSettings
from infra.settings.vocabulary import OnlyWith

README: Final = Path(__file__).resolve().parents[1] / "README.md"


# The parts of the settings, as the page has them.
PARTS: Final[Mapping[str, type[CommonSettings]]] = {
    "Every stack": CommonSettings,
    "Delivery": DeliverySettings,
    "A server of one's own": SelfHostedSettings,
    "Run by a vendor": ManagedSettings,
    "ElastiCache": ElastiCacheSettings,
    "Memorystore": MemorystoreSettings,
    "Redis Cloud": RedisCloudSettings,
}


def settings_tables() -> str:
    """Give every configuration key with its values, default and meaning, a table for each part."""
    return "\n".join(f"\n### {title}\n\n{_settings_table(part)}" for title, part in PARTS.items()) + "\n"


def _settings_table(part: type[CommonSettings]) -> str:
    settings = [setting for setting in settings_of(Settings).values() if setting.name in part.__annotations__]
    whose = [_whose(setting) for setting in settings]
    rows = [
        [f"`{NAMESPACE}:{setting.key}`", _values(setting), _default(setting), setting.field.description]
        for setting in settings
    ]
    header = ["key", "values", "default", "meaning"]
    # Where they are all for the same, the title says it.
    if len(set(whose)) > 1:
        header.insert(1, "for")
        for row, words in zip(rows, whose, strict=True):
            row.insert(1, words)
    return table(header, rows)


def _whose(setting: Setting) -> str:
    """Name the backends or sinks that have the setting; nothing where all have it."""
    marks = [mark for mark in setting.marks if isinstance(mark, (Only, OnlyWith))]
    return ", ".join(name for mark in marks for name in (mark.backends if isinstance(mark, Only) else mark.sinks))


def capability_table() -> str:
    """Give what each backend that is there can do."""
    columns = {name: CAPABILITIES[name] for name in BACKENDS}
    rows: Mapping[str, Callable[[Capability], str]] = {
        "passwords at a time": lambda can: str(can.passwords) if can.passwords else "none of ours",
        "TLS": lambda can: can.tls,
        "replicas": lambda can: f"up to {can.largest_replicas}" if can.largest_replicas else "no",
        "persistence": lambda can: ", ".join(sorted(can.persistence)),
        "eviction policies": lambda can: f"all {len(can.policies)}" if len(can.policies) > 1 else min(can.policies),
        "resize in place": lambda can: _yes(can.in_place_resize),
        "private network": lambda can: _yes(can.private_network),
    }
    return table(["", *columns], [[title, *(say(can) for can in columns.values())] for title, say in rows.items()])


TABLES: Final[Mapping[str, Callable[[], str]]] = {"settings": settings_tables, "capabilities": capability_table}


def written_into(text: str) -> str:
    """Put each table between its markers, `<!-- settings -->` and `<!-- /settings -->`, in a document."""
    for name, made in TABLES.items():
        before, begin, rest = text.partition(f"<!-- {name} -->\n")
        _, end, after = rest.partition(f"<!-- /{name} -->")
        if begin and end:
            text = f"{before}{begin}{made()}\n{end}{after}"
    return text


def _yes(truth: bool) -> str:  # noqa: FBT001 - the two words of a table's cell
    return "yes" if truth else "no"


def _values(setting: Setting) -> str:
    if setting.kind is Literal:
        return ", ".join(f"`{value}`" for value in get_args(setting.type))
    return {str: "text", int: "whole number", float: "number", bool: "`true`, `false`", tuple: "list"}[setting.kind]


def _default(setting: Setting) -> str:
    if setting.default is REQUIRED:
        return "required"
    if isinstance(setting.default, bool):
        return f"`{str(setting.default).lower()}`"
    return "" if setting.default in (None, ()) else f"`{setting.default}`"


if __name__ == "__main__":
    old = README.read_text()
    README.write_text(written_into(old))
    sys.exit(0)
