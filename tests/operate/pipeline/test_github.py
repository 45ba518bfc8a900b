from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from operate.pipeline import command
from operate.pipeline.github import GitHub, GitHubError
from operate.pipeline.markdown import fenced
from tests.standins.github import BOT, TOKEN, GitHubStandIn, serving

FILE = "Pulumi.prod.yaml"
BEFORE = b"config:\n  cache:tier: prod\n"
AFTER = b"config:\n  cache:attached: false\n  cache:tier: prod\n"


@pytest.fixture
def server() -> Iterator[GitHubStandIn]:
    """A repository with a stack's file."""
    with serving(GitHubStandIn(files={"main": {FILE: BEFORE}})) as standin:
        yield standin


@pytest.fixture
def github(server: GitHubStandIn) -> GitHub:
    """The repository, as a job sees it."""
    return GitHub.from_environment(server.environment())


def propose(github: GitHub, content: bytes = AFTER) -> str | None:
    """Propose another content of the stack's file."""
    return github.propose(branch="cache/rollback-prod", path=FILE, content=content, title="Rolled back", body="Merge.")


def test_a_comment_is_written_once_and_then_kept_current(server: GitHubStandIn, github: GitHub) -> None:
    """A pull request of ten pushes has one comment for each stack."""
    first = github.keep_comment(7, "cache preview prod", "dear")
    github.keep_comment(7, "cache preview staging", "other")
    assert github.keep_comment(7, "cache preview prod", "cheap") == first
    assert [(each["issue"], each["body"]) for each in server.comments] == [
        (7, "<!-- cache preview prod -->\ncheap"),
        (7, "<!-- cache preview staging -->\nother"),
    ]


def test_the_comment_is_found_behind_many_others(server: GitHubStandIn, github: GitHub) -> None:
    """A long discussion has several pages."""
    server.comments += [
        {"id": 1000 + number, "issue": 7, "body": "me too", "user": {"type": "User"}} for number in range(250)
    ]
    github.keep_comment(7, "cache preview prod", "first")
    github.keep_comment(7, "cache preview prod", "second")
    assert [each["body"] for each in server.comments[250:]] == ["<!-- cache preview prod -->\nsecond"]


def test_the_comment_of_somebody_who_writes_the_marker_is_left_alone(server: GitHubStandIn, github: GitHub) -> None:
    """Anybody can write a comment, and its author could edit ours."""
    server.comments.append({"id": 99, "issue": 7, "body": "<!-- cache preview prod -->", "user": {"type": "User"}})
    github.keep_comment(7, "cache preview prod", "ours")
    assert server.comments[0]["body"] == "<!-- cache preview prod -->"
    assert server.comments[1]["user"] == BOT


def test_an_issue_lives_as_long_as_there_is_drift(server: GitHubStandIn, github: GitHub) -> None:
    """Opened once, renewed each morning, closed with the reason, and opened anew the next time."""
    github.keep_issue("cache drift prod", "Drift", "the server is gone")
    github.keep_issue("cache drift prod", "Drift", "the server is still gone")
    assert [each["body"] for each in server.issues] == ["<!-- cache drift prod -->\nthe server is still gone"]
    assert github.close_issue("cache drift prod", "no drift") == server.issues[0]["html_url"]
    assert server.issues[0]["state"] == "closed"
    assert server.comments[0]["body"] == "no drift"
    assert github.close_issue("cache drift prod", "no drift") is None
    github.keep_issue("cache drift prod", "Drift", "again")
    assert [each["state"] for each in server.issues] == ["closed", "open"]


def test_a_change_is_proposed_once(server: GitHubStandIn, github: GitHub) -> None:
    """The second time renews the branch and the pull request; main is never written."""
    first = propose(github)
    assert first is not None
    assert propose(github) == first
    assert server.files["cache/rollback-prod"] == {FILE: AFTER}
    assert server.files["main"] == {FILE: BEFORE}
    assert [(each["title"], each["base"]) for each in server.pulls] == [("Rolled back", "main")]


