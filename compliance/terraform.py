"""What a stack declares, as Terraform would plan it: the one form that offline scanners read.

No scanner takes Pulumi's own (bridgecrewio/checkov issue 7601). Names follow the rules by which Pulumi's providers are
made from Terraform's, read backwards; what breaks the rules stands in the tables.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from pulumi.runtime import rpc

from infra.plan import UNKNOWN, Plan, Resource
from runner.inprocess import wire
from runner.inprocess.deployment import Registration

FORMAT_VERSION: Final = "1.2"
TERRAFORM_VERSION: Final = "1.9.0"

# Long enough for every rule about a password's length, and the value of none.
MASK: Final = "masked-by-the-renderer"

# What has no counterpart in Terraform: resources that carry their own provider, and Pulumi's own.
PULUMI_ALONE: Final = ("pulumi-python", "pulumi")

PROVIDERS: Final = {"gcp": "google", "azure": "azurerm"}

# A module's name in the type, where it is not the same word; "index" stands for no module.
MODULES: Final = {
    ("aws", "ec2"): "",
    ("aws", "lambda"): "lambda",
    ("docker", "index"): "",
    ("gcp", "secretmanager"): "secret_manager",
    ("gcp", "servicenetworking"): "service_networking",
}

# A type that no rule leads to.
TYPES: Final = {
    "docker:index/remoteImage:RemoteImage": "docker_image",
    "aws:ec2/eip:Eip": "aws_eip",
    "kubernetes:core/v1:Secret": "kubernetes_secret",
}

# Attributes whose keys are the user's own words.
MAPS: Final = frozenset(
    {
        "data",
        "tags",
        "tags_all",
        "labels",
        "log_opts",
        "variables",
        "annotations",
        "redis_configs",
        "encryption_context_subset",
    }
)

# Attributes whose name no rule leads to, by Terraform's type; among them are blocks whose name is a plural there too.
ATTRIBUTES: Final[Mapping[str, Mapping[str, str]]] = {
    "aws_kms_grant": {"constraints": "constraints"},
    "aws_lambda_function": {"code": "filename", "name": "function_name"},
    "google_secret_manager_secret": {"replicas": "replicas"},
}


def render(declared: Iterable[Registration]) -> Plan:
    """Turn what a program declares into a plan; what has no counterpart in Terraform is left out."""
    rendered = sorted(
        (each for each in declared if each.type.partition(":")[0] not in PULUMI_ALONE), key=lambda each: each.urn
    )
    addresses: dict[str, tuple[str, str]] = {}
    for each in rendered:
        addresses[each.urn] = _address(each, set(addresses.values()))
    resources = [_resource(each, addresses) for each in rendered]
    return Plan({resource.address: resource for resource in resources})


def to_json(plan: Plan) -> dict[str, Any]:
    """Return the plan in Terraform's JSON output format, as if everything were about to be created.

    Source: Terraform's documentation, "JSON Output Format"; checkov's terraform/plan_parser.py, which reads it.
    """
    resources = list(plan.resources.values())
    return {
        "format_version": FORMAT_VERSION,
        "terraform_version": TERRAFORM_VERSION,
        "planned_values": {"root_module": {"resources": [_planned(each) for each in resources]}},
        "resource_changes": [_change(each) for each in resources],
        "configuration": {"root_module": {"resources": [_configuration(each) for each in resources]}},
    }


def terraform_type(pulumi_type: str) -> str:
    """Return Terraform's name of a type: `aws:kms/key:Key` is `aws_kms_key`."""
    if pulumi_type in TYPES:
        return TYPES[pulumi_type]
    provider, module, name = pulumi_type.split(":")
    folder = module.partition("/")[0]
    middle = MODULES.get((provider, folder), "" if folder == "index" else _snake(folder))
    return "_".join(part for part in (PROVIDERS.get(provider, provider), middle, _snake(name)) if part)


def _address(declared: Registration, taken: set[tuple[str, str]]) -> tuple[str, str]:
    type_ = terraform_type(declared.type)
    name = re.sub(r"\W", "_", declared.name, flags=re.ASCII)
    # Two names may differ in nothing but what Terraform does not allow.
    while (type_, name) in taken:
        name += "_"
    return type_, name


