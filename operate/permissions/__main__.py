"""`python -m operate.permissions --stack STACK`: what `make permissions` calls."""

import sys

try:
    from operate.permissions.command import main
    from runner import output

    sys.exit(output.run(main))
except KeyboardInterrupt:
    # Nothing was begun that the same command does not do anew.
    sys.exit(130)
