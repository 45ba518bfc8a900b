"""The proof that a cache works, and that its application uses it: what is found is exported, and decides."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pulumi

from infra.backend import Declaration
from infra.settings import Settings
from infra.verifiers import Verifier
from runner import private_file
from verify import application
from verify.cache import Backend
from verify.checks.passwords import NO_OTHERS, OtherPasswords
from verify.environment import CacheEnvironment
from verify.open_cache import open_cache
from verify.report import Report

# What a client in memory is tried with.
PROBE: Final = "proof"

# For an application that is just restarting; one that is yet to be deployed is for `verify app --wait`. In seconds.
APPLICATION_SECONDS: Final = 5.0


async def of_redis(
    verifier: Verifier, connection: CacheEnvironment, declaration: Declaration, settings: Settings, *, stack: str
) -> None:
    """Check the Redis, then ask the application. Raises `pulumi.RunError` for what did not pass."""
    report = await verifier.check(connection, declaration, await _others(declaration))
    _judge(report, settings, stack=stack, repair=declaration.repair)
    await _prove_application(settings.application_url, expect="redis", stack=stack)


async def of_memory(environment: Mapping[str, str], settings: Settings, *, stack: str) -> None:
    """Try a client that is told of no Redis, then ask the application. Raises `pulumi.RunError`."""
    _prove_memory(environment, stack=stack)
    await _prove_application(settings.application_url, expect="memory", stack=stack)


async def _others(declaration: Declaration) -> OtherPasswords:
    """Return the passwords of a rotation beside the one that the connection has."""
    passwords = None if declaration.passwords is None else await declaration.passwords.future()
    return NO_OTHERS if passwords is None else OtherPasswords(previous=passwords.previous, retired=passwords.retired)


def _prove_memory(environment: Mapping[str, str], *, stack: str) -> None:
    """Prove that a client which is told of no Redis works in its memory, as the application then does."""
    with open_cache(CacheEnvironment.from_mapping(environment)) as client:
        client.set(PROBE, PROBE.encode(), ttl_seconds=60)
        health, kept = client.health(), client.get(PROBE)
    message = health.body()["message"]
    if not health.healthy or health.backend != "memory" or kept != PROBE.encode():
        raise pulumi.RunError(f"a client of stack {stack} does not run in memory: {message}")
    pulumi.log.info(f"no Redis is delivered; a client with these variables says: {message}")
    pulumi.export("verification", {"verdict": "memory"})


def _judge(report: Report, settings: Settings, *, stack: str, repair: str) -> None:
    """Keep what the checks found, and only then raise or, where that is asked for, warn."""
    _keep(report, stack)
    pulumi.export("verification", report.stable())
    if report.unreachable and settings.unreachable == "warn":
        pulumi.log.warn(
            f"the cache cannot be reached from where it was checked, and nothing is proved: {_words(report)}"
        )
    elif not report.passed:
        raise pulumi.RunError(
            f"the cache of stack {stack} did not pass its verification:\n{_words(report)}\n"
            f"  What was created is kept; {repair}"
        )


async def _prove_application(url: str | None, *, expect: Backend, stack: str) -> None:
    """Ask the application, where its address is known, whether it uses what it should, as the guide does with curl."""
    if url is None:
        return
    report = await asyncio.to_thread(application.run, url, expect=expect, wait_seconds=APPLICATION_SECONDS)
    pulumi.export("application", report.stable())
    if not report.passed:
        raise pulumi.RunError(
            f"the application of stack {stack} does not say that it is healthy on {expect}:\n{_words(report)}"
        )


def _keep(report: Report, stack: str) -> None:
    """Write the measurements, which an output may not hold: they change with every run."""
    file = Path(pulumi.runtime.get_root_directory() or ".") / ".local" / "reports" / f"{stack}.json"
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        private_file.write(file, report.to_json())
    except OSError as error:
        pulumi.log.warn(f"the report of the verification was not kept: {file}: {error.strerror}")


def _words(report: Report) -> str:
    """Describe in a few lines what failed, why, and what to do."""
    lines = []
    for failure in report.failures():
        lines += [f"  {failure.title}: {failure.cause or failure.detail}", f"      {failure.remedy}"]
    return "\n".join(lines)
