"""`python -m verify`."""

import sys

try:
    from verify.command_line import main

    sys.exit(main())
except KeyboardInterrupt:
    # The imports take long enough for somebody to think better of it; nothing was begun.
    sys.exit(130)
