"""The bundle, and the function in it run as Lambda runs it: a process with the bundle and nothing else of ours."""

import json
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.certificates import Authority
from benchmarks.listeners import listener, tls_terminator
from benchmarks.servers import RedisServer, new_password
from infra.verifiers import bundle
from tests.standins import lambda_runtime
from verify.expectation import Expectation
from verify.report import Report


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundle, as it lies on the function's disk."""
    folder = tmp_path_factory.mktemp("bundle")
    return lambda_runtime.unpack(bundle.build(folder).read_bytes(), folder)


@pytest.fixture
def managed(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A server as a cloud has it: TLS by an authority, a password; gives the variables that reach it."""
    authority = Authority()
    certificate = authority.certify(tmp_path, "127.0.0.1")
    with (
        RedisServer(tmp_path / "server", password=new_password()) as server,
        listener(tls_terminator(server.port, certificate)) as port,
    ):
        yield {
            **server.variables,
            "REDIS_PORT": str(port),
            "REDIS_USE_TLS": "true",
            "REDIS_TLS_CA": authority.pem,
        }


def call(unpacked: Path, event: dict[str, Any]) -> tuple[dict[str, str], str]:
    """Call the function in a process of its own; give its result, and all that it printed besides."""
    result, printed = lambda_runtime.call(unpacked, "verify.function.handle", json.dumps(event))
    return json.loads(result), printed


def test_the_same_sources_give_the_same_bytes(tmp_path: Path) -> None:
    """Also a minute later and into another folder: nothing of the moment or the machine is in it."""
    first = bundle.build(tmp_path / "a")
    time.sleep(2.1)  # a zip file's times have steps of two seconds
    second = bundle.build(tmp_path / "b")
    assert first.name == second.name
    assert first.read_bytes() == second.read_bytes()


def test_no_build_of_zlib_decides_over_the_bytes(tmp_path: Path) -> None:
    """Two machines compress the same text differently: nothing is compressed."""
    with zipfile.ZipFile(bundle.build(tmp_path)) as archive:
        assert {entry.compress_type for entry in archive.infolist()} == {zipfile.ZIP_STORED}


def test_the_bundle_of_another_version_is_removed(tmp_path: Path) -> None:
    """And nothing else that lies in the folder."""
    for name in ("verify-0123456789abcdef.zip", "notes.txt"):
        (tmp_path / name).touch()
    made = bundle.build(tmp_path)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == sorted(["notes.txt", made.name])


def test_it_holds_the_verifier_and_its_one_dependency(unpacked: Path) -> None:
    """And no compiled file, test or other package."""
    assert sorted(entry.name for entry in unpacked.iterdir()) == ["redis", "verify"]
    assert all(file.suffix == ".py" for file in unpacked.rglob("*") if file.is_file())


def test_the_function_proves_a_cache_with_tls(unpacked: Path, managed: dict[str, str]) -> None:
    """And its report arrives as the one that a local run would have made."""
    expectation = Expectation(authentication=True, tls=True).to_json()
    result, printed = call(unpacked, {"environment": managed, "expectation": expectation})
    report = Report.from_json(result["report"])
    assert report.passed, report.to_text()
    assert report.stable()["checks"]["tls-enforced"] == "pass"
    assert report.stable()["checks"]["authentication-enforced"] == "pass"
    assert printed == ""
    assert managed["REDIS_PASSWORD"] not in result["report"]


def test_its_failures_arrive_with_cause_and_remedy(unpacked: Path, managed: dict[str, str]) -> None:
    """A wrong password, say; and the password is in no word of it."""
    wrong = {**managed, "REDIS_PASSWORD": "hunter2-hunter2"}
    result, printed = call(unpacked, {"environment": wrong, "expectation": Expectation().to_json()})
    report = Report.from_json(result["report"])
    assert not report.passed
    assert all(failure.cause and failure.remedy for failure in report.failures())
    assert "hunter2-hunter2" not in result["report"] + printed


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ({}, "'environment'"),
        ({"environment": {"REDIS_PORT": "x", "REDIS_HOST": "h"}, "expectation": "{}"}, "REDIS_PORT"),
        ({"environment": {"REDIS_HOST": "h"}, "expectation": '{"nonsense": 1}'}, "nonsense"),
    ],
)
def test_a_call_that_makes_no_sense_is_answered_with_what_is_wrong(
    unpacked: Path, event: dict[str, Any], said: str
) -> None:
    """No traceback goes into a log."""
    result, printed = call(unpacked, event)
    assert said in result["problem"]
    assert printed == ""
