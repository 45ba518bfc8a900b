"""The sinks of the product alone, which deliver what the configuration says in place of a proved connection."""

import json

import pulumi

from infra import program, settings, sinks
from infra.sinks import Delivery

configuration = pulumi.Config("delivered")
values: dict[str, str] = json.loads(configuration.require("values"))
stack = pulumi.get_stack()
for delivered in sinks.declare(
    Delivery(
        variables=tuple(values),
        values=pulumi.Output.secret(values),
        kms_key_arn=configuration.get("kmsKeyArn"),
    ),
    settings.load(program.configuration(), stack=stack),
    stack=stack,
):
    for name, value in delivered.outputs.items():
        pulumi.export(name, value)
