"""The settings of Memorystore for Redis."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from infra import windows
from infra.backends.memorystore.naming import name_of
from infra.backends.memorystore.versions import NEWEST, RedisVersion
from infra.capabilities import Capabilities, PasswordSupport, Persistence
from infra.gcp import patterns
from infra.patterns import Pattern
from infra.settings.base import NotSet, Refusal, Wrong, checked, readable
from infra.settings.delivery import Settings

# Google's window is always one hour long (REST reference, WeeklyMaintenanceWindow).
WINDOW_MINUTES: Final = 60

_PROVIDERS: Final[dict[str | None, Pattern]] = {"project": patterns.PROJECT, "region": patterns.REGION}


class MemorystoreSettings(Settings):
    """What is asked of an instance and of its network. The first two are the provider's own keys."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        # "the AUTH string is automatically generated" (Memorystore for Redis, "About Redis AUTH")
        passwords=PasswordSupport(
            "vendor",
            note="Google makes the password of Memorystore, and none can be chosen (docs/memorystore.md says how to "
            "have another one made)",
        ),
        tls="optional",
        largest_replicas=1,  # that of STANDARD_HA, which no client reads from
        persistence=frozenset({"snapshot", "none"}),
        default_persistence="snapshot",
        in_place_resize=True,
        private_network=True,
        cloud="gcp",
        clouds_of_sinks=frozenset({"gcp"}),
    )
    default_sinks: ClassVar[tuple[str, ...]] = ("gcp-secret-manager",)
    backend: Literal["memorystore"] = "memorystore"
    project: Annotated[
        str,
        Field(
            alias="gcp:project",
            examples=["my-project"],
            description="Project of Google Cloud; gcloud's own is not used",
        ),
    ]
    region: Annotated[
        str,
        Field(alias="gcp:region", examples=["us-central1"], description="Region of the application"),
    ]
    network: Annotated[
        str,
        checked(patterns.NETWORK.problem),
        Field(
            examples=["projects/my-project/global/networks/my-network"],
            description="Full name of the application's VPC network",
        ),
    ]
    private_service_access: Annotated[
        Literal["declare", "adopt"],
        Field(
            examples=["adopt"],
            description="Private service access of the network: declare creates it, adopt uses the existing one",
        ),
    ]
    allocated_range: Annotated[
        str | None,
        checked(patterns.ALLOCATED_RANGE.problem),
        Field(
            examples=["google-managed-services-my-network"],
            description="Allocated IP range, with adopt; unset: Google chooses",
        ),
    ] = None
    redis_version: Annotated[
        RedisVersion,
        Field(examples=[NEWEST], description="Redis version; an upgrade is in place, a downgrade is refused"),
    ] = NEWEST
    tls: Annotated[
        bool,
        Field(examples=["true"], description="TLS; false: plain text, for an application that cannot use REDIS_TLS_CA"),
    ] = True
    kms_key_name: Annotated[
        str | None,
        checked(patterns.KEY.problem),
        Field(
            examples=["projects/my-project/locations/us-central1/keyRings/my-ring/cryptoKeys/my-key"],
            description="Name of the KMS key that encrypts the cache, in its region; unset: a key of Google's",
        ),
    ] = None
    maintenance_window: Annotated[
        str,
        readable(windows.weekly),
        Field(
            examples=["sun:03:00-sun:04:00"],
            description="Weekly maintenance window, UTC, one hour",
        ),
    ] = "sun:03:00-sun:04:00"
    deletion_protection: Annotated[
        bool | None,
        Field(
            examples=["true"],
            description="Deletion protection; false needs an `up` before the `down`; unset: true in prod",
        ),
    ] = None

    physical_name = staticmethod(name_of)

    @field_validator("project", "region")
    @classmethod
    def _provider_is_told(cls, value: str, info: ValidationInfo) -> str:
        # An empty one would send the provider to the environment's.
        if not value:
            raise NotSet
        if problem := _PROVIDERS[info.field_name].problem(value):
            raise Refusal(f'"{{{info.field_name}}}" {problem}', example="")
        return value

    @field_validator("persistence")
    @classmethod
    def _prod_outlives_its_nodes(cls, persistence: Persistence | None, info: ValidationInfo) -> Persistence | None:
        if (info.data.get("tier"), persistence) == ("prod", "none"):
            raise Refusal(
                "{persistence} will not do for tier {tier}, which keeps snapshots", example="snapshot", tier="prod"
            )
        return persistence

    @field_validator("private_service_access")
    @classmethod
    def _a_shared_network_is_its_owners(cls, access: str, info: ValidationInfo) -> str:
        host, project = patterns.part(info.data.get("network", ""), "projects"), info.data.get("project")
        if access == "declare" and project and host not in (None, project):
            raise Refusal(
                "{private_service_access} would change project {network}, which shares its network with {project}: its "
                "owner makes the access there",
                example="adopt",
                network=host,
            )
        return access

    @field_validator("allocated_range")
    @classmethod
    def _range_is_of_an_adopted_access(cls, name: str | None, info: ValidationInfo) -> str | None:
        if name is not None and info.data.get("private_service_access") == "declare":
            raise Refusal(
                "{allocated_range} is for cache:privateServiceAccess adopt; declare allocates a range of its own"
            )
        return name

    @field_validator("kms_key_name")
    @classmethod
    def _key_lies_beside_the_cache(cls, key: str | None, info: ValidationInfo) -> str | None:
        location, region = patterns.part(key or "", "locations"), info.data.get("region")
        if region and location not in (None, region):
            raise Refusal(
                "lies in {kms_key_name}, and the cache in {region}, where its key has to be",
                example=(key or "").replace(f"/{location}/", f"/{region}/"),
                made_of="kms_key_name",
                kms_key_name=location,
            )
        return key

    @field_validator("maintenance_window")
    @classmethod
    def _google_takes_an_hour(cls, window: str) -> str:
        if len(windows.weekly(window)) != WINDOW_MINUTES:
            raise Wrong("it is not one hour, which is as long as Google's always is")
        return window

    @property
    def is_protected(self) -> bool:
        """Whether a destroy is refused: as asked, or in prod."""
        return self.tier == "prod" if self.deletion_protection is None else self.deletion_protection


SETTINGS: Final = MemorystoreSettings
