"""What a run ends with: what was proved, where the cache is, and a line to paste that opens it."""

import shlex
import shutil
import textwrap
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlsplit

# Said for people; the verdicts themselves are the verifier's.
PROVED: Final = "passed"

WIDTH: Final = 100


def lines(outputs: Mapping[str, Any], *, stack: str, seconds: float) -> list[str]:
    """Describe how a successful `up` of a stack ended."""
    verification = outputs.get("verification") or {}
    said = [f"{stack} is up in {seconds:.1f} s. {_verdict(verification)}"]
    passed = sorted(name for name, verdict in (verification.get("checks") or {}).items() if verdict == "pass")
    if passed:
        said.append(textwrap.fill(", ".join(passed), WIDTH, initial_indent="  ", subsequent_indent="  "))
    if outputs.get("rotation") in {"started", "undone"}:
        said.append(f"  Two passwords are valid: once everything was restarted, make rotate-finish STACK={stack}")
    url = outputs.get("redisUrl")
    if url:
        said += [f"  {masked(str(url))}", f"  {prompt(stack)}"]
    return said


def masked(url: str) -> str:
    """Put asterisks in the place of a URL's password."""
    parts = urlsplit(url)
    if not parts.password:
        return url
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{parts.username or ''}:****@{host}").geturl()


def prompt(stack: str) -> str:
    """Return a line that opens a prompt on the stack's cache, with the password on no command line."""
    load = f'eval "$(make -s env STACK={shlex.quote(stack)})"'
    if shutil.which("redis-cli"):
        return (
            f'({load}; REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" '
            '$([ "$REDIS_USE_TLS" = true ] && echo --tls))'
        )
    return f"({load}; .venv/bin/python -m verify shell)"


def _verdict(verification: Mapping[str, Any]) -> str:
    if verification.get("verdict") == "memory":
        return "There is no cache to prove: the application uses its own memory."
    if verification.get("verdict") != PROVED:
        return f"It was not verified ({verification.get('verdict', 'no verification ran')})."
    verdicts = list((verification.get("checks") or {}).values())
    others = "".join(
        f", {count} {words}"
        for verdict, words in (("warn", "with a warning"), ("skip", "skipped"))
        if (count := verdicts.count(verdict))
    )
    return f"Verified: {verification.get('server')} passed {verdicts.count('pass')} checks{others}:"
