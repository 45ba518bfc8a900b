"""A container on a developer's machine, after the CIS Docker Benchmark 1.6.0. checkov has no rule for it."""

from typing import Final

from infra.control import Control, NotAssessed, attribute_is
from infra.plan import Plan, Resource
from verify.access import ADMINISTRATION

CONTAINER: Final = "docker_container"
DECLARATION: Final = "infra/backends/docker/resources.py"
# The command line has the rights too, and a plan does not: it is made of passwords that are not known yet.
ACL_LABEL: Final = "acl"
BENCHMARK: Final = "CIS"
EVERY_ADDRESS: Final = ("", "0.0.0.0", "::")  # noqa: S104 - what must not be


def _rule(number: str) -> dict[str, tuple[str]]:
    return {BENCHMARK: (f"CIS-Docker-{number}",)}


def _user(container: Resource, _: Plan) -> str | None:
    user = container.known("user") or "root"
    return "it runs as root" if str(user).partition(":")[0] in ("root", "0") else None


def _capabilities(container: Resource, _: Plan) -> str | None:
    blocks = container.blocks("capabilities")
    if any(block.get("adds") for block in blocks):
        return "capabilities are added"
    return None if any("ALL" in (block.get("drops") or []) for block in blocks) else "not all capabilities are dropped"


def _bound(container: Resource, _: Plan) -> str | None:
    open_ports = [
        str(port.get("external")) for port in container.blocks("port") if (port.get("ip") or "") in EVERY_ADDRESS
    ]
    return f"port {', '.join(open_ports)} is published on every address" if open_ports else None


def _no_new_privileges(container: Resource, _: Plan) -> str | None:
    options = container.known("security_opts") or []
    return None if any(str(each).startswith("no-new-privileges") for each in options) else "privileges can be gained"


def _least_access(container: Resource, _: Plan) -> str | None:
    acl = next((label.get("value") for label in container.blocks("label") if label.get("label") == ACL_LABEL), None)
    if acl is None:
        return f"the label {ACL_LABEL}, with the rights of the application's user, is missing"
    broad = [rule for rule in str(acl).split() if rule in ADMINISTRATION]
    return f"the application's user has {' '.join(broad)}" if broad else None


CONTROLS: Final = (
    Control(
        name="container-not-root",
        title="not as root",
        types=(CONTAINER,),
        check=_user,
        cure=f'set user="redis" in {DECLARATION}',
        rules=_rule("4.1"),
    ),
    Control(
        name="container-capabilities",
        title="no kernel capabilities",
        types=(CONTAINER,),
        check=_capabilities,
        cure=f'drop "ALL" capabilities in {DECLARATION}',
        rules=_rule("5.4"),
    ),
    Control(
        name="container-privileged",
        title="not privileged",
        types=(CONTAINER,),
        check=lambda container, _: "it is privileged" if container.known("privileged") else None,
        cure=f"take privileged out of {DECLARATION}",
        rules=_rule("5.5"),
    ),
    Control(
        name="container-own-network",
        title="a network of its own",
        types=(CONTAINER,),
        check=lambda container, _: (
            "it has the machine's network" if container.known("network_mode") == "host" else None
        ),
        cure=f"take network_mode out of {DECLARATION}",
        rules=_rule("5.10"),
    ),
    Control(
        name="container-memory",
        title="a limit of its memory",
        types=(CONTAINER,),
        check=lambda container, _: None if container.known("memory") else "it may take all memory",
        cure=f"set memory in {DECLARATION}",
        rules=_rule("5.11"),
    ),
    Control(
        name="container-read-only",
        title="a root filesystem that cannot be written",
        types=(CONTAINER,),
        check=lambda container, _: None if container.known("read_only") else "its root filesystem can be written",
        cure=f"set read_only=True in {DECLARATION}",
        rules=_rule("5.13"),
    ),
    Control(
        name="container-bound",
        title="published on a chosen address alone",
        types=(CONTAINER,),
        check=_bound,
        cure="pulumi config set cache:bindAddress 127.0.0.1 --stack STACK",
        rules=_rule("5.14"),
    ),
    Control(
        name="container-restart",
        title="given up after five restarts",
        types=(CONTAINER,),
        check=attribute_is("restart", "on-failure", called="the restart policy"),
        cure="",
        declined="a cache is wanted back however often the machine was restarted: unless-stopped",
        rules=_rule("5.15"),
    ),
    Control(
        name="container-no-new-privileges",
        title="privileges cannot be gained",
        types=(CONTAINER,),
        check=_no_new_privileges,
        cure=f'set security_opts=["no-new-privileges"] in {DECLARATION}',
        rules=_rule("5.26"),
    ),
    Control(
        name="container-health",
        title="its health is checked",
        types=(CONTAINER,),
        check=lambda container, _: None if container.values.get("healthcheck") else "nobody looks after its health",
        cure=f"set healthcheck in {DECLARATION}",
        rules=_rule("5.27"),
    ),
    Control(
        name="container-least-access",
        title="no administration by the application",
        types=(CONTAINER,),
        check=_least_access,
        cure="pulumi config set cache:access data --stack STACK, and take what is named out of cache:accessRules",
    ),
)

NOT_ASSESSED: Final = (
    NotAssessed(
        title="shares of the processor, and a limit of processes",
        types=(CONTAINER,),
        status="manual",
        reason="a limit of processes is no argument of the provider's, and a developer's machine has one cache",
        rules={BENCHMARK: ("CIS-Docker-5.12", "CIS-Docker-5.29")},
    ),
)
