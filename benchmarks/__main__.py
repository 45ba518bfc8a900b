"""`python -m benchmarks`: what `make bench` calls."""

import sys

try:
    from benchmarks.command import main
    from runner import output

    sys.exit(output.run(main))
except KeyboardInterrupt:
    # Nothing was begun that the same command does not do anew.
    sys.exit(130)
