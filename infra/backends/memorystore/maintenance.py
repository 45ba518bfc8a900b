"""When Google may maintain an instance: in one hour of the week, UTC."""

from typing import Final

import pulumi_gcp as gcp

from infra import windows

DAYS: Final = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")

_DAY_MINUTES: Final = 24 * 60


def policy(window: str) -> gcp.redis.InstanceMaintenancePolicyArgs:
    """Return the policy of a window like "sun:03:00-sun:04:00".

    Without one, Google maintains an instance at any time (REST reference, `maintenancePolicy`), and one of the tier
    BASIC is empty afterwards.
    """
    day, minute = divmod(windows.weekly(window).start, _DAY_MINUTES)
    return gcp.redis.InstanceMaintenancePolicyArgs(
        weekly_maintenance_windows=[
            gcp.redis.InstanceMaintenancePolicyWeeklyMaintenanceWindowArgs(
                day=DAYS[day],
                start_time=gcp.redis.InstanceMaintenancePolicyWeeklyMaintenanceWindowStartTimeArgs(
                    hours=minute // 60, minutes=minute % 60, seconds=0, nanos=0
                ),
            )
        ]
    )
