"""Stacks to judge: the project's own, recorded, and what tests change of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml

from offline.recorder import record
from runner.inprocess.deployment import Registration
from runner.project import Project

ROOT = Path(__file__).resolve().parents[1]

# What only the user can know.
NETWORK: Mapping[str, Any] = {
    "cache:vpcId": "vpc-0123456789abcdef0",
    "cache:subnetIds": ["subnet-0123456789abcdef0", "subnet-0123456789abcdef1"],
    "cache:applicationSecurityGroupIds": ["sg-0123456789abcdef0"],
}

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
USER = "aws:elasticache/user:User"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"

Declared = list[Registration]


def project(folder: Path, stack: str, *, like: str | None = None, **settings: Any) -> Project:
    """Make a project with one stack: the configuration of the stack `like`, the network, and further settings."""
    for name in ("__main__.py", "Pulumi.yaml"):
        shutil.copy(ROOT / name, folder)
    config: dict[str, Any] = {}
    if like is not None:
        config = yaml.safe_load((ROOT / f"Pulumi.{like}.yaml").read_text())["config"]
    config |= {f"cache:{key}": value for key, value in settings.items()}
    if config.get("cache:backend") == "elasticache" and "cache:networkStack" not in config:
        config |= NETWORK
    (folder / f"Pulumi.{stack}.yaml").write_text(yaml.safe_dump({"config": config}))
    return Project(folder)


def recorded(made: Project, stack: str) -> Declared:
    """Return what a stack declares."""
    return record(made, stack, made.configuration(stack))


def changed(declared: Iterable[Registration], type_: str, *, protect: bool | None = None, **inputs: Any) -> Declared:
    """Change inputs of every resource of a type; None takes one out, with what it is made of."""
    result = []
    for each in declared:
        if each.type != type_:
            result.append(each)
            continue
        merged = {key: value for key, value in {**each.inputs, **inputs}.items() if value is not None}
        dependencies = {key: urns for key, urns in each.property_dependencies.items() if key not in inputs}
        kept = each.protect if protect is None else protect
        result.append(replace(each, inputs=merged, property_dependencies=dependencies, protect=kept))
    return result


def resource(type_: str, name: str = "it", /, **inputs: Any) -> Registration:
    """Declare one resource by hand."""
    return Registration(urn=f"urn:pulumi:s::cache::{type_}::{name}", type=type_, name=name, parent="", inputs=inputs)


# Switches one protection off: what it is called, what it does to prod, and rules that have to be red then.
SWITCHES: Mapping[str, tuple[Callable[[Declared], Declared], set[str]]] = {
    "TLS": (
        lambda declared: changed(declared, GROUP, transitEncryptionEnabled=False),
        {"CKV_AWS_30", "CKV_AWS_31", "ElastiCache.5", "elasticache-repl-grp-encrypted-in-transit", "F33"},
    ),
    "at-rest encryption": (
        lambda declared: changed(declared, GROUP, atRestEncryptionEnabled=False),
        {"CKV_AWS_29", "ElastiCache.4", "elasticache-repl-grp-encrypted-at-rest", "F25", "AWS-0045"},
    ),
    "RBAC": (
        lambda declared: changed(declared, GROUP, userGroupIds=None),
        {"CKV_AWS_31", "elasticache-rbac-auth-enabled", "CT.ELASTICACHE.PR.8", "cache-default-user"},
    ),
    "multi-AZ": (
        lambda declared: changed(
            declared, GROUP, multiAzEnabled=False, automaticFailoverEnabled=False, numCacheClusters=1
        ),
        {"CKV2_AWS_50", "ElastiCache.3", "elasticache_redis_cluster_multi_az_enabled", "AwsSolutions-AEC4"},
    ),
    "snapshots": (
        lambda declared: changed(declared, GROUP, snapshotRetentionLimit=0),
        {
            "ElastiCache.1",
            "elasticache-redis-cluster-automatic-backup-check",
            "elasticache_redis_cluster_backup_enabled",
            "HIPAA.Security-ElastiCacheRedisClusterAutomaticBackup",
        },
    ),
    "the closed security group": (
        lambda declared: changed(declared, INGRESS, cidrIpv4="0.0.0.0/0", referencedSecurityGroupId=None),
        {"ec2_securitygroup_allow_ingress_from_internet_to_tcp_port_redis_6379", "EC2.18"},
    ),
}
