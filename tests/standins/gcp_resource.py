"""What the providers of all of Google's types have in common, as in terraform-provider-google."""

from typing import Any, ClassVar, Generic, TypeVar

from runner.inprocess.providers import Diff, Properties, ProviderError

Cloud = TypeVar("Cloud")


class Refused(ProviderError):
    """Google refuses a request."""


class GoogleResource(Generic[Cloud]):
    """One type, over a stand-in of the service that it is of."""

    # Another value of one of these is another resource (`ForceNew` in the provider's schema).
    replaces: ClassVar[frozenset[str]] = frozenset()

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def check(self, olds: Properties, news: Properties) -> tuple[Properties, list[str]]:
        """Take the inputs as they are."""
        del olds
        return news, []

    def diff(self, id_: str, olds: Properties, outputs: Properties, news: Properties) -> Diff:
        """Compare the inputs with what Google said last."""
        del id_
        changed = changes(olds, outputs, news)
        return Diff(changes=bool(changed), replaces=sorted(changed & self.replaces))

    def read(self, id_: str, outputs: Properties) -> Properties | None:
        """Take it as it was."""
        del id_
        return outputs

    def update(self, id_: str, outputs: Properties, news: Properties) -> Properties:
        """Change nothing: these types are replaced."""
        raise NotImplementedError(f"{type(self).__name__} {id_}: {sorted(changes({}, outputs, news))} in place")


def changes(olds: Properties, outputs: Properties, news: Properties) -> set[str]:
    """Name the inputs that differ from what is there."""
    return {key for key in news if not same(news[key], outputs.get(key))} | (olds.keys() - news.keys())


def same(wanted: Any, found: Any) -> bool:
    """Compare as the provider does: what was not asked for is not looked at, and nothing is as good as zero."""
    if isinstance(wanted, dict):
        return all(same(value, (found or {}).get(key)) for key, value in wanted.items())
    if isinstance(wanted, list):
        return len(wanted) == len(found or []) and all(map(same, wanted, found or []))
    return bool(wanted == found) or (not wanted and not found)
