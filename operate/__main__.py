"""`python -m operate VERB`: what make's targets and the workflows call."""

import sys


def main() -> int:
    """Load the command, which takes a second, and run it."""
    from operate.cli import main as command

    return command()


try:
    from runner import output

    output.run_and_exit(main)
except KeyboardInterrupt:
    # Before `output` was there, or after it: nothing is under way.
    sys.exit(130)
