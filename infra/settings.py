"""What a stack asks for: its configuration as one frozen, validated model.

Pure: a mapping in, `Settings` or one error that lists every problem out. Secrets are never part of it, so the
model can be printed.
"""

import difflib
import ipaddress
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, get_args
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails, PydanticCustomError

from infra import sizing
from infra.aws import nodes, windows
from infra.aws.forms import client_network_problem, form_problem
from infra.aws.naming import name_of
from infra.aws.nodes import NODES, Node
from infra.aws.releases import VERSIONS
from infra.capabilities import CAPABILITIES, Persistence
from infra.sizing import MEBIBYTE, TIERS, TierName
from verify.capacity import InvalidForecast
from verify.workload import InvalidWorkload

NAMESPACE: Final = "cache"

BackendName = Literal["local", "docker", "elasticache", "memorystore", "rediscloud", "memory"]
MaxmemoryPolicy = Literal[
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
    "noeviction",
]

# Replicas that take over when the primary fails, where nothing else is asked.
REPLICAS: Final[Mapping[TierName, int]] = {"dev": 0, "staging": 1, "prod": 1}

# What only the user can know of AWS, and what it is for.
NETWORK: Final[Mapping[str, str]] = {
    "vpcId": "the VPC that the application runs in",
    "subnetIds": "private subnets of that VPC, in two zones or more",
    "applicationSecurityGroupIds": "who may connect; or set cache:applicationCidrs",
}


class InvalidSettings(Exception):
    """The stack's configuration has problems; the message lists each with the command that cures it."""


@dataclass(frozen=True)
class Only:
    """Marks a setting that only some backends have."""

    backends: tuple[BackendName, ...]

    def __init__(self, *backends: BackendName) -> None:
        """Name the backends."""
        object.__setattr__(self, "backends", backends)


def _texts(value: object) -> object:
    """Read a list as Pulumi hands it over, as JSON; or, typed on a command line, with commas."""
    if not isinstance(value, str):
        return value
    if value.lstrip().startswith("["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return [item.strip() for item in value.split(",") if item.strip()]


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]


