"""The settings of ElastiCache."""

import difflib
from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field, ValidationInfo, field_validator

from infra import sizing, windows
from infra.aws import patterns
from infra.backends.elasticache import nodes
from infra.backends.elasticache.naming import name_of
from infra.backends.elasticache.nodes import NODES, Node
from infra.backends.elasticache.versions import VERSIONS
from infra.capabilities import Capabilities, PasswordSupport, Persistence
from infra.patterns import Pattern
from infra.settings.access import AccessSettings
from infra.settings.base import NotSet, Refusal, Strings, Wrong, checked, each_checked, readable
from infra.settings.delivery import require_in_region
from infra.sizing import MEBIBYTE, TierName

# Replicas that take over when the primary fails, where nothing else is asked.
REPLICAS: Final[dict[TierName, int]] = {"dev": 0, "staging": 1, "prod": 1}

_STACK: Final = Pattern(r"[\w.-]+/[\w.-]+/[\w.-]+", "a stack with its organization and project")


class ElastiCacheSettings(AccessSettings):
    """What is asked of a replication group and of the network around it."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        passwords=PasswordSupport("us", 2),
        tls="yes",
        largest_replicas=5,
        # "Redis OSS configuration variables appendonly and appendfsync are not supported" (ElastiCache User Guide,
        # "Engine specific parameters"); replicas and snapshots stand in for an append-only file.
        persistence=frozenset({"snapshot", "none"}),
        default_persistence="snapshot",
        in_place_resize=True,
        private_network=True,
        cloud="aws",
        clouds_of_sinks=frozenset({"aws"}),
        verifiers=frozenset({"aws-lambda"}),
    )
    default_sinks: ClassVar[tuple[str, ...]] = ("aws-secrets-manager",)
    backend: Literal["elasticache"] = "elasticache"
    engine: Annotated[nodes.Engine, Field(examples=["redis"], description="Engine: Redis OSS or Valkey")] = "redis"
    engine_version: Annotated[
        str | None,
        Field(
            examples=["7.1"], description="Engine version, major and minor; unset: the newest that this project knows"
        ),
    ] = None
    node_type: Annotated[
        str | None,
        Field(
            examples=["cache.t4g.small"],
            description="Node type; unset: the cheapest that holds the memory",
        ),
    ] = None
    replicas: Annotated[
        int | None,
        Field(examples=["1"], ge=0, description="Replicas for failover; unset: none in dev, else one"),
    ] = None
    account_id: Annotated[
        str | None,
        checked(patterns.ACCOUNT.problem),
        Field(
            examples=["123456789012"],
            description="AWS account; credentials of another one are refused; unset: any account",
        ),
    ] = None
    network_stack: Annotated[
        str | None,
        checked(_STACK.problem),
        Field(
            examples=["organization/cache-network/prod"],
            description="Stack whose outputs name the network, such as examples/network",
        ),
    ] = None
    vpc_id: Annotated[
        str | None,
        checked(patterns.VPC.problem),
        Field(
            examples=["vpc-0123456789abcdef0"],
            validate_default=True,
            description="VPC of the application",
        ),
    ] = None
    subnet_ids: Annotated[
        Strings,
        each_checked(patterns.SUBNET.problem),
        Field(
            examples=["subnet-0123456789abcdef0,subnet-0123456789abcdef1"],
            validate_default=True,
            description="Private subnets of the VPC; with replicas, in two zones or more",
        ),
    ] = ()
    application_cidrs: Annotated[
        Strings,
        each_checked(patterns.client_network_problem),
        Field(examples=["10.0.0.0/16"], description="Private networks that may connect, as CIDR"),
    ] = ()
    application_security_group_ids: Annotated[
        Strings,
        each_checked(patterns.SECURITY_GROUP.problem),
        Field(
            examples=["sg-0123456789abcdef0"],
            validate_default=True,
            description="Security groups whose members may connect",
        ),
    ] = ()
    kms_key_arn: Annotated[
        str | None,
        checked(patterns.KEY.problem),
        Field(
            examples=["arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"],
            description="ARN of the KMS key that encrypts the cache and its logs; its policy must allow "
            "CloudWatch Logs; unset: a key that the stack creates",
        ),
    ] = None
    maintenance_window: Annotated[
        str,
        readable(windows.weekly),
        Field(
            examples=["sun:03:00-sun:04:00", "sun:11:00-sun:12:00", "sun:19:00-sun:20:00"],
            description="Weekly maintenance window, UTC",
        ),
    ] = "sun:03:00-sun:04:00"
    snapshot_window: Annotated[
        str | None,
        readable(windows.daily),
        Field(
            examples=["01:00-02:00"],
            description="Window of the daily snapshot, UTC; unset: 01:00-02:00, or an hour outside maintenance",
        ),
    ] = None
    apply_immediately: Annotated[
        bool | None,
        Field(
            examples=["true"],
            description="Immediate change of node type or version; false: in the maintenance window; "
            "unset: true, in prod false",
        ),
    ] = None

    physical_name = staticmethod(name_of)

    @field_validator("persistence")
    @classmethod
    def _prod_can_be_restored(cls, persistence: Persistence | None, info: ValidationInfo) -> Persistence | None:
        if (info.data.get("tier"), persistence) == ("prod", "none"):
            raise Refusal(
                "{persistence} will not do for tier {tier}, which keeps snapshots", example="snapshot", tier="prod"
            )
        return persistence

    @field_validator("engine_version")
    @classmethod
    def _engine_has_the_version(cls, version: str | None, info: ValidationInfo) -> str | None:
        engine = info.data.get("engine")
        if version is not None and engine is not None and version not in VERSIONS[engine]:
            raise Refusal(
                "is not a version of {engine}; there are {versions}",
                example=VERSIONS[engine][0],
                versions=", ".join(VERSIONS[engine]),
            )
        return version

    @field_validator("node_type")
    @classmethod
    def _node_holds_the_memory(cls, node_type: str | None, info: ValidationInfo) -> str | None:
        if node_type is None:
            return None
        if node_type not in NODES:
            nearest = difflib.get_close_matches(node_type, NODES, n=1)
            raise Refusal("is not a node type that is known here", example="".join(nearest), made_of="node_type")
        known = info.data
        if not {"organizations", "tier", "memory_mb", "engine"} <= known.keys():
            return node_type
        node, engine = NODES[node_type], known["engine"]
        needed = MEBIBYTE * sizing.memory_mb(
            known["tier"], asked_mb=known["memory_mb"], organizations=known["organizations"]
        )
        cheapest = nodes.smallest(needed, engine).name
        if engine not in node.engines:
            raise Refusal("{node_type} is not for {engine}", example=cheapest)
        if node.usable_bytes < needed:
            raise Refusal(
                "{node_type} has {usable} MiB for data, after the quarter that AWS keeps, and {memory_mb} MiB are "
                "asked for",
                example=cheapest,
                usable=node.usable_bytes // MEBIBYTE,
                memory_mb=needed // MEBIBYTE,
            )
        return node_type

    @field_validator("replicas")
    @classmethod
    def _replicas_can_be_had(cls, replicas: int | None, info: ValidationInfo) -> int | None:
        largest = cls.capabilities.largest_replicas
        if replicas is not None and replicas > largest:
            raise Refusal(f"{{replicas}} is more than the {largest} of elasticache", example="")
        if replicas == 0 and info.data.get("tier") == "prod":
            raise Refusal(
                "{replicas} will not do for tier {tier}, where another node has to take over", example="", tier="prod"
            )
        return replicas

    @field_validator("account_id")
    @classmethod
    def _parameters_are_read_in_their_own_account(cls, account_id: str | None, info: ValidationInfo) -> str | None:
        arn = info.data.get("secret_reader_role_arn")
        if arn and account_id not in (None, arn.split(":")[4]) and cls.goes_to("aws-ssm", info.data):
            raise Refusal(
                "is a role of another account than cache:accountId {account_id}, and aws-ssm serves its own alone",
                field="secret_reader_role_arn",
                example=f"arn:aws:iam::{account_id}:role/application",
                made_of="account_id",
            )
        return account_id

    @field_validator("vpc_id", "subnet_ids", "application_security_group_ids")
    @classmethod
    def _network_is_named_once(
        cls, value: str | tuple[str, ...] | None, info: ValidationInfo
    ) -> str | tuple[str, ...] | None:
        # One that is not valid is to be, all the same.
        if info.data.get("network_stack", "invalid"):
            if value:
                raise Refusal("comes from the stack that cache:networkStack names")
        elif not value and info.field_name != "application_security_group_ids":
            raise NotSet(instead="network_stack")
        elif not value and not info.data.get("application_cidrs", True):
            raise NotSet("who may connect; or set cache:applicationCidrs", instead="network_stack")
        return value

    @field_validator("subnet_ids")
    @classmethod
    def _replicas_have_a_subnet_each(cls, subnet_ids: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        replicas = info.data.get("replicas")
        if replicas is None:
            replicas = REPLICAS.get(info.data.get("tier", "dev"), 0)
        if len(subnet_ids) == 1 and replicas:
            raise Wrong("it is one subnet, and replicas need two, in different zones")
        return subnet_ids

    @field_validator("kms_key_arn")
    @classmethod
    def _key_lies_beside_the_cache(cls, arn: str | None, info: ValidationInfo) -> str | None:
        require_in_region(arn, info)
        return arn

    @field_validator("maintenance_window")
    @classmethod
    def _maintenance_leaves_an_hour(cls, window: str, info: ValidationInfo) -> str:
        if info.data.get("persistence") != "none" and not windows.free_hour(window):
            raise Wrong("it leaves no hour of every day for the snapshot")
        return window

    @field_validator("snapshot_window")
    @classmethod
    def _snapshots_are_at_another_time(cls, window: str | None, info: ValidationInfo) -> str | None:
        maintenance = info.data.get("maintenance_window")
        # Without snapshots no window is sent.
        if window is None or maintenance is None or info.data.get("persistence") == "none":
            return window
        if windows.overlap(windows.weekly(maintenance), windows.daily(window)):
            raise Refusal(
                "{value} will not do: it overlaps the maintenance window, {maintenance_window}",
                example=windows.free_hour(maintenance) or "",
            )
        return window

    @property
    def chosen_replicas(self) -> int:
        """How many replicas take over: as asked, or what the tier is given."""
        return REPLICAS[self.tier] if self.replicas is None else self.replicas

    @property
    def chosen_engine_version(self) -> str:
        """The engine's version, major and minor."""
        return self.engine_version or VERSIONS[self.engine][0]

    @property
    def node(self) -> Node:
        """The node type: as asked, or the cheapest that holds the memory."""
        return NODES[self.node_type] if self.node_type else nodes.smallest(self.maxmemory_bytes, self.engine)

    @property
    def chosen_snapshot_window(self) -> str | None:
        """When the snapshot is taken: as asked, or an hour that maintenance leaves. None without snapshots."""
        if self.chosen_persistence == "none":
            return None
        return self.snapshot_window or windows.free_hour(self.maintenance_window)

    @property
    def applies_immediately(self) -> bool:
        """Whether a change is made at once, and not in the maintenance window."""
        return self.tier != "prod" if self.apply_immediately is None else self.apply_immediately


SETTINGS: Final = ElastiCacheSettings
