"""The proved connection on its way into the sinks."""

from collections.abc import Mapping

import pulumi

from infra import sinks
from infra.after_delivery import AfterDelivery
from infra.backend import Declaration
from infra.connection import delivered, names
from infra.settings import Settings
from infra.sinks import Delivery


def variables(declaration: Declaration, settings: Settings) -> pulumi.Output[Mapping[str, str]]:
    """Return the variables that the application is to read, as a secret."""
    return pulumi.Output.secret(
        declaration.connection.apply(
            lambda connection: delivered(
                connection, declaration.own_variables, settings.named_variables, attached=settings.attached
            )
        )
    )


def deliver(declaration: Declaration, settings: Settings, *, stack: str) -> None:
    """Declare the sinks, export what they are, and run the command of `cache:afterDelivery` after a change."""
    values = variables(declaration, settings)
    delivery = Delivery(
        variables=names(declaration.own_variables, settings.named_variables),
        values=values,
        kms_key_arn=None if declaration.lambda_network is None else declaration.lambda_network.kms_key_arn,
    )
    if not settings.chosen_sinks:
        pulumi.log.warn(
            "cache:sinks is []: the connection goes nowhere, and what was delivered before is withdrawn; to have the "
            f"application do without Redis for a while: make rollback STACK={stack}"
        )
    delivered = sinks.declare(delivery, settings, stack=stack)
    pulumi.export("sinks", list(settings.chosen_sinks))
    for name, value in (entry for each in delivered for entry in each.outputs.items()):
        pulumi.export(name, value)
    if settings.after_delivery is not None:
        resources = [resource for each in delivered for resource in each.resources]
        AfterDelivery("after-delivery", settings.after_delivery, values, pulumi.ResourceOptions(depends_on=resources))