class Settings(BaseModel):
    """The settings of one stack. A field `maxmemory_policy` is the configuration key `cache:maxmemoryPolicy`.

    The order matters: a validator sees the fields before its own.
    """

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True, hide_input_in_errors=True)

    backend: Annotated[BackendName, Field(description="Where the Redis runs")]
    organizations: Annotated[
        int | None, Field(gt=0, description="In place of memoryMb: how many organizations the memory has to hold")
    ] = None
    tier: Annotated[
        TierName, Field(description="The size and the care; unset: the first that holds the organizations")
    ] = "dev"
    memory_mb: Annotated[int | None, Field(gt=0, description="Usable memory in MiB, within what the tier allows")] = (
        None
    )
    maxmemory_policy: Annotated[MaxmemoryPolicy, Field(description="What Redis does when its memory is full")] = (
        "allkeys-lru"
    )
    persistence: Annotated[
        Persistence | None, Field(description="How data outlive a restart; unset: what the backend does best")
    ] = None
    port: Annotated[
        int | None,
        Field(ge=0, le=65535, description="The TCP port; for local, 0 picks a free one and keeps it"),
        Only("local", "docker"),
    ] = None
    folder: Annotated[
        str | None,
        Field(min_length=1, description="Where the server's files are kept; relative to the project"),
        Only("local"),
    ] = None
    image: Annotated[
        str, Field(description="An image of Redis with a user named redis, and a tag or digest"), Only("docker")
    ] = "redis:7-alpine"
    docker_host: Annotated[
        str | None,
        Field(description="Another Docker daemon, as DOCKER_HOST names it; before a change of it: make down"),
        Only("docker"),
    ] = None
    bind_address: Annotated[
        str,
        # Validated as the default too: it will not do for a daemon on another machine.
        Field(description="The address of the daemon's machine that the port is published on", validate_default=True),
        Only("docker"),
    ] = "127.0.0.1"

    engine: Annotated[nodes.Engine, Field(description="Redis OSS or Valkey"), Only("elasticache")] = "redis"
    engine_version: Annotated[
        str | None,
        Field(description="The engine's version, major and minor; unset: the newest known here"),
        Only("elasticache"),
    ] = None
    node_type: Annotated[
        str | None,
        Field(description="The machine of each node; unset: the cheapest that holds the memory"),
        Only("elasticache"),
    ] = None
    replicas: Annotated[
        int | None,
        Field(ge=0, description="Copies that take over; unset: none in dev, else one"),
        Only("elasticache"),
    ] = None
    account_id: Annotated[
        str | None, Field(description="The AWS account that this stack belongs to"), Only("elasticache")
    ] = None
    network_stack: Annotated[
        str | None,
        Field(description="The stack whose outputs name VPC, subnets and the application's security group"),
        Only("elasticache"),
    ] = None
    vpc_id: Annotated[str | None, Field(description="The VPC that the cache stands in"), Only("elasticache")] = None
    subnet_ids: Annotated[
        Texts, Field(description="Private subnets of the VPC; with replicas in two zones or more"), Only("elasticache")
    ] = ()
    application_security_group_ids: Annotated[
        Texts, Field(description="Security groups whose members may connect"), Only("elasticache")
    ] = ()
    application_cidrs: Annotated[
        Texts, Field(description="Private networks whose machines may connect"), Only("elasticache")
    ] = ()
    kms_key_arn: Annotated[
        str | None,
        Field(description="A key to encrypt with; unset: one of the stack's own"),
        Only("elasticache"),
    ] = None
    maintenance_window: Annotated[
        str, Field(description="When AWS may maintain the cache, UTC"), Only("elasticache")
    ] = "sun:03:00-sun:04:00"
    snapshot_window: Annotated[
        str,
        # Validated as the default too: the maintenance window may overlap it.
        Field(description="When AWS takes the daily snapshot, UTC", validate_default=True),
        Only("elasticache"),
    ] = "01:00-02:00"
    apply_immediately: Annotated[
        bool | None,
        Field(description="Changes at once, or in the maintenance window; unset: at once, but not in prod"),
        Only("elasticache"),
    ] = None

    budget_usd: Annotated[
        float | None,
        Field(
            gt=0, allow_inf_nan=False, description="What the stack may cost a month, in USD; beyond it nothing is done"
        ),
    ] = None
    unreachable: Annotated[
        Literal["fail", "warn"],
        Field(description="What an `up` does about a cache that cannot be reached from where it runs"),
    ] = "fail"
    verify_from: Annotated[
        Literal["auto", "here", "aws-lambda"],
        Field(description="Where the checks run: here, or inside the cache's network; auto: as the backend needs"),
    ] = "auto"
    application_url: Annotated[
        str | None,
        Field(
            pattern=r"^https?://[^/\s]+",
            description="The application, whose /cache/health and /cache/status an `up` then asks",
        ),
    ] = None

    # Validators of one field, which see the valid fields before it, and not of the model: pydantic runs those
    # only once everything else is valid, and a user wants all problems at once.

    @field_validator("organizations")
    @classmethod
    def _organizations_fit_a_tier(cls, organizations: int | None) -> int | None:
        if organizations is not None:
            try:
                sizing.tier_for(sizing.memory_mb_for(organizations))
            except (InvalidForecast, InvalidWorkload, ValueError) as problem:
                raise _refusal(f"{organizations} cannot be had: {problem}", example="1000000") from None
        return organizations

    @field_validator("tier")
    @classmethod
    def _tier_holds_the_organizations(cls, tier: TierName, info: ValidationInfo) -> TierName:
        organizations = info.data.get("organizations")
        if organizations is None:
            return tier
        needed_mb = sizing.memory_mb_for(organizations)
        if needed_mb > TIERS[tier].largest_mb:
            raise _refusal(
                f"{tier} goes to {TIERS[tier].largest_mb} MiB, and {organizations} organizations need {needed_mb} MiB",
                example=sizing.tier_for(needed_mb),
            )
        return tier

    @field_validator("memory_mb")
    @classmethod
    def _memory_is_asked_for_once(cls, memory_mb: int | None, info: ValidationInfo) -> int | None:
        if memory_mb is not None and info.data.get("organizations") is not None:
            raise _refusal(f"{memory_mb} and cache:organizations {info.data['organizations']} exclude each other")
        return memory_mb

    @field_validator("memory_mb")
    @classmethod
    def _memory_fits_the_tier(cls, memory_mb: int | None, info: ValidationInfo) -> int | None:
        tier = TIERS.get(info.data.get("tier", ""))
        if memory_mb is None or tier is None or tier.smallest_mb <= memory_mb <= tier.largest_mb:
            return memory_mb
        raise _refusal(
            f"{memory_mb} MiB is outside tier {info.data['tier']}, which goes from {tier.smallest_mb} to "
            f"{tier.largest_mb} MiB",
            example=str(tier.default_mb),
        )

    @field_validator("maxmemory_policy")
    @classmethod
    def _backend_has_the_policy(cls, policy: str, info: ValidationInfo) -> str:
        can = CAPABILITIES.get(info.data.get("backend", ""))
        if can is not None and policy not in can.policies:
            raise _refusal(f'"{policy}" is not a policy of {info.data["backend"]}', example=min(can.policies))
        return policy

    @field_validator("persistence")
    @classmethod
    def _backend_has_the_persistence(cls, persistence: str | None, info: ValidationInfo) -> str | None:
        can = CAPABILITIES.get(info.data.get("backend", ""))
        if persistence is not None and can is not None and persistence not in can.persistence:
            raise _refusal(
                f'"{persistence}" is not what {info.data["backend"]} can do; it can: '
                f"{', '.join(sorted(can.persistence))}",
                example=can.default_persistence,
            )
        return persistence

    @field_validator("port")
    @classmethod
    def _a_published_port_is_chosen(cls, port: int | None, info: ValidationInfo) -> int | None:
        if port == 0 and info.data.get("backend") == "docker":
            raise _refusal("0 will not do for docker, which would pick another port at every start", example="6379")
        return port

    @field_validator("image")
    @classmethod
    def _image_names_its_version(cls, image: str) -> str:
        if re.fullmatch(r"[a-z0-9][\w./:-]*(:(?!latest$)[\w.-]+|@sha256:[0-9a-f]{64})", image, re.ASCII):
            return image
        raise _wrong("it is not an image with its version, which is a tag other than latest or a digest")

    @field_validator("docker_host")
    @classmethod
    def _docker_host_is_a_daemon(cls, docker_host: str | None) -> str | None:
        if docker_host is None:
            return None
        parts = urlsplit(docker_host)
        if (parts.scheme == "unix" and parts.path) or (parts.scheme in {"tcp", "ssh"} and parts.hostname):
            return docker_host
        raise _wrong("it is not unix:///path, tcp://host:port or ssh://user@host")

    @field_validator("bind_address")
    @classmethod
    def _bind_address_can_be_reached(cls, bind_address: str, info: ValidationInfo) -> str:
        try:
            address = ipaddress.ip_address(bind_address)
        except ValueError:
            raise _wrong("it is not an IP address") from None
        daemon = remote_host(info.data.get("docker_host"))
        if daemon is not None and address.is_loopback:
            raise _refusal(
                f"{bind_address} is reached from {daemon} alone, where cache:dockerHost has the daemon",
                example="0.0.0.0",  # noqa: S104 - for the user to choose, and the backend warns of it
            )
        return bind_address

    @field_validator("persistence")
    @classmethod
    def _prod_can_be_restored(cls, persistence: str | None, info: ValidationInfo) -> str | None:
        if (info.data.get("backend"), info.data.get("tier"), persistence) == ("elasticache", "prod", "none"):
            raise _refusal("none will not do for tier prod, which keeps snapshots", example="snapshot")
        return persistence

    @field_validator("engine_version")
    @classmethod
    def _engine_has_the_version(cls, version: str | None, info: ValidationInfo) -> str | None:
        engine = info.data.get("engine")
        if version is not None and engine is not None and version not in VERSIONS[engine]:
            raise _refusal(
                f"is not a version of {engine}; there are {', '.join(VERSIONS[engine])}",
                example=VERSIONS[engine][0],
            )
        return version

    @field_validator("node_type")
    @classmethod
    def _node_holds_the_memory(cls, node_type: str | None, info: ValidationInfo) -> str | None:
        if node_type is None:
            return None
        if node_type not in NODES:
            nearest = difflib.get_close_matches(node_type, NODES, n=1)
            raise _refusal("is not a node type that is known here", example="".join(nearest))
        if not {"organizations", "tier", "memory_mb", "engine"} <= info.data.keys():
            return node_type
        node, engine = NODES[node_type], info.data["engine"]
        wanted = MEBIBYTE * sizing.memory_mb(
            info.data["tier"], asked_mb=info.data["memory_mb"], organizations=info.data["organizations"]
        )
        if engine not in node.engines:
            raise _refusal(f"{node_type} is not for {engine}", example=nodes.smallest(wanted, engine).name)
        if node.usable_bytes < wanted:
            raise _refusal(
                f"{node_type} has {node.usable_bytes // MEBIBYTE} MiB for data, after the quarter that AWS keeps, and "
                f"{wanted // MEBIBYTE} MiB are asked for",
                example=nodes.smallest(wanted, engine).name,
            )
        return node_type

    @field_validator("replicas")
    @classmethod
    def _replicas_can_be_had(cls, replicas: int | None, info: ValidationInfo) -> int | None:
        can = CAPABILITIES.get(info.data.get("backend", ""))
        if replicas is None or can is None:
            return replicas
        if replicas > can.largest_replicas:
            raise _refusal(f"{replicas} is more than the {can.largest_replicas} of {info.data['backend']}", example="1")
        if replicas == 0 and info.data.get("tier") == "prod":
            raise _refusal("0 will not do for tier prod, where another node has to take over", example="1")
        return replicas

    @field_validator("account_id", "vpc_id", "network_stack", "kms_key_arn")
    @classmethod
    def _has_its_form(cls, text: str | None, info: ValidationInfo) -> str | None:
        problem = form_problem(str(info.field_name), text) if text is not None else None
        if problem:
            raise _wrong(f"it {problem}")
        return text

    @field_validator("subnet_ids", "application_security_group_ids", "application_cidrs")
    @classmethod
    def _each_has_its_form(cls, texts: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        field = str(info.field_name)
        if len(set(texts)) < len(texts):
            raise _wrong("it names the same twice")
        for place, text in enumerate(texts, start=1):
            problem = client_network_problem(text) if field == "application_cidrs" else form_problem(field, text)
            if problem:
                raise _wrong(f"item {place} {problem}")
        return texts

    @field_validator("subnet_ids")
    @classmethod
    def _replicas_have_a_subnet_each(cls, subnet_ids: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        replicas = info.data.get("replicas")
        if replicas is None:
            replicas = REPLICAS.get(info.data.get("tier", ""), 0)
        if len(subnet_ids) == 1 and replicas:
            raise _wrong("it is one subnet, and replicas need two, in different zones")
        return subnet_ids

    @field_validator("maintenance_window")
    @classmethod
    def _maintenance_is_once_a_week(cls, window: str) -> str:
        try:
            windows.weekly(window)
        except ValueError as problem:
            raise _wrong(f"it {problem}") from None
        return window

    @field_validator("snapshot_window")
    @classmethod
    def _snapshots_are_at_another_time(cls, window: str, info: ValidationInfo) -> str:
        try:
            snapshot = windows.daily(window)
        except ValueError as problem:
            raise _wrong(f"it {problem}") from None
        maintenance = info.data.get("maintenance_window")
        if maintenance is not None and windows.overlap(windows.weekly(maintenance), snapshot):
            raise _wrong(f"it overlaps the maintenance window, {maintenance}")
        return window

    @property
    def maxmemory_bytes(self) -> int:
        """The memory that the application can use, in bytes."""
        return MEBIBYTE * sizing.memory_mb(self.tier, asked_mb=self.memory_mb, organizations=self.organizations)

    @property
    def chosen_persistence(self) -> Persistence:
        """How data outlive a restart: as asked, or what the backend does best."""
        return self.persistence or CAPABILITIES[self.backend].default_persistence

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
    def applies_immediately(self) -> bool:
        """Whether a change is made at once, and not in the maintenance window."""
        return self.tier != "prod" if self.apply_immediately is None else self.apply_immediately


def remote_host(docker_host: str | None) -> str | None:
    """Give the machine of a Docker daemon that is not this one."""
    parts = urlsplit(docker_host or "")
    name = parts.hostname if parts.scheme in {"tcp", "ssh"} else None
    if name is None or name == "localhost":
        return None
    try:
        return None if ipaddress.ip_address(name).is_loopback else name
    except ValueError:
        return name


KEYS: Final = tuple(to_camel(field) for field in Settings.model_fields)

# What a fix-it line proposes where the problem itself does not say.
EXAMPLES: Final[Mapping[str, str]] = {
    "backend": "local",
    "tier": "dev",
    "memoryMb": "256",
    "organizations": "1000000",
    "budgetUsd": "100",
    "maxmemoryPolicy": "allkeys-lru",
    "persistence": "snapshot",
    "port": "6379",
    "unreachable": "fail",
    "verifyFrom": "auto",
    "applicationUrl": "https://your-app.encr.app",
    "image": "redis:7-alpine",
    "dockerHost": "ssh://you@host",
    "bindAddress": "127.0.0.1",
    "engine": "redis",
    "engineVersion": "7.1",
    "nodeType": "cache.t4g.small",
    "replicas": "1",
    "accountId": "123456789012",
    "networkStack": "organization/cache-network/prod",
    "vpcId": "vpc-0123456789abcdef0",
    "subnetIds": "subnet-0123456789abcdef0,subnet-0123456789abcdef1",
    "applicationSecurityGroupIds": "sg-0123456789abcdef0",
    "applicationCidrs": "10.0.0.0/16",
    "kmsKeyArn": "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    "maintenanceWindow": "sun:03:00-sun:04:00",
    "snapshotWindow": "01:00-02:00",
    "applyImmediately": "true",
}


def load(config: Mapping[str, str], *, stack: str, secret_keys: Collection[str] = ()) -> Settings:
    """Make the settings of `stack` from its configuration.

    `config` maps full keys ("cache:tier") to their text, as Pulumi hands them over; keys of other namespaces
    are other programs' and are left alone. `secret_keys` are the full keys whose values must never be shown.
    Raises `InvalidSettings` with all problems at once.
    """
    prefix = f"{NAMESPACE}:"
    values = {key.removeprefix(prefix): text for key, text in config.items() if key.startswith(prefix)}
    hidden = {key.removeprefix(prefix) for key in secret_keys}
    problems = [*_misplaced(values, stack), *_wanting_on_aws(values, stack)]
    settings = None
    try:
        settings = Settings.model_validate(_with_tier(values))
    except ValidationError as invalid:
        problems += [_describe(error, values, hidden, stack) for error in invalid.errors(include_url=False)]
    if settings is not None and not problems:
        return settings
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    header = f"the configuration of stack {stack} has {count}; edit Pulumi.{stack}.yaml, or run:"
    raise InvalidSettings("\n".join([header, *problems]))


def _with_tier(values: Mapping[str, str]) -> Mapping[str, str]:
    """Choose the tier of a stack that names its organizations alone."""
    if "organizations" not in values or "tier" in values:
        return values
    try:
        return {**values, "tier": sizing.tier_for(sizing.memory_mb_for(int(values["organizations"])))}
    except (ValueError, InvalidForecast, InvalidWorkload):
        # What is wrong with the number, its validator says.
        return values


def _misplaced(values: Mapping[str, str], stack: str) -> list[str]:
    """Name the settings that the stack's backend does not have."""
    backend = values.get("backend", "")
    found = []
    for field, information in Settings.model_fields.items():
        key = to_camel(field)
        only = next((mark.backends for mark in information.metadata if isinstance(mark, Only)), None)
        if key in values and only is not None and backend in get_args(BackendName) and backend not in only:
            owners = " and ".join(only)
            words = f"is a setting of {owners}, and this stack's backend is {backend}"
            found.append(f"  {NAMESPACE}:{key} {words}\n      pulumi config rm {NAMESPACE}:{key} --stack {stack}")
    return found


def _wanting_on_aws(values: Mapping[str, str], stack: str) -> list[str]:
    """Ask for everything that only the user can know of AWS, and see to the name that the stack gives."""
    if values.get("backend") != "elasticache":
        return []
    found = []
    try:
        name_of(stack)
    except ValueError as problem:
        found.append(f"  {problem}\n      pulumi stack rename prod --stack {stack}")
    if "networkStack" in values:
        return found + [
            f"  {NAMESPACE}:{key} comes from the stack that {NAMESPACE}:networkStack names\n"
            f"      pulumi config rm {NAMESPACE}:{key} --stack {stack}"
            for key in NETWORK
            if key in values
        ]
    wanting = [key for key in NETWORK if key not in values]
    if "applicationCidrs" in values and "applicationSecurityGroupIds" in wanting:
        wanting.remove("applicationSecurityGroupIds")
    found += [
        f"  {NAMESPACE}:{key} is not set: {NETWORK[key]}\n"
        f"      pulumi config set {NAMESPACE}:{key} {EXAMPLES[key]} --stack {stack}"
        for key in wanting
    ]
    if wanting:
        found[-1] += (
            "\n  or take the network from the outputs of another stack, such as examples/network makes\n"
            f"      pulumi config set {NAMESPACE}:networkStack {EXAMPLES['networkStack']} --stack {stack}"
        )
    return found


def _refusal(words: str, *, example: str = "") -> PydanticCustomError:
    """Refuse a value for a reason that pydantic's own rules cannot see."""
    return PydanticCustomError("settings", "{words}", {"words": words, "example": example})


def _wrong(words: str) -> PydanticCustomError:
    """Refuse a free text; the message shows it, unless it is a secret."""
    return PydanticCustomError("wrong", "{words}", {"words": words})


def _describe(error: ErrorDetails, values: Mapping[str, str], hidden: Collection[str], stack: str) -> str:
    context: Mapping[str, Any] = error.get("ctx", {})
    key = str(error["loc"][0])
    if key not in values:
        # A default that will not do is named by its field.
        key = to_camel(key)
    full_key = f"{NAMESPACE}:{key}"
    shown = "the value" if key in hidden else f'"{values.get(key)}"'
    fix = f"pulumi config set {full_key} {context.get('example') or EXAMPLES.get(key, 'VALUE')}"
    remove = f"pulumi config rm {full_key}"
    match error["type"]:
        case "extra_forbidden":
            nearest = difflib.get_close_matches(key, KEYS, n=1)
            words = (
                f"is no setting; did you mean {NAMESPACE}:{nearest[0]}?"
                if nearest
                else f"is no setting; there are {', '.join(f'{NAMESPACE}:{name}' for name in KEYS)}"
            )
            fix = remove
        case "missing":
            words = f"is not set; it is one of {', '.join(get_args(BackendName))}"
        case "literal_error":
            words = f"{shown} is not one of {context['expected']}"
        case "settings":
            words = str(context["words"])
            fix = fix if context["example"] else remove
        case _:
            # pydantic's own words ("Input should be a valid integer, ...") never hold the value.
            words = f"{shown} will not do: {error['msg'][:1].lower()}{error['msg'][1:]}"
    return f"  {full_key} {words}\n      {fix} --stack {stack}"
