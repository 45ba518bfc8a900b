"""`python -m operate.permissions --stack STACK`: what `make permissions` calls."""

import sys

try:
    from operate.permissions.command import main

    sys.exit(main())
except KeyboardInterrupt:
    # Nothing was begun that the same command does not do anew.
    sys.exit(130)
