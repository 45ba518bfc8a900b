"""What Google's names look like, to find a wrong one before anything is asked of Google."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

# Resource Manager, "Creating and managing projects"; one of an organization's own domain has that in front.
PROJECT: Final = r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]"
# Compute Engine REST reference, the name of a network and of an address (RFC 1035).
RESOURCE: Final = r"[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?"
REGION: Final = r"[a-z]+(?:-[a-z]+)+\d+"


@dataclass(frozen=True)
class Form:
    """A pattern, and the words for what it is not."""

    pattern: str
    words: str


FORMS: Final[Mapping[str, Form]] = {
    "project": Form(PROJECT, "the id of a Google Cloud project; its number or display name will not do"),
    "region": Form(REGION, "a region of Google Cloud; a zone will not do"),
    # In full: the provider would complete a short one with a project of its own choice.
    "network": Form(
        f"projects/{PROJECT}/global/networks/{RESOURCE}", "a network in full, projects/PROJECT/global/networks/NAME"
    ),
    "allocated_range": Form(RESOURCE, "the name of an allocated range; its addresses will not do"),
    # IAM, "Service accounts overview": ones of a user's, and the default ones of Compute Engine and App Engine.
    "secret_reader_service_account": Form(
        r"[a-z0-9][a-z0-9-]*@(?:[a-z0-9.-]+\.iam|developer|appspot)\.gserviceaccount\.com",
        "the address of a service account, NAME@PROJECT.iam.gserviceaccount.com",
    ),
    "kms_key_name": Form(
        f"projects/{PROJECT}/locations/{REGION}/keyRings/[\\w-]{{1,63}}/cryptoKeys/[\\w-]{{1,63}}",
        "a key in full, projects/PROJECT/locations/REGION/keyRings/RING/cryptoKeys/KEY, without a version",
    ),
}


def form_problem(field: str, text: str) -> str | None:
    """Say what a value is not, as a predicate, or None where it has its field's form."""
    form = FORMS[field]
    return None if re.fullmatch(form.pattern, text, re.ASCII) else f"is not {form.words}"


def part(name: str, kind: str) -> str | None:
    """Give one part of a full name: the `locations` of a key are its region. None where it has no such part."""
    found = re.search(rf"(?:^|/){kind}/([^/]+)", name)
    return found[1] if found else None
