"""`python -m operate.pipeline COMMAND --stack STACK`: what the workflows in .github call."""

import sys

try:
    from operate.pipeline.command import main
    from runner import output

    sys.exit(output.run(main))
except KeyboardInterrupt:
    # The imports take long enough for somebody to think better of it; nothing was begun.
    sys.exit(130)
