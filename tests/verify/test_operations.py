from pathlib import Path

import pytest

from benchmarks.servers import dead_port
from tests.verify.test_command_line import run
from verify.operations import InvalidOperations, Operations

TOKEN = "0123456789abcdef"


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """A file with a token, as an editor leaves it."""
    file = tmp_path / "token"
    file.write_text(f"{TOKEN}\n")
    return file


@pytest.mark.parametrize(
    ("listen", "shown"), [("127.0.0.1:0", "127.0.0.1"), ("localhost:0", "127.0.0.1"), ("[::1]:0", "[::1]")]
)
def test_loopback_needs_no_token(listen: str, shown: str) -> None:
    """Nobody else reaches it."""
    if "::" in listen and not Path("/proc/net/if_inet6").exists():
        pytest.skip("this machine has no IPv6")
    operations = Operations.open(listen, None)
    assert operations is not None
    with operations.listener:
        assert operations.url.startswith(f"http://{shown}:")
        assert operations.url.endswith("/metrics")
        assert operations.admits("GET /metrics HTTP/1.1\r\n\r\n")


@pytest.mark.parametrize("listen", ["0.0.0.0:0", "[::]:0", "192.0.2.1:9121", "10.0.0.1:9121", "[::ffff:10.0.0.1]:9121"])
def test_any_other_address_needs_one(listen: str) -> None:
    """The message names the option, and both ways out."""
    with pytest.raises(InvalidOperations, match=r"needs a token.*--operations-token-file.*127\.0\.0\.1") as caught:
        Operations.open(listen, None)
    assert listen in str(caught.value)


def test_with_a_token_every_address_may_listen(token_file: Path) -> None:
    """The token is in no text of the object."""
    operations = Operations.open("0.0.0.0:0", token_file)
    assert operations is not None
    with operations.listener:
        assert operations.admits(f"GET /metrics HTTP/1.1\r\nAuthorization: Bearer {TOKEN}\r\n\r\n")
        assert TOKEN not in repr(operations)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Authorization: Bearer \r\n",
        f"Authorization: Bearer {TOKEN}x\r\n",
        f"Authorization: Bearer x{TOKEN}\r\n",
        f"Authorization: Bearer {TOKEN.upper()}\r\n",
        f"Authorization: Basic {TOKEN}\r\n",
        f"Authorization: {TOKEN}\r\n",
        f"X-Authorization: Bearer {TOKEN}\r\n",
        f"X: Authorization: Bearer {TOKEN}\r\n",
        f"Authorization: Bearer {TOKEN}\r\nAuthorization: Bearer {TOKEN}\r\n",
        "Authorization: Bearer é\r\n",
    ],
)
def test_what_is_not_the_token_is_refused(header: str, token_file: Path) -> None:
    """Nor is one that stands in another header, or twice."""
    operations = Operations.open("127.0.0.1:0", token_file)
    assert operations is not None
    with operations.listener:
        assert not operations.admits(f"GET /metrics HTTP/1.1\r\n{header}\r\n")


@pytest.mark.parametrize(
    "listen",
    ["", "9121", ":9121", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "::1:9121", "example.com:1", "a\x1b:1"],
)
def test_what_is_no_address_is_refused(listen: str) -> None:
    """A name is one of these, since it may lead elsewhere tomorrow."""
    with pytest.raises(InvalidOperations, match=r"is no IP address and port: write it like") as caught:
        Operations.open(listen, None)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    "content", ["", "short", "sixteen characters", "0123456789abcdef\n0123456789abcdef", "é" * 20, "a" * 600]
)
def test_what_is_no_token_is_refused_and_not_shown(content: str, tmp_path: Path) -> None:
    """A file that was meant for something else may hold a secret."""
    file = tmp_path / "token"
    file.write_text(content)
    with pytest.raises(InvalidOperations, match=r"holds no bearer token.*openssl rand -hex 32") as caught:
        Operations.open("127.0.0.1:0", file)
    assert not content or content not in str(caught.value)


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    """The address and the file are both wrong."""
    with pytest.raises(InvalidOperations) as caught:
        Operations.open("example.com:1", tmp_path / "missing")
    assert [line.split()[0] for line in str(caught.value).splitlines()] == [
        "--operations-token-file",
        "--operations-listen",
    ]
    with pytest.raises(InvalidOperations, match="--operations-listen, which is missing"):
        Operations.open(None, tmp_path / "missing")
    assert Operations.open(None, None) is None


def test_an_address_that_cannot_be_had_is_78() -> None:
    """One line, no traceback, and neither page is served."""
    with dead_port() as port:
        done = run("serve", "--port", "0", "--operations-listen", f"127.0.0.1:{port}")
    assert (done.returncode, done.stdout) == (78, "")
    assert done.stderr.startswith(f"--operations-listen 127.0.0.1 port {port} cannot be had: ")
    done = run("serve", "--port", "0", "--operations-listen", "0.0.0.0:0")
    assert (done.returncode, len(done.stderr.splitlines())) == (78, 1)
    assert "needs a token" in done.stderr
