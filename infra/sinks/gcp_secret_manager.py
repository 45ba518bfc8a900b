"""Google Secret Manager: a secret for each variable, since Cloud Run and GKE hand an application whole secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import pulumi

from infra.control import Control
from infra.governance import Governance
from infra.naming import name_of
from infra.outputs import Output
from infra.permission import Permissions, Roles
from infra.plan import Plan, Resource
from infra.settings import Settings
from infra.sinks import Delivered, Delivery
from infra.tags import labels_of

# Needed by `declare` alone: GOVERNANCE is read where the SDK is not installed, too.
if TYPE_CHECKING:
    import pulumi_gcp as gcp

READER: Final = "roles/secretmanager.secretAccessor"

# Google takes no empty version: "Field [payload] is required" (terraform-provider-google issues 8766 and 10475). A
# secret without a version would keep an application that names it from starting, which no rollback may. A line break is
# nothing to a shell, which takes it off the end of what a command says, and to whoever strips what he reads.
NOTHING: Final = "\n"


def declare(delivery: Delivery, settings: Settings, *, stack: str) -> Delivered:
    """Declare the secrets, their values, and who may read them."""
    import pulumi_gcp as gcp

    configuration = pulumi.Config("gcp")
    project, region = configuration.get("project"), configuration.get("region")
    labels = labels_of(settings, stack)
    resources: list[pulumi.Resource] = []
    ids: dict[str, pulumi.Output[str]] = {}
    for variable in delivery.variables:
        name = f"{name_of(settings.name_prefix, stack)}-{variable}"
        secret = gcp.secretmanager.Secret(
            name,
            secret_id=name,
            project=project,
            replication=_replication(region),
            labels=labels,
            # Nothing is lost with it that the state does not have.
            deletion_protection=False,
        )
        version = gcp.secretmanager.SecretVersion(
            name,
            secret=secret.id,
            secret_data=_data(delivery.values, variable),
            # Another value is another version: it is there, and the latest, before the one with a password that will
            # soon be refused is destroyed.
            deletion_policy="DELETE",
        )
        resources += [secret, version]
        if settings.secret_reader_service_account:
            resources.append(
                gcp.secretmanager.SecretIamMember(
                    name,
                    secret_id=secret.id,
                    role=READER,
                    member=f"serviceAccount:{settings.secret_reader_service_account}",
                )
            )
        ids[variable] = secret.secret_id
    return Delivered(resources=resources, outputs={"secretIds": ids})


def _replication(region: str | None) -> gcp.secretmanager.SecretReplicationArgs:
    """Keep a secret where its cache is: an organization that confines its data to places refuses the automatic kind.

    It can never be changed; the price is the same (Secret Manager, "Choose a replication policy").
    """
    import pulumi_gcp as gcp

    if region is None:
        return gcp.secretmanager.SecretReplicationArgs(auto=gcp.secretmanager.SecretReplicationAutoArgs())
    replica = gcp.secretmanager.SecretReplicationUserManagedReplicaArgs(location=region)
    return gcp.secretmanager.SecretReplicationArgs(
        user_managed=gcp.secretmanager.SecretReplicationUserManagedArgs(replicas=[replica])
    )


def _data(values: pulumi.Output[Mapping[str, str]], variable: str) -> pulumi.Output[str]:
    def one(known: Mapping[str, str]) -> str:
        return known[variable] or NOTHING

    data: pulumi.Output[str] = pulumi.Output.secret(values.apply(one))
    return data


# IAM, Policy, members: the whole internet, and everybody with an account of Google's.
EVERYBODY: Final = frozenset({"allUsers", "allAuthenticatedUsers"})
# cloud.google.com/iam/docs/roles-permissions, page secretmanager.
ROLES: Final = Roles(
    # A refresh compares the value itself.
    reads=("roles/secretmanager.secretAccessor", "roles/secretmanager.viewer"),
    changes=("roles/secretmanager.admin",),
)


def _a_reader(member: Resource, _: Plan) -> str | None:
    name = member.known("member")
    if name is None:
        return "the member is not known yet"
    return f"{name} may read" if name in EVERYBODY else None


CONTROLS: Final = (
    Control(
        name="google-secret-not-public",
        title="a secret of Google's is not for everybody to read",
        types=("google_secret_manager_secret_iam_member",),
        check=_a_reader,
        cure="pulumi config set cache:secretReaderServiceAccount NAME@PROJECT.iam.gserviceaccount.com --stack STACK",
        rules={"Prowler": ("secretmanager_secret_not_publicly_accessible",)},
    ),
    Control(
        name="google-secret-rotated",
        title="a secret of Google's has a rotation schedule",
        types=("google_secret_manager_secret",),
        check=lambda secret, _: None if secret.blocks("rotation") else "no rotation schedule is declared",
        cure="",
        declined="a schedule of Google's only sends a message, and the password is Memorystore's own: docs/rotation.md",
        rules={"Prowler": ("secretmanager_secret_rotation_enabled",)},
    ),
)

PERMISSIONS: Final[Permissions] = {
    "gcp:secretmanager/secret:Secret": (ROLES,),
    "gcp:secretmanager/secretIamMember:SecretIamMember": (ROLES,),
    "gcp:secretmanager/secretVersion:SecretVersion": (ROLES,),
}

OUTPUTS: Final[Sequence[Output]] = (Output("secretIds", "the id of each variable's secret"),)
GOVERNANCE: Final = Governance(controls=CONTROLS, permissions=PERMISSIONS)
