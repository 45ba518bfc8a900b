"""Which Essentials plan a stack gets: the cheapest of those on offer that can do what it asks for."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypedDict

from infra.backends.rediscloud.api import Api
from infra.backends.rediscloud.faults import CloudError
from infra.sizing import GIBIBYTE, MEBIBYTE

MULTI_ZONE: Final = "Multi-zone"
NO_REPLICATION: Final = "No replication"

# A plan of 1 GB with a replica has 512 MB for data (redis/docs, operate/rc, high-availability): so a GB is 1024 MB.
_UNITS: Final[Mapping[str, int]] = {"MB": MEBIBYTE, "GB": GIBIBYTE}


class Demand(TypedDict):
    """What a plan has to do. `bytes` includes the replica."""

    provider: str
    region: str
    bytes: int
    free: bool
    replicated: bool
    multiZone: bool
    persistent: bool
    networks: int


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A plan as Redis Cloud offers it; the price is what its API says, in USD a month, None for any other."""

    number: int
    name: str
    provider: str
    region: str
    size_bytes: int
    monthly_usd: float | None
    availability: str
    persistent: bool
    replicated: bool
    tls: bool
    networks: int

    @classmethod
    def from_answer(cls, answer: Mapping[str, Any]) -> "Plan":
        """Read one entry of `GET /fixed/plans`."""
        price, is_monthly = answer.get("price"), str(answer.get("pricePeriod", "")).lower() == "month"
        is_known = price is not None and is_monthly and answer.get("priceCurrency") == "USD"
        return cls(
            number=int(answer["id"]),
            name=str(answer.get("name", "")),
            provider=str(answer.get("provider", "")),
            region=str(answer.get("region", "")),
            size_bytes=round(float(answer.get("size") or 0) * _UNITS.get(str(answer.get("sizeMeasurementUnit")), 0)),
            monthly_usd=float(price) if is_known and price is not None else None,
            availability=str(answer.get("availability", "")),
            persistent=bool(answer.get("supportDataPersistence")),
            replicated=bool(answer.get("supportReplication")),
            # Older answers do not have it: "Paid Redis Cloud Essentials plans … can use TLS" (redis/docs, tls-ssl).
            tls=bool(answer.get("supportSsl", price)),
            networks=int(answer.get("cidrAllowRules") or 0),
        )

    def lacks(self, demand: Demand) -> bool:
        """Return whether it cannot do what is asked for."""
        if (self.provider.upper(), self.region) != (demand["provider"].upper(), demand["region"]):
            return True
        if demand["free"]:
            return self.monthly_usd != 0
        return (
            self.monthly_usd == 0
            or self.size_bytes < demand["bytes"]
            or not self.tls
            or (demand["persistent"] and not self.persistent)
            or (demand["replicated"] and (not self.replicated or self.availability == NO_REPLICATION))
            or (demand["multiZone"] and self.availability != MULTI_ZONE)
            or self.networks < demand["networks"]
        )

    @property
    def description(self) -> str:
        """Return the name and the price."""
        price = "price unknown" if self.monthly_usd is None else f"{self.monthly_usd:.2f} USD a month"
        return f"{self.name} ({self.availability}, {price})"

    def properties(self) -> dict[str, Any]:
        """Return what a stack's state keeps of it."""
        return {
            "id": self.number,
            "name": self.name,
            "availability": self.availability,
            "sizeMb": self.size_bytes // MEBIBYTE,
            "networks": self.networks,
            "monthlyUsd": self.monthly_usd,
        }


def choose(api: Api, demand: Demand) -> Plan:
    """Choose the cheapest plan that does. Raises `CloudError` naming what is on offer where none does."""
    answer = api.get(f"/fixed/plans?provider={demand['provider'].upper()}") or {}
    # Redis Flex keeps data on disks, at a tenth of the throughput.
    offered = [Plan.from_answer(entry) for entry in answer.get("plans") or [] if not entry.get("redisFlex")]
    fitting = [plan for plan in offered if not plan.lacks(demand)]
    if not fitting:
        raise CloudError(_nothing_fits(offered, demand))
    return min(fitting, key=lambda plan: (_cost(plan), plan.size_bytes, plan.number))


def _cost(plan: Plan) -> float:
    return math.inf if plan.monthly_usd is None else plan.monthly_usd


def _nothing_fits(offered: Iterable[Plan], demand: Demand) -> str:
    there = [plan for plan in offered if (plan.provider.upper(), plan.region) == _place(demand)]
    if not there:
        regions = sorted({plan.region for plan in offered})
        return (
            f"Redis Cloud has no Essentials plan in {demand['region']} of {demand['provider']}; it has some in: "
            f"{', '.join(regions) or 'no region'}; see cache:cloudRegion and cache:cloudProvider"
        )
    asked = [
        "the free plan" if demand["free"] else f"{demand['bytes'] // MEBIBYTE} MB or more, with TLS",
        *(["in several zones"] if demand["multiZone"] else ["with a replica"] if demand["replicated"] else []),
        *(["with persistence"] if demand["persistent"] else []),
        *([f"for {demand['networks']} networks"] if demand["networks"] else []),
    ]
    names = ", ".join(plan.description for plan in sorted(there, key=lambda plan: plan.size_bytes))
    return (
        f"Redis Cloud offers no Essentials plan of {', '.join(asked)} in {demand['region']} of {demand['provider']}; "
        f"it offers: {names}; see cache:tier, cache:memoryMb and cache:persistence (a replica doubles the size)"
    )


def _place(demand: Demand) -> tuple[str, str]:
    return demand["provider"].upper(), demand["region"]
