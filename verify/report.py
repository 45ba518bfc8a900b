"""Report: what the checks found, as text for people, as JSON, and as the facts that stay the same."""

import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final, Literal, Self

from verify import redaction
from verify.exit_code import ExitCode

Verdict = Literal["pass", "warn", "fail", "skip"]

UNKNOWN_SERVER: Final = "unknown"

_COUNTED: Final = {"pass": "passed", "warn": "warned", "fail": "failed", "skip": "skipped"}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What one check found.

    `name` is the stable id and `title` the words for people. `detail` says what was seen, or why a check was
    skipped. `cause`, `remedy` and `code` (one of `verify.faults`) are empty for what passed. `milliseconds` is the
    time that the server took, 0 where the answer had come with another. A `volatile` check looks at something
    that changes by itself, so its verdict is no part of `Report.stable`. `measured` holds its figures by names
    that end in their unit.
    """

    name: str
    title: str
    verdict: Verdict
    detail: str = ""
    cause: str = ""
    remedy: str = ""
    code: str = ""
    milliseconds: float = 0.0
    volatile: bool = False
    measured: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Report:
    """The results of one run. `server` is like "valkey 9.1.2", or "unknown"; `address` is host and port.

    `ended` is the exit code of a run that never came to its checks, and None for one that did; `unreachable`
    tells whether that was for the way from here, which proves nothing about the cache.
    """

    results: tuple[Result, ...]
    server: str = UNKNOWN_SERVER
    address: str = ""
    milliseconds: float = 0.0
    ended: ExitCode | None = None
    unreachable: bool = False

    @property
    def passed(self) -> bool:
        """Whether something was checked and nothing failed; a run without a check proves nothing."""
        return self.exit_code is ExitCode.PASSED

    @property
    def exit_code(self) -> ExitCode:
        """What `python -m verify check` ends with."""
        if self.ended is not None:
            return self.ended
        proved = any(result.verdict in ("pass", "warn") for result in self.results)
        return ExitCode.PASSED if proved and not self.failures() else ExitCode.FAILED

    @property
    def verdict(self) -> Literal["passed", "failed", "unproven"]:
        """The whole run in one word; "unproven" is a cache that cannot be reached from here."""
        if self.unreachable:
            return "unproven"
        return "passed" if self.passed else "failed"

    def redacted(self, secrets: Collection[str]) -> Self:
        """Return the report fit to show: its texts from outside hold no secret and no control character."""
        return replace(
            self,
            results=tuple(
                # Cause and remedy are rows of verify.faults, in which a password may be an ordinary word.
                replace(result, detail=redaction.fit(result.detail, secrets, shortest=1))
                for result in self.results
            ),
            # A password like "redis" is no reason to leave out the product.
            server=redaction.fit(self.server, secrets),
            address=redaction.fit(self.address, secrets),
        )

    def failures(self) -> list[Result]:
        """Return the results that failed, in the order of the checks."""
        return [result for result in self.results if result.verdict == "fail"]

    def stable(self) -> dict[str, Any]:
        """Return the facts that two runs against the same cache agree on: no measurement, no address."""
        return {
            "verdict": self.verdict,
            "server": self.server,
            "checks": {result.name: result.verdict for result in self.results if not result.volatile},
        }

    def to_json(self) -> str:
        """Return everything as JSON; durations are in milliseconds."""
        return json.dumps(
            {
                "verdict": self.verdict,
                "exitCode": int(self.exit_code),
                "server": self.server,
                "address": self.address,
                "milliseconds": round(self.milliseconds, 3),
                "ended": None if self.ended is None else int(self.ended),
                "unreachable": self.unreachable,
                "checks": [asdict(result) for result in self.results],
            },
            indent=2,
        )

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Take a report as `to_json` gave it, from where the checks ran."""
        content = json.loads(text)
        return cls(
            results=tuple(Result(**result) for result in content["checks"]),
            server=content["server"],
            address=content["address"],
            milliseconds=content["milliseconds"],
            ended=ExitCode(content["ended"]) if content["ended"] is not None else None,
            unreachable=content["unreachable"],
        )

    def to_text(self) -> str:
        """Return one aligned line for each check, then cause and remedy of what failed or warned."""
        width = max((len(result.title) for result in self.results), default=0)
        server = "the cache" if self.server == UNKNOWN_SERVER else self.server
        lines = [f"{server} at {self.address}" if self.address else server]
        lines += [
            f"  {_mark(result.verdict)}  {result.title:<{width}}  {result.detail}".rstrip() for result in self.results
        ]
        for result in self.results:
            if result.verdict in ("fail", "warn"):
                lines += [
                    "",
                    f"{_mark(result.verdict)}: {result.title} ({result.code})",
                    f"  cause   {result.cause}",
                    f"  remedy  {result.remedy}",
                ]
        return "\n".join([*lines, "", self._summary()])

    def _summary(self) -> str:
        if not self.results:
            return "No check ran, which proves nothing."
        verdicts = [result.verdict for result in self.results]
        counts = ", ".join(
            f"{verdicts.count(verdict)} {word}" for verdict, word in _COUNTED.items() if verdict in verdicts
        )
        checks = "1 check" if len(verdicts) == 1 else f"{len(verdicts)} checks"
        unproven = "; unreachable from here, which proves nothing" if self.unreachable else ""
        return f"{checks} in {self.milliseconds / 1000:.2f} s: {counts}{unproven}"


def _mark(verdict: Verdict) -> str:
    """Make what needs eyes stand out where there are no colours, as in a CI log."""
    return verdict.upper() if verdict in ("fail", "warn") else verdict
