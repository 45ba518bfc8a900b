"""`python -m verify`."""

import sys

from verify.command_line import main

sys.exit(main())
