"""`python -m benchmarks`: what `make bench` calls."""

import sys

try:
    from benchmarks.command import main

    main()
except KeyboardInterrupt:
    # Nothing was begun that the same command does not do anew.
    sys.exit(130)
