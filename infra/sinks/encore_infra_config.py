"""The `redis` part of a self-hosted Encore application's infrastructure file.

It holds no secret: the password is a reference to REDIS_PASSWORD, which the application's container gets from another
sink. So a rotation leaves the file as it is, and it can be committed and built into an image. The file's `secrets` are
left to whoever writes the application: Encore's own cache client needs none of them.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    ReadResult,
    Resource,
    UpdateResult,
)

from infra.dynamic import Provider
from infra.governance import Governance
from infra.outputs import Output
from infra.sinks import Delivered, Delivery, encore_cluster, files, json_text
from infra.sinks.files import FileError

# Only to be typed with: the host of our providers loads this module, and has no use for the settings.
if TYPE_CHECKING:
    from infra.settings import Settings

SCHEMA: Final = "https://encore.dev/schemas/infra.schema.json"
NEW_FILE: Final = f'{{\n  "$schema": "{SCHEMA}"\n}}\n'
NEW_FILE_MODE: Final = 0o644

OUTPUTS: Final[Sequence[Output]] = ()

# It declares nothing in a cloud.
GOVERNANCE: Final = Governance()


def declare(delivery: Delivery, settings: Settings, *, stack: str) -> Delivered:
    """Declare the cluster in the application's file."""
    del stack
    cluster = InfraConfig(
        "encore-infra-config",
        file=settings.encore_infra_config,
        cluster=settings.encore_cache_cluster,
        content=delivery.values.apply(encore_cluster.content),
    )
    return Delivered(resources=[cluster])


class InfraConfigProvider(Provider):
    """Puts a cluster into a file that says more than that, and gives back what was there before."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what cannot work, before anything is touched and in a preview already."""
        name = news["file"]
        problem = files.obstacle(name) or _problem(files.read(files.find(name)), news["cluster"])
        if problem is None:
            return CheckResult(news, [])
        return CheckResult(
            news, [CheckFailure("file", f"{name} {problem}; mend it, or set cache:encoreInfraConfig to another")]
        )

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Change in place, and mend what somebody else changed; another cluster is another resource."""
        replaces = [name for name in ("file", "cluster") if olds[name] != news[name]]
        return DiffResult(
            changes=bool(replaces) or olds["content"] != news["content"] or not olds["intact"],
            replaces=replaces,
            delete_before_replace=True,
        )

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Put the cluster into the file, and remember what it was before."""
        text = files.read(files.find(props["file"]))
        found = _cluster(text, props["cluster"])
        before = None if found is None else _ours(found)
        # What it is to become already is what a cut-off creation left.
        if before == props["content"]:
            before = None
        made = text is None or text == _with(NEW_FILE, props)
        return CreateResult(f"{props['file']}#{props['cluster']}", _written(props, before=before, made=made))

    def read(self, id_: str, props: dict[str, Any]) -> ReadResult:
        """See whether the file still says what was put into it."""
        file = files.find(props["file"])
        # What cannot be read is said by the check, which comes later and prints cleanly.
        text = None if files.obstacle(props["file"]) else files.read(file)
        found = None if _problem(text, props["cluster"]) else _cluster(text, props["cluster"])
        return ReadResult(id_, {**props, "intact": found is not None and _ours(found) == props["content"]})

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Put what is said now in the place of what was said."""
        made = olds["made"] or files.read(files.find(news["file"])) is None
        return UpdateResult(_written(news, before=olds.get("before"), made=made))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Restore what was there before, and take the file away if it was made for this.

        Raises `FileError` where it cannot be read.
        """
        file, path = files.find(props["file"]), ("redis", props["cluster"])
        text = files.read_or_refuse(props["file"])
        if (problem := _problem(text, props["cluster"])) is not None:
            raise FileError(f"{props['file']} {problem}; mend it, or remove it")
        found = _cluster(text, props["cluster"])
        if text is None or found is None:
            return
        if props.get("before") is not None:
            others = {name: value for name, value in found.items() if name not in encore_cluster.OURS}
            text = json_text.replaced(text, path, {**others, **props["before"]})
        else:
            text = json_text.removed(text, path)
            if not json.loads(text)["redis"]:
                text = json_text.removed(text, path[:1])
        if props["made"] and not set(json.loads(text)) - {"$schema"}:
            files.remove(file)
        else:
            files.write(file, text, mode=stat.S_IMODE(file.stat().st_mode))


class InfraConfig(Resource, module="sinks", name="InfraConfig"):
    """A cache cluster in an infrastructure file. `before` is what the file said of it, `made` whether there was one."""

    def __init__(
        self,
        name: str,
        *,
        file: str | None,
        cluster: str | None,
        content: pulumi.Output[dict[str, Any]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare it."""
        # What was there before may have a password in clear text.
        secrets = pulumi.ResourceOptions(additional_secret_outputs=["content", "before"])
        super().__init__(
            InfraConfigProvider(),
            name,
            {"file": file, "cluster": cluster, "content": content, "before": None, "made": None, "intact": None},
            pulumi.ResourceOptions.merge(opts, secrets),
        )


def _problem(text: str | None, cluster: str) -> str | None:
    """Explain why the cluster cannot be put into the text, if so."""
    if text is None:
        return None
    try:
        document = json.loads(text)
    except ValueError as error:
        return f"is not JSON ({error})"
    redis = document.get("redis", {}) if isinstance(document, dict) else None
    if not isinstance(redis, dict) or not isinstance(redis.get(cluster, {}), dict):
        return f"is not an infrastructure file of Encore: it, its redis, or its redis.{cluster} is not an object"
    return None


def _cluster(text: str | None, cluster: str) -> dict[str, Any] | None:
    found: dict[str, Any] | None = None if text is None else json.loads(text).get("redis", {}).get(cluster)
    return found


def _ours(cluster: Mapping[str, Any]) -> dict[str, Any]:
    return {name: cluster[name] for name in encore_cluster.OURS if name in cluster}


def _with(text: str, props: Mapping[str, Any]) -> str:
    """Return the text with the cluster; what is not ours of it stays."""
    found = {"database_index": 0, **(_cluster(text, props["cluster"]) or {})}
    others = {name: value for name, value in found.items() if name not in encore_cluster.OURS}
    return json_text.replaced(text, ("redis", props["cluster"]), {**others, **_ours(props["content"])})


def _written(props: Mapping[str, Any], *, before: Mapping[str, Any] | None, made: bool) -> dict[str, Any]:
    """Write the cluster into the file, and give what the state keeps."""
    file = files.find(props["file"])
    text = files.read(file)
    mode = NEW_FILE_MODE if text is None else stat.S_IMODE(file.stat().st_mode)
    files.write(file, _with(NEW_FILE if text is None else text, props), mode=mode)
    return {name: props[name] for name in ("file", "cluster", "content")} | {
        "before": before,
        "made": made,
        "intact": True,
    }
