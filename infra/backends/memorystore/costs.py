"""What an instance of Memorystore costs a month."""

from collections.abc import Iterator

from infra.backends.memorystore.settings import MemorystoreSettings
from infra.backends.memorystore.sizing import MemorystoreSize, size_of
from infra.costs import HOURS, Estimate, GuideEstimate, Item, priced, prices, region_name


def estimate(settings: MemorystoreSettings, *, region: str | None) -> Estimate:
    """Estimate an instance of the settings' size."""
    return Estimate((instance(size_of(settings.tier, settings.maxmemory_bytes), region=region),))


def instance(size: MemorystoreSize, *, region: str | None) -> Item:
    """Estimate an instance: the rate of its band holds for all of its memory."""
    what = f"{size.memory_size_gb} GB of Memorystore {size.service_tier} in {region_name(region)}"
    listed = prices("memorystore").get(region or "")
    if listed is None:
        return Item(what=what, monthly_usd=None)
    rates = [
        rate
        for largest, rate in zip(listed["largest_gb"], listed[size.service_tier], strict=True)
        if size.memory_size_gb <= largest
    ]
    return priced(what, rates[0] if rates else None, size.memory_size_gb * HOURS)


def guide_estimates() -> Iterator[GuideEstimate]:
    """Yield the guide's figures for instances with a replica."""
    for gb, usd in ((1, 50), (4, 200)):
        now = instance(MemorystoreSize(memory_size_gb=gb, service_tier="STANDARD_HA"), region="us-central1")
        yield GuideEstimate(what=f"Memorystore {gb} GB Standard", guide_usd=usd, now=now)
