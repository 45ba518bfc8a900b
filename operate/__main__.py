"""`python -m operate VERB --stack STACK`: what the Makefile's targets call."""

import sys

try:
    from operate.cli import main
    from runner import output

    sys.exit(output.run(main))
except KeyboardInterrupt:
    # The imports take long enough for somebody to think better of it; nothing was begun.
    sys.exit(130)