def _resource(declared: Registration, addresses: Mapping[str, tuple[str, str]]) -> Resource:
    type_, name = addresses[declared.urn]
    names = ATTRIBUTES.get(type_, {})
    values = _block({key: value for key, value in declared.inputs.items() if not key.startswith("__")}, names)
    references = {
        _attribute(key, declared.inputs.get(key), names): [".".join(addresses[urn]) for urn in urns if urn in addresses]
        for key, urns in declared.property_dependencies.items()
    }
    return Resource(
        type=type_,
        name=name,
        called=_called(declared),
        values=values,
        references={attribute: sorted(found) for attribute, found in references.items() if found},
        protected=declared.protect,
    )


def _called(declared: Registration) -> str:
    provider, module, class_name = declared.type.split(":")
    return f"{provider}:{module.partition('/')[0]}:{class_name} {declared.name}"


def _block(properties: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    return {
        _attribute(key, value, names): _value(_snake(key), value, names)
        for key, value in properties.items()
        if value is not None
    }


def _value(attribute: str, value: Any, names: Mapping[str, str]) -> Any:
    """Return a value with Terraform's names in it. Pulumi writes a block that is alone without its list."""
    if wire.is_secret(value):
        return wire.changed(_value(attribute, value["value"], names), _masked)
    if isinstance(value, Mapping):
        if rpc._special_sig_key in value:  # noqa: SLF001 - a file, or a whole resource: nothing that a rule looks into
            return UNKNOWN
        if attribute in MAPS:
            return {key: _value("", item, names) for key, item in value.items()}
        return [_block(value, names)]
    if isinstance(value, list):
        return [_item(item, names) for item in value]
    return value


def _item(item: Any, names: Mapping[str, str]) -> Any:
    """Return one item of a list: a block has no list of its own there."""
    found = _value("", item, names)
    return found[0] if isinstance(wire.plain(item), Mapping) and isinstance(found, list) else found


def _masked(value: Any) -> Any:
    """Take out what could be a secret, and leave what a rule can judge: the form, and yes or no."""
    if isinstance(value, dict | list | bool) or value is None or value == UNKNOWN:
        return value
    return 0 if isinstance(value, int | float) else MASK


def _attribute(key: str, value: Any, names: Mapping[str, str]) -> str:
    """Name an attribute. A list of blocks is plural at Pulumi, and singular at Terraform."""
    name = _snake(key)
    if name in names:
        return names[name]
    plain = wire.plain(value)
    blocks = isinstance(plain, list) and bool(plain) and all(isinstance(item, Mapping) for item in plain)
    if not blocks or name.endswith("ss"):
        return name
    return re.sub(r"ies$", "y", name) if name.endswith("ies") else name.removesuffix("s")


def _snake(name: str) -> str:
    """Write `kmsKeyId` and `KmsKeyId` as `kms_key_id`."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _identity(resource: Resource) -> dict[str, Any]:
    return {"address": resource.address, "mode": "managed", "type": resource.type, "name": resource.name}


def _planned(resource: Resource) -> dict[str, Any]:
    return {**_identity(resource), "values": _known(resource.values)}


def _change(resource: Resource) -> dict[str, Any]:
    unknown = {key: True for key, value in resource.values.items() if value == UNKNOWN}
    change = {"actions": ["create"], "before": None, "after": _known(resource.values), "after_unknown": unknown}
    return {**_identity(resource), "change": change}


def _configuration(resource: Resource) -> dict[str, Any]:
    expressions = {attribute: {"references": list(found)} for attribute, found in resource.references.items()}
    return {**_identity(resource), "expressions": expressions}


def _known(value: Any) -> Any:
    """Leave out what is not known; in a list it keeps its place as null, where checkov puts the reference."""
    if isinstance(value, Mapping):
        return {key: _known(item) for key, item in value.items() if item != UNKNOWN}
    if isinstance(value, list):
        return [None if item == UNKNOWN else _known(item) for item in value]
    return value
