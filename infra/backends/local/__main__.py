"""`python -m infra.backends.local end|remove FOLDER`: what is printed where a run cannot end a server by itself.

No process is sent a signal but those that have the folder's lock file open and work in the folder.
"""

import argparse
import sys
from pathlib import Path

from infra.backends.local.server import LocalServer, ServerError

# A relative folder is relative to the project, as in the state.
PROJECT = Path(__file__).resolve().parents[3]


def main() -> int:
    """Run one command; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.backends.local", description=__doc__)
    parser.add_argument("command", choices=("end", "remove"), help="end the server; remove its data and files as well")
    parser.add_argument("folder", help="the server's folder, relative to the project or absolute")
    arguments = parser.parse_args()
    here = LocalServer(PROJECT / Path(arguments.folder).expanduser())
    if not here.is_known():
        print(f"{here.folder} is no server's folder, or its server is removed already", file=sys.stderr)
        return 1 if here.exists() else 0
    try:
        if arguments.command == "end":
            here.stop()
        else:
            here.remove()
    except ServerError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
