"""`python -m compliance --stack STACK`: what `make compliance` calls."""

import sys

try:
    from compliance.command import main
    from runner import output

    sys.exit(output.run(main))
except KeyboardInterrupt:
    # Nothing was begun that the same command does not do anew.
    sys.exit(130)
