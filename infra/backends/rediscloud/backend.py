"""Redis Cloud, through its REST API."""

from typing import Final

from infra.backend import Backend, never
from infra.backends.rediscloud import costs
from infra.backends.rediscloud.api import ACCESS_KEY, SECRET_KEY
from infra.backends.rediscloud.settings import RedisCloudSettings
from infra.outputs import Output

BACKEND: Final = Backend(
    name="rediscloud",
    resources="infra.backends.rediscloud.resources",
    settings=RedisCloudSettings,
    estimate=costs.estimate,
    not_counted="traffic, taxes, discounts",
    offers=costs.offers,
    guide_estimates=tuple(costs.guide_estimates()),
    is_on_this_machine=never,
    offline_environment={ACCESS_KEY: "offline", SECRET_KEY: "offline"},
    example_key="awskms://alias/pulumi-state?region=us-east-1",
    outputs=(
        Output("plan", "the plan's number"),
        Output("subscriptionId", "the subscription"),
        Output("databaseId", "the database"),
        Output("databaseName", "the database's name"),
        Output("redisVersion", "the version of Redis"),
    ),
    needs=("the keys of Redis Cloud's API: REDISCLOUD_ACCESS_KEY and REDISCLOUD_SECRET_KEY (docs/rediscloud.md)",),
)
