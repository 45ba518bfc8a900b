"""`python -m operate VERB --stack STACK`: what the Makefile's targets of day two call."""

import sys

try:
    from operate.command import main

    sys.exit(main())
except KeyboardInterrupt:
    # The imports take long enough for somebody to think better of it; nothing was begun.
    sys.exit(130)
