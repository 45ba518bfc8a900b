"""`python -m benchmarks`: what `make bench` calls."""

import sys


def main() -> None:
    """Load the command, which takes a second, and run it."""
    from benchmarks.command import main as command

    command()


try:
    from runner import output

    output.run_and_exit(main)
except KeyboardInterrupt:
    # Before `output` was there, or after it: nothing is under way.
    sys.exit(130)
