"""Form: what a vendor's name looks like, to find a wrong one before anything is asked of the vendor."""

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Form:
    """A pattern, and the words for what it is not."""

    pattern: str
    words: str

    def problem(self, text: str) -> str | None:
        """Say what a text is not, as a predicate, or None where it has the form."""
        return None if re.fullmatch(self.pattern, text, re.ASCII) else f"is not {self.words}"
