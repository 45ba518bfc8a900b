import pytest

from runner import closing


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://:p%40ss@127.0.0.1:6379", "redis://:****@127.0.0.1:6379"),
        ("rediss://app:secret@cache:6380", "rediss://app:****@cache:6380"),
        ("redis://:x@[::1]:6379", "redis://:****@[::1]:6379"),
        ("redis://cache:6379", "redis://cache:6379"),
    ],
)
def test_the_password_in_a_url_is_masked(url: str, shown: str) -> None:
    """Everything else is left for the reader."""
    assert closing.masked(url) == shown


def test_it_says_what_was_proved() -> None:
    """Server, number of checks, and which, with what was skipped."""
    verification = {
        "verdict": "passed",
        "server": "valkey 9.1.2",
        "checks": {"connect": "pass", "expiry": "pass", "replicas": "skip"},
    }
    assert closing.lines({"verification": verification}, stack="local", seconds=1.234) == [
        "local is up in 1.2 s. Verified: valkey 9.1.2 passed 2 checks, 1 skipped:",
        "  connect, expiry",
    ]


def test_it_says_when_nothing_was_proved() -> None:
    """A verification that was switched off is not passed over in silence."""
    first, *_ = closing.lines({"verification": {"verdict": "off"}}, stack="local", seconds=1)
    assert first.endswith("It was not verified (off).")


@pytest.mark.parametrize("state", ["started", "undone"])
def test_it_reminds_of_a_rotation_that_is_open(state: str) -> None:
    """At every `up`, until it is finished: two passwords are valid meanwhile."""
    verification = {"verdict": "passed", "server": "valkey 9.1.2", "checks": {"connect": "pass"}}
    said = closing.lines({"verification": verification, "rotation": state}, stack="prod", seconds=1)
    assert said[-1] == "  Two passwords are valid: once everything was restarted, make rotate-finish STACK=prod"


@pytest.mark.parametrize("outputs", [{"rotation": "closed"}, {}], ids=["closed", "none of ours"])
def test_it_says_nothing_of_a_rotation_that_is_none(outputs: dict[str, str]) -> None:
    """Nor of a stack whose password the vendor makes."""
    assert not [line for line in closing.lines(outputs, stack="dev", seconds=1) if "rotate" in line]


def test_the_line_to_paste_uses_redis_cli_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The password goes through the environment: an argument would show in `ps`."""
    monkeypatch.setattr("shutil.which", lambda _: "/usr/bin/redis-cli")
    line = closing.prompt("dev")
    assert 'eval "$(make -s env STACK=dev)"' in line
    assert 'REDISCLI_AUTH="$REDIS_PASSWORD" redis-cli' in line
    assert " -a " not in line


def test_the_line_to_paste_uses_our_client_where_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with nothing but Python."""
    monkeypatch.setattr("shutil.which", lambda _: None)
    assert "python -m verify shell" in closing.prompt("local")
