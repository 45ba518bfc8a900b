"""GitHub's REST API, in what the workflows ask of it: https://docs.github.com/en/rest."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from benchmarks.serving import running

REPOSITORY = "team/cache"
TOKEN = "ghs_ofAJobThatEndsWithIt"
LONGEST_BODY = 65_536
BOT = {"login": "github-actions[bot]", "type": "Bot"}


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class GitHubStandIn:
    """One repository. `files` are those of each branch; `refusals` give a status to a method and path."""

    files: dict[str, dict[str, bytes]] = field(default_factory=lambda: {"main": {}})
    comments: list[dict[str, Any]] = field(default_factory=list)
    issues: list[dict[str, Any]] = field(default_factory=list)
    pulls: list[dict[str, Any]] = field(default_factory=list)
    requests: list[tuple[str, str]] = field(default_factory=list)
    refusals: dict[tuple[str, str], int] = field(default_factory=dict)
    url: str = ""

    def environment(self) -> dict[str, str]:
        """Return what a job of a workflow is given."""
        return {"GITHUB_API_URL": self.url, "GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": TOKEN}

    def respond(self, method: str, path: str, query: dict[str, str], content: dict[str, Any], proof: str | None) -> Any:
        """Answer one request of somebody who proves who he is, or raise `Refused`."""
        self.requests.append((method, path))
        if proof != f"Bearer {TOKEN}":
            raise Refused(401, "Bad credentials")
        if (method, path) in self.refusals:
            raise Refused(self.refusals[method, path], "Resource not accessible by integration")
        # As an issue's and a comment's reporters have it: "body is too long (maximum is 65536 characters)".
        if len(content.get("body") or "") > LONGEST_BODY:
            raise Refused(422, "Validation Failed")
        return self._answer(method, path, query, content)

    # One line for each address, as in GitHub's own reference.
    def _answer(  # noqa: C901, PLR0911, PLR0912
        self, method: str, path: str, query: dict[str, str], content: dict[str, Any]
    ) -> Any:
        match method, path.split("/"):
            case "GET", [""]:
                return {"default_branch": "main"}
            case "GET", ["issues", number, "comments"]:
                return page([each for each in self.comments if each["issue"] == int(number)], query)
            case "POST", ["issues", number, "comments"]:
                return self._add(self.comments, "comments", issue=int(number), **content)
            case "PATCH", ["issues", "comments", number]:
                return find(self.comments, "id", int(number)) | change(self.comments, "id", int(number), content)
            case "GET", ["issues"]:
                return page([each for each in self.issues if each["state"] == query["state"]], query)
            case "POST", ["issues"]:
                return self._add(self.issues, "issues", state="open", **content)
            case "PATCH", ["issues", number]:
                return change(self.issues, "number", int(number), content)
            case "GET", ["git", "ref", "heads", *name]:
                return {"object": {"sha": self._tip("/".join(name))}}
            case "POST", ["git", "refs"]:
                return self._move(content["ref"].removeprefix("refs/heads/"), content["sha"], new=True)
            case "PATCH", ["git", "refs", "heads", *name]:
                if not content.get("force"):
                    raise Refused(422, "Update is not a fast forward")
                return self._move("/".join(name), content["sha"], new=False)
            case "GET", ["contents", file]:
                return {"content": lines(self._file(query["ref"], file)), "sha": blob(self._file(query["ref"], file))}
            case "PUT", ["contents", file]:
                if blob(self._file(content["branch"], file)) != content["sha"]:
                    raise Refused(409, f"{file} does not match {content['sha']}")
                self.files[content["branch"]][file] = base64.b64decode(content["content"], validate=True)
                return {"commit": {"message": content["message"]}}
            case "GET", ["pulls"]:
                return [
                    each for each in self.pulls if each["state"] == query["state"] and each["head"] == query["head"]
                ]
            case "POST", ["pulls"]:
                head = f"{REPOSITORY.partition('/')[0]}:{content['head']}"
                if any(each["head"] == head and each["state"] == "open" for each in self.pulls):
                    raise Refused(422, f"A pull request already exists for {head}")
                return self._add(self.pulls, "pull", state="open", **{**content, "head": head})
            case "PATCH", ["pulls", number]:
                return change(self.pulls, "number", int(number), content)
            case _:
                raise Refused(404, "Not Found")

    def _add(self, to: list[dict[str, Any]], kind: str, **content: Any) -> dict[str, Any]:
        number = len(to) + 1
        made = {"id": number, "number": number, "user": BOT, "html_url": f"{self.url}/{kind}/{number}", **content}
        to.append(made)
        return made

    def _tip(self, branch: str) -> str:
        if branch not in self.files:
            raise Refused(404, "Not Found")
        return f"tip-of-{branch}"

    def _move(self, branch: str, tip: str, *, new: bool) -> dict[str, Any]:
        if new == (branch in self.files):
            raise Refused(422, "Reference already exists" if new else "Reference does not exist")
        self.files[branch] = dict(self.files[tip.removeprefix("tip-of-")])
        return {"ref": f"refs/heads/{branch}"}

    def _file(self, branch: str, file: str) -> bytes:
        if file not in self.files.get(branch, {}):
            raise Refused(404, "Not Found")
        return self.files[branch][file]


def page(entries: list[dict[str, Any]], query: dict[str, str]) -> list[dict[str, Any]]:
    """Return one page, of 30 where nobody says otherwise."""
    size, number = int(query.get("per_page", "30")), int(query.get("page", "1"))
    return entries[size * (number - 1) : size * number]


def find(entries: list[dict[str, Any]], key: str, value: int) -> dict[str, Any]:
    """Find an entry, or refuse."""
    for entry in entries:
        if entry[key] == value:
            return entry
    raise Refused(404, "Not Found")


def change(entries: list[dict[str, Any]], key: str, value: int, content: dict[str, Any]) -> dict[str, Any]:
    """Change an entry, or refuse."""
    entry = find(entries, key, value)
    entry.update(content)
    return entry


def blob(content: bytes) -> str:
    """Return the id that git has for a file."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def lines(content: bytes) -> str:
    """Return base64 as GitHub does, in lines."""
    return base64.encodebytes(content).decode()


@contextmanager
def serving(standin: GitHubStandIn) -> Iterator[GitHubStandIn]:
    """Serve a repository on this machine."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._respond()

        do_POST = do_PATCH = do_PUT = do_GET  # noqa: N815 - the names that http.server looks for

        def _respond(self) -> None:
            parts = urlsplit(self.path)
            query = {key: values[0] for key, values in parse_qs(parts.query).items()}
            length = int(self.headers.get("Content-Length") or 0)
            content = json.loads(self.rfile.read(length)) if length else {}
            path = re.sub(rf"^/repos/{REPOSITORY}/?", "", parts.path)
            try:
                proof = self.headers["Authorization"]
                status, body = 200, standin.respond(self.command, path, query, content, proof)
            except Refused as refused:
                status, body = refused.status, {"message": str(refused)}
            encoded = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(encoded)))
            self.end_headers()
            self.wfile.write(encoded)

        def log_message(self, *_: object) -> None:
            pass

    with running(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as server:
        standin.url = f"http://127.0.0.1:{server.server_address[1]}"
        yield standin
