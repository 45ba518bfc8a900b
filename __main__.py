"""Where Pulumi enters the program. Everything else is in infra/program.py."""

import os
import signal

import pulumi

from infra.program import main

# When a resource fails while the program awaits its outputs, the engine interrupts the program, and Python
# would print a traceback for each thread over the engine's own message. The in-process engine, which has the program in
# its own process and under another name, does that itself.
if __name__ == "__main__":
    signal.signal(signal.SIGINT, lambda *_: os._exit(130))

pulumi.run(main)
