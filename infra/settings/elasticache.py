"""The settings of ElastiCache."""

import difflib
from collections.abc import Collection, Mapping
from typing import Annotated, Final

from infra import sizing, windows
from infra.aws import patterns
from infra.backends.elasticache import nodes
from infra.backends.elasticache.naming import name_of
from infra.backends.elasticache.nodes import NODES, Node
from infra.backends.elasticache.versions import VERSIONS
from infra.capabilities import CAPABILITIES
from infra.patterns import Form
from infra.settings.managed import ManagedSettings
from infra.settings.model import Field, Known, Refusal, Wrong, rule
from infra.settings.vocabulary import (
    NAMESPACE,
    Only,
    Texts,
    checked,
    each_checked,
    example_of,
    name_problems,
    problem,
    values_of,
)
from infra.sizing import MEBIBYTE, TierName
from infra.windows import free_hour

# Replicas that take over when the primary fails, where nothing else is asked.
REPLICAS: Final[Mapping[TierName, int]] = {"dev": 0, "staging": 1, "prod": 1}

# What only the user can know of AWS, and what it is for.
NETWORK: Final[Mapping[str, str]] = {
    "vpcId": "the VPC that the application runs in",
    "subnetIds": "private subnets of that VPC, in two zones or more",
    "applicationSecurityGroupIds": "who may connect; or set cache:applicationCidrs",
}

_STACK: Final = Form(r"[\w.-]+/[\w.-]+/[\w.-]+", "a stack with its organization and project")


class ElastiCacheSettings(ManagedSettings):
    """What is asked of a replication group and of the network around it."""

    engine: Annotated[nodes.Engine, Field(example="redis", description="Redis OSS or Valkey"), Only("elasticache")] = (
        "redis"
    )
    engine_version: Annotated[
        str | None,
        Field(example="7.1", description="The engine's version, major and minor; unset: the newest known here"),
        Only("elasticache"),
    ] = None
    node_type: Annotated[
        str | None,
        Field(
            example="cache.t4g.small",
            description="The machine of each node; unset: the cheapest that holds the memory",
        ),
        Only("elasticache"),
    ] = None
    replicas: Annotated[
        int | None,
        Field(example="1", ge=0, description="Copies that take over; unset: none in dev, else one"),
        Only("elasticache"),
    ] = None
    account_id: Annotated[
        str | None,
        checked(patterns.ACCOUNT.problem),
        Field(example="123456789012", description="The AWS account that this stack belongs to"),
        Only("elasticache"),
    ] = None
    network_stack: Annotated[
        str | None,
        checked(_STACK.problem),
        Field(
            example="organization/cache-network/prod",
            description="The stack whose outputs name VPC, subnets and the application's security group",
        ),
        Only("elasticache"),
    ] = None
    vpc_id: Annotated[
        str | None,
        checked(patterns.VPC.problem),
        Field(example="vpc-0123456789abcdef0", description="The VPC that the cache stands in"),
        Only("elasticache"),
    ] = None
    subnet_ids: Annotated[
        Texts,
        each_checked(patterns.SUBNET.problem),
        Field(
            example="subnet-0123456789abcdef0,subnet-0123456789abcdef1",
            description="Private subnets of the VPC; with replicas in two zones or more",
        ),
        Only("elasticache"),
    ] = ()
    application_security_group_ids: Annotated[
        Texts,
        each_checked(patterns.SECURITY_GROUP.problem),
        Field(example="sg-0123456789abcdef0", description="Security groups whose members may connect"),
        Only("elasticache"),
    ] = ()
    application_cidrs: Annotated[
        Texts,
        each_checked(patterns.client_network_problem),
        Field(example="10.0.0.0/16", description="Private networks whose machines may connect"),
        Only("elasticache"),
    ] = ()
    kms_key_arn: Annotated[
        str | None,
        checked(patterns.KEY.problem),
        Field(
            example="arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
            description="A key to encrypt with, whose policy lets CloudWatch Logs use it; "
            "unset: one of the stack's own",
        ),
        Only("elasticache"),
    ] = None
    snapshot_window: Annotated[
        str | None,
        Field(
            example="01:00-02:00",
            description="When AWS takes the daily snapshot, UTC; unset: 01:00-02:00, or an hour free of maintenance",
        ),
        Only("elasticache"),
    ] = None
    apply_immediately: Annotated[
        bool | None,
        Field(
            example="true",
            description="Whether another node type or version comes at once, and not in the maintenance window; "
            "unset: at once, but not in prod",
        ),
        Only("elasticache"),
    ] = None

    @rule("persistence")
    @staticmethod
    def _prod_can_be_restored(persistence: str | None, known: Known) -> None:
        if (known.get("backend"), known.get("tier"), persistence) == ("elasticache", "prod", "none"):
            raise Refusal("none will not do for tier prod, which keeps snapshots", example="snapshot")

    @rule("engine_version")
    @staticmethod
    def _engine_has_the_version(version: str | None, known: Known) -> None:
        engine = known.get("engine")
        if version is not None and engine is not None and version not in VERSIONS[engine]:
            raise Refusal(
                f"is not a version of {engine}; there are {', '.join(VERSIONS[engine])}",
                example=VERSIONS[engine][0],
            )

    @rule("node_type")
    @staticmethod
    def _node_holds_the_memory(node_type: str | None, known: Known) -> None:
        if node_type is None:
            return
        if node_type not in NODES:
            nearest = difflib.get_close_matches(node_type, NODES, n=1)
            raise Refusal("is not a node type that is known here", example="".join(nearest))
        if not {"organizations", "tier", "memory_mb", "engine"} <= known.keys():
            return
        node, engine = NODES[node_type], known["engine"]
        wanted = MEBIBYTE * sizing.memory_mb(
            known["tier"], asked_mb=known["memory_mb"], organizations=known["organizations"]
        )
        if engine not in node.engines:
            raise Refusal(f"{node_type} is not for {engine}", example=nodes.smallest(wanted, engine).name)
        if node.usable_bytes < wanted:
            raise Refusal(
                f"{node_type} has {node.usable_bytes // MEBIBYTE} MiB for data, after the quarter that AWS keeps, and "
                f"{wanted // MEBIBYTE} MiB are asked for",
                example=nodes.smallest(wanted, engine).name,
            )

    @rule("replicas")
    @staticmethod
    def _replicas_can_be_had(replicas: int | None, known: Known) -> None:
        can = CAPABILITIES.get(known.get("backend", ""))
        if replicas is None or can is None:
            return
        if replicas > can.largest_replicas:
            raise Refusal(f"{replicas} is more than the {can.largest_replicas} of {known['backend']}", example="1")
        if replicas == 0 and known.get("tier") == "prod":
            raise Refusal("0 will not do for tier prod, where another node has to take over", example="1")

    @rule("subnet_ids")
    @staticmethod
    def _replicas_have_a_subnet_each(subnet_ids: Texts, known: Known) -> None:
        replicas = known.get("replicas")
        if replicas is None:
            replicas = REPLICAS.get(known.get("tier", ""), 0)
        if len(subnet_ids) == 1 and replicas:
            raise Wrong("it is one subnet, and replicas need two, in different zones")

    @rule("maintenance_window")
    @staticmethod
    def _maintenance_leaves_an_hour(window: str, known: Known) -> None:
        if known.get("backend") == "elasticache" and known.get("persistence") != "none" and not free_hour(window):
            raise Wrong("it leaves no hour of every day for the snapshot")

    @rule("snapshot_window")
    @staticmethod
    def _snapshots_are_at_another_time(window: str | None, known: Known) -> None:
        if window is None:
            return
        try:
            snapshot = windows.daily(window)
        except ValueError as error:
            raise Wrong(f"it {error}") from None
        maintenance = known.get("maintenance_window")
        # Google has no window for snapshots, and without snapshots none is sent.
        if maintenance is None or known.get("backend") != "elasticache" or known.get("persistence") == "none":
            return
        if windows.overlap(windows.weekly(maintenance), snapshot):
            raise Wrong(f"it overlaps the maintenance window, {maintenance}", example=free_hour(maintenance) or "")

    @property
    def chosen_replicas(self) -> int:
        """How many copies take over: as asked, or what the tier is given."""
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
        return self.snapshot_window or free_hour(self.maintenance_window)

    @property
    def applies_immediately(self) -> bool:
        """Whether a change is made at once, and not in the maintenance window."""
        return self.tier != "prod" if self.apply_immediately is None else self.apply_immediately


