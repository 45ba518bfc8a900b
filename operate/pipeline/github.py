"""The few things that the workflows ask of GitHub's REST API, each so that doing it twice is doing it once.

Requests and answers: https://docs.github.com/en/rest (2022-11-28).
"""

import base64
import http.client
import itertools
import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self
from urllib.parse import quote, urlencode, urlsplit

from operate.pipeline.markdown import fitted
from runner.project import ProjectError

VERSION: Final = "2022-11-28"
SECONDS: Final = 30.0
PAGE: Final = 100
BOT: Final = "Bot"
# In characters, of a comment, an issue and a pull request: "body is too long (maximum is 65536 characters)".
LONGEST_BODY: Final = 65_536


class GitHubError(ProjectError):
    """GitHub refused, or cannot be reached; the message says what and the cure. The token is not in it."""


@dataclass(frozen=True, kw_only=True)
class GitHub:
    """One repository, for a job's own token."""

    api: str
    repository: str
    token: str = field(repr=False)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Self:
        """Take what a job is given. Raises `GitHubError` for what is missing."""
        missing = [name for name in ("GITHUB_REPOSITORY", "GITHUB_TOKEN") if not environment.get(name)]
        if missing:
            raise GitHubError(
                f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set: this is for a job of a "
                "workflow; GITHUB_TOKEN is given to a step with env: GITHUB_TOKEN: ${{ github.token }}"
            )
        api = environment.get("GITHUB_API_URL") or "https://api.github.com"
        if urlsplit(api).scheme not in {"http", "https"}:
            raise GitHubError(f"GITHUB_API_URL {api} is no http or https URL, like https://api.github.com")
        return cls(api=api, repository=environment["GITHUB_REPOSITORY"], token=environment["GITHUB_TOKEN"])

    def keep_comment(self, pull_request: int, marker: str, body: str) -> str:
        """Have one comment of ours with this marker on a pull request; give its address. Raises `GitHubError`."""
        text = f"{_hidden(marker)}\n{body}"
        known = self._ours(f"issues/{pull_request}/comments", marker)
        if known is None:
            return _address(self._ask("POST", f"issues/{pull_request}/comments", body=text))
        return _address(self._ask("PATCH", f"issues/comments/{known['id']}", body=text))

    def keep_issue(self, marker: str, title: str, body: str) -> str:
        """Have one open issue of ours with this marker; give its address. Raises `GitHubError`."""
        text = f"{_hidden(marker)}\n{body}"
        known = self._ours("issues?state=open", marker)
        if known is None:
            return _address(self._ask("POST", "issues", title=title, body=text))
        return _address(self._ask("PATCH", f"issues/{known['number']}", title=title, body=text))

    def close_issue(self, marker: str, why: str) -> str | None:
        """Close the issue of ours with this marker, if it is open; give its address. Raises `GitHubError`."""
        known = self._ours("issues?state=open", marker)
        if known is None:
            return None
        self._ask("POST", f"issues/{known['number']}/comments", body=why)
        return _address(self._ask("PATCH", f"issues/{known['number']}", state="closed"))

    def propose(self, *, branch: str, path: str, content: bytes, title: str, body: str) -> str | None:
        """Have a pull request that sets one file of the default branch; give its address.

        None where the file is that already. The branch is ours alone: it is made anew. GitHub signs the commit.
        Raises `GitHubError`.
        """
        base = self._ask("GET", "")["default_branch"]
        current = self._ask("GET", f"contents/{quote(path)}?{urlencode({'ref': base})}")
        if base64.b64decode(current["content"]) == content:
            return None
        tip = self._ask("GET", f"git/ref/heads/{quote(base)}")["object"]["sha"]
        if self._ask("GET", f"git/ref/heads/{quote(branch)}", may_be_absent=True) is None:
            self._ask("POST", "git/refs", ref=f"refs/heads/{branch}", sha=tip)
        else:
            self._ask("PATCH", f"git/refs/heads/{quote(branch)}", sha=tip, force=True)
        encoded = base64.b64encode(content).decode()
        # The file's own id: GitHub refuses where somebody else has changed it in between.
        self._ask("PUT", f"contents/{quote(path)}", message=title, content=encoded, branch=branch, sha=current["sha"])
        owner = self.repository.partition("/")[0]
        known = self._ask("GET", f"pulls?{urlencode({'state': 'open', 'head': f'{owner}:{branch}'})}")
        if known:
            return _address(self._ask("PATCH", f"pulls/{known[0]['number']}", title=title, body=body))
        return _address(self._ask("POST", "pulls", title=title, body=body, head=branch, base=base))

    def _ours(self, listing: str, marker: str) -> Mapping[str, Any] | None:
        """Find what begins with the marker and was written by a workflow: anybody can write the marker."""
        return next(
            (
                entry
                for entry in self._pages(listing)
                if (entry.get("body") or "").startswith(_hidden(marker)) and entry["user"]["type"] == BOT
            ),
            None,
        )

    def _pages(self, listing: str) -> Iterator[Mapping[str, Any]]:
        for page in itertools.count(1):
            parameters = urlencode({"per_page": PAGE, "page": page})
            entries = self._ask("GET", f"{listing}{'&' if '?' in listing else '?'}{parameters}")
            yield from entries
            if len(entries) < PAGE:
                return

    def _ask(self, method: str, path: str, *, may_be_absent: bool = False, **content: object) -> Any:
        """Send a request, its body cut where it is too long, and return the answer. Raises `GitHubError`.

        What does not exist is None where that may be.
        """
        if "body" in content:
            content["body"] = fitted(str(content["body"]), LONGEST_BODY)
        url = f"{self.api}/repos/{self.repository}{f'/{path}' if path else ''}"
        request = urllib.request.Request(  # noqa: S310 - `from_environment` lets nothing but http and https pass
            url,
            method=method,
            data=json.dumps(content).encode() if content else None,
            headers={
                "Accept": "application/vnd.github+json",
                "Authorization": f"Bearer {self.token}",
                "Content-Type": "application/json",
                "X-GitHub-Api-Version": VERSION,
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=SECONDS) as answer:  # noqa: S310 - the same
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                if error.code == http.HTTPStatus.NOT_FOUND and may_be_absent:
                    return None
                raise GitHubError(_refusal(error, f"{method} {path or self.repository}")) from None
        except (OSError, http.client.HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            raise GitHubError(f"GitHub did not answer {method} {path or self.repository}: {reason}") from None


def _hidden(marker: str) -> str:
    return f"<!-- {marker} -->"


def _address(answer: Mapping[str, Any]) -> str:
    return str(answer["html_url"])


def _refusal(error: urllib.error.HTTPError, request: str) -> str:
    try:
        said = json.load(error).get("message", "")
    except (OSError, ValueError, AttributeError):
        said = ""
    message = f"GitHub refused {request}: {error.code} {said}".rstrip()
    if error.code not in {http.HTTPStatus.FORBIDDEN, http.HTTPStatus.NOT_FOUND, http.HTTPStatus.UNAUTHORIZED}:
        return message
    return (
        f"{message}\n  the job's permissions in the workflow say what its token may do; for a pull request, Settings "
        "-> Actions -> General has to allow GitHub Actions to create pull requests as well"
    )
