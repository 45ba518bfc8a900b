"""Clock: a time that passes only where somebody sleeps."""


class Clock:
    """Stands in for the module `time` of what waits: no machine is too slow for it, and no test waits.

    `slept` has every pause, in seconds.
    """

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        """Return the seconds that were slept."""
        return sum(self.slept)

    perf_counter = monotonic

    def sleep(self, seconds: float) -> None:
        """Let so many seconds pass."""
        self.slept.append(seconds)
