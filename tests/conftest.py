"""What every test runs under: no cloud of the user's, an account of AWS that stands in, and a count of the tiers."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests import tiers
from tests.soak import Soak

if TYPE_CHECKING:
    from tests.recorded_stacks import Declared
    from tests.standins.aws import Account

# A test must neither reach somebody's account nor pass only because of it.
_FOREIGN = ("ARM_", "AWS_", "AZURE_", "CACHE_", "CLOUDSDK_", "GCLOUD_", "GOOGLE_", "PULUMI_", "REDIS_", "REDISCLOUD_")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --part and --require."""
    choices = ", ".join(f"{name}: {meaning}" for name, meaning in tiers.PARTS.items())
    parser.addoption("--part", choices=list(tiers.PARTS), default="all", help=choices)
    parser.addoption(
        "--require", type=tiers.required, default=(), metavar="TIERS", help="fail where a test of these was skipped"
    )


def pytest_configure() -> None:
    """Forget the user's clouds before anything of ours is imported."""
    for name in list(os.environ):
        if name.startswith(_FOREIGN):
            del os.environ[name]
    # The tests are a pipeline wherever they run: no prod stack of theirs has to be confirmed.
    os.environ["CI"] = "true"
    # A shell has what it starts with `&` ignore Ctrl-C, and every command under test would inherit that.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def soak(request: pytest.FixtureRequest) -> Soak:
    """The size and the seed of a test that is marked `soak(cases)`."""
    marker = request.node.get_closest_marker("soak")
    made = Soak.of(marker.args[0], full=request.config.getoption("--part") == "soak", environment=os.environ)
    request.node.user_properties.append(("soak", f"{made.cases} cases, SOAK_SEED={made.seed}"))
    # Shown with the test when it fails.
    print(f"to replay: SOAK_SEED={made.seed}")
    return made


@pytest.fixture
def account() -> Iterator[Account]:
    """An account of AWS with nothing in it."""
    # Imported here, because moto takes a second that most runs of a few tests can save.
    from tests.standins import aws

    with aws.account() as made:
        yield made


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Declared:
    """What the stack prod declares, in a network of the test's."""
    # Imported here: most runs of a few tests record nothing.
    from tests.recorded_stacks import project, recorded

    return recorded(project(tmp_path_factory.mktemp("prod"), "prod", like="prod"), "prod")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Label each test with its tier and leave out what the part does not take."""
    part = config.getoption("--part")
    taken: list[pytest.Item] = []
    left_out: list[pytest.Item] = []
    for item in items:
        markers = [marker.name for marker in item.iter_markers()]
        try:
            tiers.label(item.user_properties, tiers.tier_of(markers))
        except ValueError as error:
            raise pytest.UsageError(f"{item.nodeid}: {error}") from None
        (taken if tiers.is_taken(part, markers) else left_out).append(item)
    items[:] = taken
    if left_out:
        config.hook.pytest_deselected(items=left_out)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that passed without what it was required to prove."""
    if session.exitstatus == pytest.ExitCode.OK and _unmet(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Report for each tier how many tests ran, and why any did not."""
    terminalreporter.section("tiers")
    for line in tiers.summary(terminalreporter.stats, config.getoption("--part")):
        terminalreporter.write_line(line)
    if config.getoption("--part") == "soak":
        for report in (report for reports in terminalreporter.stats.values() for report in reports):
            size = dict(getattr(report, "user_properties", ())).get("soak")
            if size:
                terminalreporter.write_line(f"{report.nodeid}: {report.outcome}, {size}, {report.duration:.0f} s")
    for line in _unmet(config):
        terminalreporter.write_line(line, red=True)


def _unmet(config: pytest.Config) -> list[str]:
    reporter: Any = config.pluginmanager.get_plugin("terminalreporter")
    return tiers.unmet(reporter.stats, config.getoption("--part"), config.getoption("--require"))
