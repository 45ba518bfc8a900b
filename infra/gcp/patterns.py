"""What Google's names look like, to find a wrong one before anything is asked of Google."""

import re
from typing import Final

from infra.patterns import Pattern

# Resource Manager, "Creating and managing projects"; one of an organization's own domain has that in front.
_PROJECT: Final = r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"
# Compute Engine REST reference, the name of a network and of an address (RFC 1035).
_RESOURCE: Final = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
_REGION: Final = r"[a-z]+(?:-[a-z]+)+\d+"

PROJECT: Final = Pattern(_PROJECT, "the id of a Google Cloud project; its number or display name will not do")
REGION: Final = Pattern(_REGION, "a region of Google Cloud; a zone will not do")
# In full: the provider would complete a short one with a project of its own choice.
NETWORK: Final = Pattern(
    f"projects/{_PROJECT}/global/networks/{_RESOURCE}", "a network in full, projects/PROJECT/global/networks/NAME"
)
ALLOCATED_RANGE: Final = Pattern(_RESOURCE, "the name of an allocated range; its addresses will not do")
KEY: Final = Pattern(
    f"projects/{_PROJECT}/locations/{_REGION}/keyRings/[\\w-]{{1,63}}/cryptoKeys/[\\w-]{{1,63}}",
    "a key in full, projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY, without a version",
)
# IAM, "Service accounts overview": ones of a user's, and the default ones of Compute Engine and App Engine.
SERVICE_ACCOUNT: Final = Pattern(
    r"[a-z0-9][a-z0-9-]*@(?:[a-z0-9.-]+\.iam|developer|appspot)\.gserviceaccount\.com",
    "the address of a service account, NAME@PROJECT.iam.gserviceaccount.com",
)


def part(name: str, kind: str) -> str | None:
    """Return one part of a full name: the `locations` of a key are its region. None where it has no such part."""
    found = re.search(rf"(?:^|/){kind}/([^/]+)", name)
    return found[1] if found else None