def example_network(values: Mapping[str, str]) -> dict[str, str]:
    """Make up what only the user can know of AWS, for a stack that names nothing of it yet; keys without namespace."""
    named = {*NETWORK, "applicationCidrs", "networkStack"} & values.keys()
    if values.get("backend") != "elasticache" or named:
        return {}
    return {key: _example(key) for key in NETWORK}


def wanting(config: Mapping[str, str], stack: str, _secret_keys: Collection[str]) -> list[str]:
    """Ask for everything that only the user can know of AWS, and see to the name that the stack gives."""
    values = values_of(config)
    found = name_problems(name_of, stack)
    if "networkStack" in values:
        return found + [
            problem(
                f"{NAMESPACE}:{key} comes from the stack that {NAMESPACE}:networkStack names",
                cure=f"config rm {NAMESPACE}:{key}",
                stack=stack,
            )
            for key in NETWORK
            if key in values
        ]
    wanting = [key for key in NETWORK if key not in values]
    if "applicationCidrs" in values and "applicationSecurityGroupIds" in wanting:
        wanting.remove("applicationSecurityGroupIds")
    found += [
        problem(
            f"{NAMESPACE}:{key} is not set: {NETWORK[key]}",
            cure=f"config set {NAMESPACE}:{key} {_example(key)}",
            stack=stack,
        )
        for key in wanting
    ]
    if wanting:
        found[-1] += "\n" + problem(
            "or take the network from the outputs of another stack, such as examples/network makes",
            cure=f"config set {NAMESPACE}:networkStack {_example('networkStack')}",
            stack=stack,
        )
    return found


def _example(key: str) -> str:
    return example_of(ElastiCacheSettings, key)
