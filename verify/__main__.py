"""`python -m verify`, and `redis-verify` where the package was installed from its wheel."""

import errno
import io
import os
import sys

# What a shell reports of a program that the end of its pipe has ended (128 + SIGPIPE).
_READER_GONE = 141
_NO_SPACE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


def run() -> int:
    """Run the command line and return its exit code; a closed pipe, a full disk and Ctrl-C are no tracebacks."""
    try:
        code = _command()
        # Here, since Python's own last flush ends in a traceback where it fails.
        if sys.stdout is not None:
            sys.stdout.flush()
    except KeyboardInterrupt:
        # The imports take long enough for somebody to think better of it; nothing was begun.
        return 130
    except BrokenPipeError:
        _send_nowhere(1, 2)
        return _READER_GONE
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        _send_nowhere(1)
        print(f"the answer cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    return code


def _command() -> int:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # What an encoding does not know is shown by its number.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    from verify.command_line import main

    try:
        return int(main())
    except SystemExit as ended:
        # That of argparse, which may have printed too.
        return ended.code if isinstance(ended.code, int) else 2


def _send_nowhere(*descriptors: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


if __name__ == "__main__":
    sys.exit(run())
