"""`python -m runner VERB --stack STACK`: what the Makefile's targets call."""

import sys

try:
    from runner import output
    from runner.command import main

    sys.exit(output.run(main))
except KeyboardInterrupt:
    # The imports take long enough for somebody to think better of it; nothing was begun.
    sys.exit(130)
