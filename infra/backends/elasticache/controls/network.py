"""AWS security groups: no way in from public addresses, and none out to all of them.

checkov looks at ports 22, 80 and 3389 and at rules for all ports: 0.0.0.0/0 on 6379 passes it.
"""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, Final

from infra.backends.elasticache.controls.replication_group import GROUP
from infra.control import Control, Exemption, NotAssessed
from infra.plan import UNKNOWN, Plan, Resource

DECLARATION: Final = "infra/backends/elasticache/network.py"
SECURITY_GROUP: Final = "aws_security_group"
RULE: Final = "aws_security_group_rule"
INGRESS_RULE: Final = "aws_vpc_security_group_ingress_rule"
EGRESS_RULE: Final = "aws_vpc_security_group_egress_rule"

# RFC 1918, RFC 6598 (which AWS lets a VPC have too) and RFC 4193. Not `is_private`, which takes 0.0.0.0/0 for private
# in some versions of Python.
PRIVATE: Final = tuple(
    ipaddress.ip_network(network)
    for network in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
)
CIDRS: Final = ("cidr_ipv4", "cidr_ipv6", "cidr_blocks", "ipv6_cidr_blocks")
PREFIX_LISTS: Final = ("prefix_list_id", "prefix_list_ids")


def _rules(resource: Resource, direction: str) -> Iterator[Mapping[str, Any]]:
    """Yield the rules of one direction that a resource is or holds."""
    if resource.type == SECURITY_GROUP:
        # Rules that are not known yet may let anybody in.
        unknown = resource.values.get(direction) == UNKNOWN
        yield from [{"cidr_blocks": [UNKNOWN]}] if unknown else resource.blocks(direction)
    elif resource.type == RULE:
        if resource.values.get("type") == direction:
            yield resource.values
    elif resource.type == (INGRESS_RULE if direction == "ingress" else EGRESS_RULE):
        yield resource.values


def _networks(rule: Mapping[str, Any]) -> list[str]:
    found = [rule.get(attribute) or [] for attribute in CIDRS]
    return [str(cidr) for cidrs in found for cidr in (cidrs if isinstance(cidrs, list) else [cidrs])]


def _is_private(cidr: str) -> bool:
    try:
        network = ipaddress.ip_network(cidr)
    except ValueError:
        # Not known yet, or no network: nobody can say that it is private.
        return False
    return any(network.version == each.version and network.subnet_of(each) for each in PRIVATE)  # type: ignore[arg-type]


def _closed(resource: Resource, _: Plan) -> str | None:
    for rule in _rules(resource, "ingress"):
        public = [cidr for cidr in _networks(rule) if not _is_private(cidr)]
        if public:
            return f"{_ports(rule)} open to {', '.join(map(_shown, public))}"
        if any(rule.get(attribute) for attribute in PREFIX_LISTS):
            return f"{_ports(rule)} open to a prefix list, whose networks are not known here"
    return None


def _no_way_out(resource: Resource, _: Plan) -> str | None:
    for rule in _rules(resource, "egress"):
        world = [cidr for cidr in _networks(rule) if cidr.endswith("/0")]
        if world:
            return f"everything of {', '.join(world)} can be reached: {_ports(rule)}"
    return None


def _shown(cidr: str) -> str:
    return "a network that is not known yet" if cidr == UNKNOWN else cidr


def _ports(rule: Mapping[str, Any]) -> str:
    first, last = rule.get("from_port"), rule.get("to_port")
    if first is None or rule.get("ip_protocol", rule.get("protocol")) == "-1":
        return "every port"
    return f"port {first}" if first == last else f"ports {first} to {last}"


def _own_groups(cache: Resource, plan: Plan) -> str | None:
    given = cache.values.get("security_group_ids") or []
    declared = [group for group in plan.referred(cache, "security_group_ids") if group.type == SECURITY_GROUP]
    if not given:
        return "no security group is given, so the VPC's default one applies"
    return None if len(declared) == len(given) else "a security group is not the stack's own, and its rules not seen"


def _worn_elsewhere(group: Resource, plan: Plan) -> bool:
    """Whether a group lets nobody in and is let in by another: who wears it is outside of the stack."""
    rules = plan.of_type(INGRESS_RULE)
    let_in = any(group in plan.referred(rule, "referenced_security_group_id") for rule in rules)
    lets_in = any(group in plan.referred(rule, "security_group_id") for rule in rules)
    return let_in and not lets_in


CONTROLS: Final = (
    Control(
        name="network-closed",
        title="no way in from public addresses, on any port",
        types=(SECURITY_GROUP, RULE, INGRESS_RULE),
        check=_closed,
        cure=f"let in security groups or private networks alone ({DECLARATION}; cache:applicationCidrs)",
        rules={
            "Prowler": ("ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_redis_6379",),
            "Security Hub": ("EC2.18",),
            "AWS Config": ("vpc-sg-open-only-to-authorized-ports",),
        },
    ),
    Control(
        name="network-no-way-out",
        title="no way out to all addresses",
        types=(SECURITY_GROUP, RULE, EGRESS_RULE),
        check=_no_way_out,
        cure=f"name the security groups or networks that have to be reached in {DECLARATION}",
    ),
    Control(
        name="cache-own-security-groups",
        title="only security groups whose rules are declared here",
        types=(GROUP,),
        check=_own_groups,
        cure=f"set security_group_ids to groups of the stack ({DECLARATION})",
    ),
)

NOT_ASSESSED: Final = (
    NotAssessed(
        title="ElastiCache's own security groups",
        types=(GROUP,),
        status="n/a",
        reason="they belong to EC2-Classic, which AWS has ended; a VPC's security groups are declared",
        rules={"checkov": ("CKV_AWS_196",), "Trivy": ("AWS-0049",)},
    ),
)

EXEMPTIONS: Final = (
    Exemption(
        rule="CKV2_AWS_5",
        title="every security group is worn by something",
        holds=_worn_elsewhere,
        status="n/a",
        reason="the group is for whoever verifies the cache from inside the network, which is not in this stack",
    ),
)
