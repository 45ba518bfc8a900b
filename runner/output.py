"""A command's output: no run ends half-way because its reader is gone, a disk is full or a terminal lacks a character.

The system's Python reads this file, with environment.py, before anything is installed.
"""

from __future__ import annotations

import io
import os
import stat
import sys
from typing import IO, Any, Callable, NoReturn, TextIO

from runner import interrupt, privacy

FAILED = 1
STDERR = 2


def run_and_exit(main: Callable[[], int | None]) -> NoReturn:
    """Run a command's `main` as `run` does, and end the process with its exit code."""
    try:
        code: object = run(main)
    except SystemExit as ended:
        # That of argparse.
        code = ended.code
    interrupt.leave_to_the_system()
    sys.exit(code)  # type: ignore[arg-type]


def run(main: Callable[[], int | None]) -> int:
    """Run a command's `main` with output that lasts, and return its exit code, or 0 where it has none.

    What nobody reads any more (`… | head -1`) is dropped. What could not be written for another reason is an error,
    told at the end, after the command's own work. Ctrl-C ends it with 130. No file that the command makes is writable
    for others.
    """
    privacy.keep_others_from_writing()
    _open_missing()
    given = sys.stdout, sys.stderr
    lasting = [_Descriptor.of(stream) for stream in given]
    sys.stdout, sys.stderr = (
        _text(descriptor, like=stream) if descriptor else stream for descriptor, stream in zip(lasting, given)
    )
    try:
        code = _uninterrupted(main)
        sys.stdout.flush()
        if lasting[0] and lasting[0].failure:
            print(f"error: not all output could be written: {lasting[0].failure.strerror}", file=sys.stderr)
            code = code or FAILED
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        sys.stdout, sys.stderr = given
    return code


def _uninterrupted(main: Callable[[], int | None]) -> int:
    with interrupt.watched() as watch:
        try:
            return main() or 0
        except BaseException as error:
            if not watch.is_behind(error):
                raise
            return interrupt.INTERRUPTED


def may_lose_its_reader(stream: TextIO) -> bool:
    """Tell whether a stream is a pipe, which ends the programs that write to it once nobody reads it."""
    try:
        return stat.S_ISFIFO(os.fstat(stream.fileno()).st_mode)
    except (OSError, ValueError):
        return False


def relay(pipe: IO[bytes]) -> None:
    """Print what another program writes into a pipe, until it ends."""
    while True:
        printed = os.read(pipe.fileno(), 65536)
        if not printed:
            return
        sys.stdout.buffer.write(printed)
        sys.stdout.flush()


class _Descriptor(io.FileIO):
    """A descriptor that takes everything: after an error it leads nowhere, for child processes too."""

    failure: OSError | None = None

    @classmethod
    def of(cls, stream: TextIO) -> _Descriptor | None:
        """Return the descriptor of a stream; None for one in memory."""
        try:
            return cls(stream.fileno(), "w", closefd=False)
        except (OSError, ValueError):
            return None

    def write(self, data: Any, /) -> int:
        """Write, and return how much of it needs no further try."""
        try:
            return super().write(data)
        except OSError as error:
            if not isinstance(error, BrokenPipeError):
                self.failure = error
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)


def _text(descriptor: _Descriptor, *, like: TextIO) -> TextIO:
    """Return a stream of text that writes a character which the terminal does not have as its number."""
    return io.TextIOWrapper(
        io.BufferedWriter(descriptor),
        encoding=like.encoding,
        errors="backslashreplace",
        line_buffering=getattr(like, "line_buffering", False),
        write_through=getattr(like, "write_through", False),
    )


def _open_missing() -> None:
    """Open the standard descriptors that the caller closed (`>&-`): else a file of ours would get their number."""
    # Each takes the lowest number that is free.
    while (opened := os.open(os.devnull, os.O_RDWR)) <= STDERR:
        pass
    os.close(opened)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stderr = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123, SIM115
