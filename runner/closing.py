"""What a run ends with: what was proved, where the cache is, and a line to paste that opens it."""

import shlex
import shutil
from collections import Counter
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

# Said for people; the verdicts themselves are the verifier's.
PROVED = "passed"


def lines(outputs: Mapping[str, Any], *, stack: str, seconds: float) -> list[str]:
    """Say how a successful `up` of a stack ended."""
    verification = outputs.get("verification") or {}
    said = [f"{stack} is up in {seconds:.1f} s. {_proved(verification)}"]
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
    """Give a line that opens a prompt on the stack's cache, with the password on no command line."""
    load = f'eval "$(make -s env STACK={shlex.quote(stack)})"'
    if shutil.which("redis-cli"):
        return (
            f'({load}; REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli -h "$REDIS_HOST" -p "$REDIS_PORT" '
            '$([ "$REDIS_USE_TLS" = true ] && echo --tls))'
        )
    return f"({load}; .venv/bin/python -m verify shell)"


def _proved(verification: Mapping[str, Any]) -> str:
    checks = Counter((verification.get("checks") or {}).values())
    if verification.get("verdict") != PROVED:
        return f"It was not verified ({verification.get('verdict', 'no verification ran')})."
    skipped = f", {checks['skip']} skipped" if checks["skip"] else ""
    warned = f", {checks['warn']} with a warning" if checks["warn"] else ""
    return f"Verified: {verification.get('server', 'the server')} passed {checks['pass']} checks{warned}{skipped}."
