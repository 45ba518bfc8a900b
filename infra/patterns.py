"""What names and networks look like, to find a wrong one before anything is asked of a vendor."""

import ipaddress
import re
from typing import NamedTuple


class Form(NamedTuple):
    """What a vendor's name looks like: a pattern, and the words for what it is not."""

    pattern: str
    words: str

    def problem(self, text: str) -> str | None:
        """Describe what a text is not, as a predicate, or None where it has the form."""
        return None if re.fullmatch(self.pattern, text, re.ASCII) else f"is not {self.words}"


def network_problem(text: str, *, example: str, everywhere: str) -> str | None:
    """Explain why a text is no network of IPv4, as a predicate; of the one that holds every address, `everywhere`."""
    try:
        network = ipaddress.IPv4Network(text)
    except ValueError:
        return f"is not an IPv4 network like {example}, with no bit set behind its mask"
    return everywhere if network.prefixlen == 0 else None
