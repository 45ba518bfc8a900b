"""How the name of everything begins, wherever it is; the stack's own name follows."""

from typing import Final

PREFIX: Final = "hospitality-redis-"
