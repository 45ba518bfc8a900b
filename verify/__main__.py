"""`python -m verify`, and `redis-verify` where the package was installed from its wheel."""

import sys

try:
    import errno
    import io
    import os
    import signal
    from collections.abc import Callable
    from types import FrameType
except KeyboardInterrupt:
    # Nothing was begun, and there is nothing to say.
    sys.exit(130)

_INTERRUPTED = 130
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
        return _INTERRUPTED
    except BrokenPipeError:
        _send_nowhere(1, 2)
        return _READER_GONE
    except OSError as error:
        if error.errno not in _NO_SPACE:
            raise
        _send_nowhere(1)
        print(f"the answer cannot be written: {error.strerror}", file=sys.stderr)
        return 1
    finally:
        # While Python ends, it would print a traceback for Ctrl-C.
        _on_interrupt(signal.SIG_DFL)
    return code


def _command() -> int:
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        # What an encoding does not know is shown by its number.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    # The imports take long enough for somebody to think better of it. Nothing was begun; and an exception would be lost
    # where Python can only print it, as in the callback of a weak reference.
    _on_interrupt(lambda *_: os._exit(_INTERRUPTED))
    from verify.command_line import main

    _on_interrupt(signal.default_int_handler)
    try:
        return int(main())
    except SystemExit as ended:
        # That of argparse, which may have printed too.
        return ended.code if isinstance(ended.code, int) else 2


def _on_interrupt(handler: Callable[[int, FrameType | None], object] | signal.Handlers) -> None:
    # A shell has what it starts with `&` ignore Ctrl-C.
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


def _send_nowhere(*descriptors: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for descriptor in descriptors:
        os.dup2(nowhere, descriptor)
    os.close(nowhere)


if __name__ == "__main__":
    try:
        sys.exit(run())
    except KeyboardInterrupt:
        sys.exit(_INTERRUPTED)
