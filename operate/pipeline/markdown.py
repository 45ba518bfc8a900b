"""Blocks of code in Markdown that nothing in them can end, and a text's length that GitHub takes."""

import re
from collections.abc import Iterable
from typing import Final

BACKTICKS: Final = re.compile(r"`{3,}")
# What the sentence about a cut takes, and the end of a block of code before it.
CUT_CHARACTERS: Final = 500


def fenced(lines: Iterable[str], language: str = "") -> list[str]:
    """Return lines as a block of code that nothing in them can end: a pull request decides some of the words."""
    text = "\n".join(lines)
    fence = "`" * (1 + max((len(found) for found in BACKTICKS.findall(text)), default=2))
    return [f"{fence}{language}", text, fence]


def fitted(markdown: str, longest: int) -> str:
    """Return a text of at most `longest` characters: cut at the end of a line where it has more, which it then says."""
    if len(markdown) <= longest:
        return markdown
    kept = markdown[: longest - CUT_CHARACTERS].rpartition("\n")[0]
    fence = ""
    for line in kept.splitlines():
        found = BACKTICKS.match(line)
        if found:
            fence = "" if line == fence else fence or found[0]
    left_out = markdown.count("\n") - kept.count("\n")
    closing = f"**Cut here: {left_out:,} more lines do not fit.** The summary of the workflow's run has them."
    return "\n".join([kept, *([fence] if fence else []), "", closing])[:longest]
