"""`python -m runner VERB --stack STACK`: what the Makefile's targets call."""

import sys

try:
    from runner.command import main
except KeyboardInterrupt:
    # Nothing was begun, and the imports take long enough for somebody to think better of it.
    sys.exit(130)

if __name__ == "__main__":
    sys.exit(main())
