"""What `python -m verify` says with its exit code."""

from enum import IntEnum


class ExitCode(IntEnum):
    """The exit codes of `python -m verify`; argparse adds 2 for a wrong command line."""

    PASSED = 0
    FAILED = 1
    NOT_READY = 3
    UNREACHABLE = 4
    CONFIGURATION = 78  # EX_CONFIG of sysexits.h
    INTERRUPTED = 130  # as a shell tells of a SIGINT