def test_a_branch_that_an_earlier_change_left_starts_from_main_again(server: GitHubStandIn, github: GitHub) -> None:
    """Else the pull request would take back what was merged since."""
    server.files["cache/rollback-prod"] = {FILE: b"old", "merged-since": b""}
    propose(github)
    assert server.files["cache/rollback-prod"] == {FILE: AFTER}


def test_what_main_says_already_is_not_proposed(server: GitHubStandIn, github: GitHub) -> None:
    """No empty pull request, and no branch."""
    assert propose(github, BEFORE) is None
    assert list(server.files) == ["main"]


@pytest.mark.parametrize(("status", "cure"), [(403, "the job's permissions"), (500, "")])
def test_a_refusal_says_what_was_asked_and_the_cure(
    server: GitHubStandIn, github: GitHub, status: int, cure: str
) -> None:
    """Most often a permission is missing."""
    server.refusals["POST", "pulls"] = status
    with pytest.raises(GitHubError, match=f"refused POST pulls: {status} Resource not accessible") as refused:
        propose(github)
    assert cure in str(refused.value)
    assert ("permissions" in str(refused.value)) == bool(cure)
    assert TOKEN not in str(refused.value) + repr(github)


def test_a_wrong_token_is_told_without_being_shown(server: GitHubStandIn) -> None:
    """An error may end in a public log."""
    github = GitHub.from_environment({**server.environment(), "GITHUB_TOKEN": "ghs_wrong"})
    with pytest.raises(GitHubError, match="401 Bad credentials") as refused:
        github.keep_issue("marker", "title", "body")
    assert "ghs_wrong" not in str(refused.value)


def test_a_server_that_is_gone_is_one_line() -> None:
    """No traceback for what a retry mends."""
    github = GitHub.from_environment(
        {"GITHUB_API_URL": "http://127.0.0.1:1", "GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": "t"}
    )
    with pytest.raises(GitHubError, match="did not answer GET issues"):
        github.close_issue("marker", "why")


def test_what_a_job_did_not_get_is_named_at_once() -> None:
    """With the line that gives a step its token."""
    with pytest.raises(GitHubError, match=r"GITHUB_REPOSITORY and GITHUB_TOKEN are not set.*github\.token"):
        GitHub.from_environment({})
    with pytest.raises(GitHubError, match="GITHUB_TOKEN is not set"):
        GitHub.from_environment({"GITHUB_REPOSITORY": "a/b"})
    with pytest.raises(GitHubError, match="is no http or https URL"):
        GitHub.from_environment({"GITHUB_REPOSITORY": "a/b", "GITHUB_TOKEN": "t", "GITHUB_API_URL": "file:///etc"})


@pytest.mark.parametrize("length", [65_536 - len("<!-- cache preview prod -->\n"), 65_536, 200_000])
def test_a_body_that_is_too_long_is_cut_and_says_so(server: GitHubStandIn, github: GitHub, length: int) -> None:
    """At the end of a line, with its block of code ended, in a comment, an issue and a pull request alike."""
    body = "\n".join(["### Preview", "", *fenced(["+ create `it`"] * (length // 14))])[: length - 4] + "\n```"
    github.keep_comment(7, "cache preview prod", body)
    github.keep_issue("cache drift prod", "Drift", body)
    github.propose(branch="cache/rollback-prod", path=FILE, content=AFTER, title="Rolled back", body=body)
    for (written,) in (server.comments, server.issues, server.pulls):
        text = written["body"]
        assert len(text) <= 65_536
        assert ("**Cut here: " in text) == (length + len("<!-- cache preview prod -->\n") > 65_536 and text != body)
        assert text.count("\n```") == 2


def test_a_summary_that_is_too_long_is_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """GitHub would show none of it."""
    page = tmp_path / "summary"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    command.summarize("é line\n" * 100_000)
    written = page.read_bytes()
    assert len(written) < 2**20
    assert "**Cut here: " in written.decode()
