"""Secrets of an application on Encore's platform, set by Encore's own command line.

The state knows what was set last, and Encore is asked for nothing: its command line shows no values, and a preview
needs no login. What others change there shows when the application is asked for its health.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import pulumi
from pulumi.dynamic import (
    CheckFailure,
    CheckResult,
    CreateResult,
    DiffResult,
    Resource,
    UpdateResult,
)

from infra.dynamic import Provider
from infra.governance import Governance
from infra.outputs import Output
from infra.sinks import Delivered, Delivery, encore_cli, files
from infra.sinks.encore_cli import Selection

# Only to be typed with: the host of our providers loads this module, and has no use for the settings.
if TYPE_CHECKING:
    from infra.settings import Settings

REPLACING: Final = ("app", "types", "environments")

OUTPUTS: Final[Sequence[Output]] = ()

# It declares nothing in a cloud.
GOVERNANCE: Final = Governance()


def declare(delivery: Delivery, settings: Settings, *, stack: str) -> Delivered:
    """Declare the variables as secrets of the application."""
    del stack
    secrets = Encore(
        "encore",
        app=settings.encore_app,
        selection=Selection(types=settings.encore_types, environments=settings.encore_environments),
        values=delivery.values,
    )
    return Delivered(resources=[secrets])


class EncoreProvider(Provider):
    """Sets secrets, those alone whose value is another one, and deletes them."""

    def check(self, _olds: dict[str, Any], news: dict[str, Any]) -> CheckResult:
        """Refuse what cannot work, before anything is touched and in a preview already."""
        problem = encore_cli.obstacle(files.find(news["app"]))
        return CheckResult(
            news, [] if problem is None else [CheckFailure("app", f"cache:encoreApp {news['app']} {problem}")]
        )

    def diff(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> DiffResult:
        """Set what changed; other environments are other secrets."""
        replaces = [name for name in REPLACING if olds[name] != news[name]]
        # The old ones first: Encore refuses environments that overlap.
        return DiffResult(
            changes=bool(replaces) or olds["values"] != news["values"], replaces=replaces, delete_before_replace=True
        )

    def create(self, props: dict[str, Any]) -> CreateResult:
        """Set all of them; one that is there already gets a new version. Raises `EncoreError`."""
        return CreateResult(props["app"], _set(props, {}))

    def update(self, _id: str, olds: dict[str, Any], news: dict[str, Any]) -> UpdateResult:
        """Set those that changed, and delete those that are no more. Raises `EncoreError`."""
        return UpdateResult(_set(news, olds["values"]))

    def delete(self, _id: str, props: dict[str, Any]) -> None:
        """Delete them; nothing happens where they are gone. Raises `EncoreError`."""
        encore_cli.delete_secrets(files.find(props["app"]), props["values"], _selection(props))


class Encore(Resource, module="sinks", name="Encore"):
    """Secrets of an application, for some of its environments."""

    def __init__(
        self,
        name: str,
        *,
        app: str | None,
        selection: Selection,
        values: pulumi.Output[Mapping[str, str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        """Declare them."""
        super().__init__(
            EncoreProvider(),
            name,
            {
                "app": app,
                "types": list(selection.types),
                "environments": list(selection.environments),
                "values": values,
            },
            pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(additional_secret_outputs=["values"])),
        )


def _selection(props: Mapping[str, Any]) -> Selection:
    return Selection(types=props["types"], environments=props["environments"])


def _set(props: Mapping[str, Any], before: Mapping[str, str]) -> dict[str, Any]:
    """Set what is not as before, and give what the state keeps."""
    folder, values, selection = files.find(props["app"]), props["values"], _selection(props)
    for name, value in values.items():
        if before.get(name) != value:
            encore_cli.set_secret(folder, name, value, selection)
    dropped = [name for name in before if name not in values]
    if dropped:
        encore_cli.delete_secrets(folder, dropped, selection)
    return {name: props[name] for name in (*REPLACING, "values")}
