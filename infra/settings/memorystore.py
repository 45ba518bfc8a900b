"""The settings of Memorystore for Redis."""

from collections.abc import Collection, Mapping
from typing import Annotated, Final, Literal

from infra import windows
from infra.backends.memorystore.naming import name_of
from infra.backends.memorystore.versions import NEWEST, RedisVersion
from infra.gcp import patterns
from infra.settings.managed import ManagedSettings
from infra.settings.model import Field, Known, Refusal, Wrong, rule
from infra.settings.vocabulary import NAMESPACE, Only, checked, example_of, name_problems, problem

# What only the user can know of Google Cloud, and what it is for. The first two are the provider's own keys.
PLACE: Final[Mapping[str, str]] = {
    "gcp:project": "the project that the cache belongs to, whatever project gcloud is set to",
    "gcp:region": "the region that the application runs in",
}
NETWORK: Final[Mapping[str, str]] = {
    "network": "the network that the application runs in",
    "privateServiceAccess": "declare makes the network's one private service access, adopt takes the one that it has",
}
_EXAMPLES: Final = {"gcp:project": "my-project", "gcp:region": "us-central1"}
_FORMS: Final = {"gcp:project": patterns.PROJECT, "gcp:region": patterns.REGION}

# Google's window is always one hour long (REST reference, WeeklyMaintenanceWindow).
WINDOW_MINUTES: Final = 60


class MemorystoreSettings(ManagedSettings):
    """What is asked of an instance and of its network."""

    network: Annotated[
        str | None,
        checked(patterns.NETWORK.problem),
        Field(
            example="projects/my-project/global/networks/my-network",
            description="The network that the cache is reached from, in full",
        ),
        Only("memorystore"),
    ] = None
    private_service_access: Annotated[
        Literal["declare", "adopt"] | None,
        Field(
            example="adopt",
            description="The network's way to Google's services, of which it can have one: made here, or there already",
        ),
        Only("memorystore"),
    ] = None
    allocated_range: Annotated[
        str | None,
        checked(patterns.ALLOCATED_RANGE.problem),
        Field(
            example="google-managed-services-my-network",
            description="With adopt: the allocated range to take addresses from; unset: Google chooses",
        ),
        Only("memorystore"),
    ] = None
    redis_version: Annotated[
        RedisVersion,
        Field(example=NEWEST, description="Redis's version; upgraded in place, and never the other way"),
        Only("memorystore"),
    ] = NEWEST
    tls: Annotated[
        bool,
        Field(example="true", description="false only for an application that cannot take REDIS_TLS_CA"),
        Only("memorystore"),
    ] = True
    kms_key_name: Annotated[
        str | None,
        checked(patterns.KEY.problem),
        Field(
            example="projects/my-project/locations/us-central1/keyRings/my-ring/cryptoKeys/my-key",
            description="A key of your own to encrypt with, in the cache's region; unset: Google's",
        ),
        Only("memorystore"),
    ] = None

    @rule("persistence")
    @staticmethod
    def _prod_outlives_its_nodes(persistence: str | None, known: Known) -> None:
        if (known.get("backend"), known.get("tier"), persistence) == ("memorystore", "prod", "none"):
            raise Refusal("none will not do for tier prod, which keeps snapshots", example="snapshot")

    @rule("allocated_range")
    @staticmethod
    def _range_is_of_an_adopted_access(name: str | None, known: Known) -> None:
        if name is not None and known.get("private_service_access") == "declare":
            raise Refusal(f"{name} is for cache:privateServiceAccess adopt; declare allocates a range of its own")

    @rule("maintenance_window")
    @staticmethod
    def _google_takes_an_hour(window: str, known: Known) -> None:
        if known.get("backend") == "memorystore" and len(windows.weekly(window)) != WINDOW_MINUTES:
            raise Wrong("it is not one hour, which is as long as Google's always is")


def example_place(config: Mapping[str, str]) -> dict[str, str]:
    """Make up what only the user can know of Google Cloud, for a stack that names nothing of it yet; full keys."""
    wanted = {**{key: _EXAMPLES[key] for key in PLACE}, **{f"{NAMESPACE}:{key}": _example(key) for key in NETWORK}}
    if config.get(f"{NAMESPACE}:backend") != "memorystore" or wanted.keys() & config.keys():
        return {}
    return wanted


def wanting(config: Mapping[str, str], stack: str, secret_keys: Collection[str]) -> list[str]:
    """Ask for everything that only the user can know of Google Cloud, and see that it goes together."""
    found = name_problems(name_of, stack)
    for key, meaning in PLACE.items():
        # An empty one would send the provider to the environment's.
        value = config.get(key, "")
        words = _FORMS[key].problem(value) if value else f"is not set: {meaning}"
        if words:
            shown = f' "{value}"' if value and key not in secret_keys else ""
            found.append(problem(f"{key}{shown} {words}", cure=f"config set {key} {_EXAMPLES[key]}", stack=stack))
    found += [
        problem(
            f"{NAMESPACE}:{key} is not set: {meaning}",
            cure=f"config set {NAMESPACE}:{key} {_example(key)}",
            stack=stack,
        )
        for key, meaning in NETWORK.items()
        if f"{NAMESPACE}:{key}" not in config
    ]
    return [*found, *_apart({key: value for key, value in config.items() if key not in secret_keys}, stack)]


def _apart(config: Mapping[str, str], stack: str) -> list[str]:
    """Name what lies in another project or region than the instance, where Google wants it beside it."""
    project, region = config.get("gcp:project", ""), config.get("gcp:region", "")
    network, key = config.get(f"{NAMESPACE}:network", ""), config.get(f"{NAMESPACE}:kmsKeyName", "")
    found = []
    host = patterns.part(network, "projects")
    if config.get(f"{NAMESPACE}:privateServiceAccess") == "declare" and project and host not in (None, project):
        found.append(
            problem(
                f"{NAMESPACE}:privateServiceAccess declare would change project {host}, which shares its network with "
                f"{project}: its owner makes the access there",
                cure=f"config set {NAMESPACE}:privateServiceAccess adopt",
                stack=stack,
            )
        )
    location = patterns.part(key, "locations")
    if region and location not in (None, region):
        found.append(
            problem(
                f"{NAMESPACE}:kmsKeyName lies in {location}, and the cache in {region}, where its key has to be",
                cure=f"config set {NAMESPACE}:kmsKeyName {key.replace(f'/{location}/', f'/{region}/')}",
                stack=stack,
            )
        )
    return found


def _example(key: str) -> str:
    return example_of(MemorystoreSettings, key)
