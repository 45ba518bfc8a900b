"""What names and networks look like, to find a wrong one before anything is asked of a vendor."""

import ipaddress
import re
from typing import NamedTuple


class Pattern(NamedTuple):
    """What a vendor's name looks like: a regular expression, and its description in an error."""

    pattern: str
    description: str

    def problem(self, value: str) -> str | None:
        """Return what is wrong with a value, as a predicate, or None where it matches."""
        return None if re.fullmatch(self.pattern, value, re.ASCII) else f"is not {self.description}"


def network_problem(value: str, *, example: str, everywhere: str) -> str | None:
    """Explain why a value is no network of IPv4, as a predicate; of the one that holds every address, `everywhere`."""
    try:
        network = ipaddress.IPv4Network(value)
    except ValueError:
        return f"is not an IPv4 network like {example}, with no bit set behind its mask"
    return everywhere if network.prefixlen == 0 else None
