"""The search for secrets finds what is there: a search that cannot find proves nothing."""

import base64
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from urllib.parse import quote

import pytest

from benchmarks.servers import until
from tests import leaks

SECRET = 'p@ss/wörd+with:all"of it'


@pytest.mark.parametrize(
    "text",
    [
        f"password={SECRET}",
        f"rediss://:{quote(SECRET, safe='')}@cache:6379",
        json.dumps({"value": SECRET}),
        *(
            base64.b64encode(f"{'x' * before}{SECRET}{'y' * after}".encode())
            for before in range(5)
            for after in range(3)
        ),
        base64.urlsafe_b64encode(f"??>{SECRET}".encode()),
        SECRET.encode().hex(),
    ],
)
def test_each_form_is_found(text: str | bytes) -> None:
    """Plain, in a URL, in JSON, and in the middle of something in base64."""
    assert leaks.in_text(text, {"password": SECRET}) == ["password"]


def test_another_text_holds_nothing() -> None:
    """Nothing is found where nothing is."""
    assert leaks.in_text("a" * 1000 + SECRET[:-1], {"password": SECRET}) == []


def test_a_file_is_named_with_what_it_holds(tmp_path: Path) -> None:
    """Except the one that is meant to."""
    (tmp_path / "sink").write_text(SECRET)
    (tmp_path / "log").write_text(f"connecting with {SECRET}")
    found = leaks.in_files(tmp_path, {"password": SECRET}, allowed=[tmp_path / "sink"])
    assert found == ["log holds password"]


def test_what_is_packed_in_an_archive_is_found(tmp_path: Path) -> None:
    """Compressed, it stands in none of the file's own bytes."""
    with zipfile.ZipFile(tmp_path / "bundle.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("settings", SECRET * 10)
    assert SECRET.encode() not in (tmp_path / "bundle.zip").read_bytes()
    assert leaks.in_files(tmp_path, {"password": SECRET}) == ["bundle.zip holds password"]


def test_a_process_is_noted_with_its_arguments_and_its_environment() -> None:
    """However short it lives, and whether it is given an environment or has ours."""
    with leaks.processes_noted() as seen:
        subprocess.run(["true", SECRET], check=True)
        subprocess.run(["true"], check=True, env={"GIVEN": SECRET})
    assert [leaks.in_text(each.arguments, {"password": SECRET}) for each in seen] == [["password"], []]
    assert [leaks.in_text(each.environment, {"password": SECRET}) for each in seen] == [[], ["password"]]


def test_the_arguments_of_a_process_that_came_and_went_are_seen() -> None:
    """It lives until it was seen, however busy the machine is."""

    def is_seen() -> bool:
        return any(leaks.in_text(arguments, {"password": SECRET}) for arguments in seen.copy())

    with leaks.arguments_watched() as seen:
        passing = subprocess.Popen([sys.executable, "-Sc", "input()", SECRET], stdin=subprocess.PIPE)
        until(is_seen)
        passing.communicate(b"\n")
