"""Assignments that a shell, docker compose and python-dotenv read the same, among lines of others."""

import io
import os
import shutil
import subprocess

import dotenv
import pytest

from infra.sinks import environment_file
from infra.sinks.environment_file import AmbiguousLine, Unquotable

CERTIFICATE = "-----BEGIN CERTIFICATE-----\nMIIB+w/==\n-----END CERTIFICATE-----\n"

# A value, and how it is written. Each text was read by docker compose's own parser too, built from its source
# (compose-spec/compose-go at e70e961c, dotenv.Parse), as was each of 16,200 random values of such characters; all came
# out as they went in, and so they did from python-dotenv 1.0.0, 1.2.1 and 1.2.4, dash and bash.
WRITTEN = [
    ("", ""),
    ("127.0.0.1", "127.0.0.1"),
    (
        "master.hospitality-redis-prod.use1.cache.amazonaws.com",
        "master.hospitality-redis-prod.use1.cache.amazonaws.com",
    ),
    ("aZ09._/:@%+,=-", "aZ09._/:@%+,=-"),
    ("two words", "'two words'"),
    (" around ", "' around '"),
    ("a#b", "'a#b'"),
    ("a #b", "'a #b'"),
    ("$HOME", "'$HOME'"),
    ("a$1$$b$", "'a$1$$b$'"),
    ("$(id)`id`", "'$(id)`id`'"),
    ('"', "'\"'"),
    ("a\\nb", "'a\\nb'"),
    ("~", "'~'"),
    ("!!", "'!!'"),
    ("a;b&c|d<e>f(g)", "'a;b&c|d<e>f(g)'"),
    ("é", "'é'"),
    (CERTIFICATE, f"'{CERTIFICATE}'"),
    ("it's", '"it\'s"'),
    ("'\"", '"\'\\""'),
    ("'\\n\\\\n", '"\'\\\\n\\\\\\\\n"'),
    ("'\\\"", '"\'\\\\\\""'),
    ("a\\\\b", '"a\\\\\\\\b"'),
    ("'\n#", '"\'\n#"'),
]

# What at least one of the three reads otherwise, however it is quoted.
UNWRITABLE = ["'$", "'`", "\\\\$", "${HOME}", "a${", "\\", "a\\", "'\\", "a\rb", "a\r\n", "a\0b"]

OTHERS = """# Of the application.
DEBUG=1
export NAME='two
REDIS_HOST=not an assignment
words' # its comment

  REDIS_PORT = "6379"  # replaced
# REDIS_HOST=commented.out
REDIS_PORT=6380
REDIS_PORTS=7
no assignment
"""


def python_dotenv(text: str) -> dict[str, str | None]:
    """Read as python-dotenv does, with variables of the environment and of the text put in."""
    return dict(dotenv.dotenv_values(stream=io.StringIO(text, newline=None), interpolate=True))


def shell(program: str, text: str) -> dict[str, str]:
    """Read as a shell does."""
    done = subprocess.run(
        [program, "-c", 'set -a; eval "$0"; env -0', text],
        capture_output=True,
        check=True,
        env={"PATH": os.environ["PATH"], "HOME": "/nowhere"},
    )
    return dict(each.split("=", 1) for each in done.stdout.decode().split("\0") if each)


@pytest.fixture
def text() -> str:
    """All the values in one file, so that each has others behind it."""
    return environment_file.merged("", {f"VARIABLE_{number}": value for number, (value, _) in enumerate(WRITTEN)})


@pytest.mark.parametrize(("value", "written"), WRITTEN)
def test_a_value_is_written_as_all_readers_were_seen_to_read_it(value: str, written: str) -> None:
    """The table that compose's parser was tried with."""
    assert environment_file.assignment("NAME", value) == f"NAME={written}\n"


def test_python_dotenv_reads_every_value_back(text: str) -> None:
    """Variables that look like `$HOME` are not put in."""
    assert list(python_dotenv(text).values()) == [value for value, _ in WRITTEN]


@pytest.mark.parametrize("program", ["sh", "dash", "bash"])
def test_a_shell_reads_every_value_back(program: str, text: str) -> None:
    """And runs nothing of it."""
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")
    read = shell(program, text)
    assert [read[f"VARIABLE_{number}"] for number in range(len(WRITTEN))] == [value for value, _ in WRITTEN]


@pytest.mark.parametrize("value", UNWRITABLE)
def test_a_value_that_readers_differ_on_is_refused(value: str) -> None:
    """Better none than another password."""
    with pytest.raises(Unquotable):
        environment_file.assignment("NAME", value)


def test_merging_replaces_in_place_and_leaves_the_rest() -> None:
    """Comments, the order, a value of several lines and what is no assignment stay as they are."""
    merged = environment_file.merged(OTHERS, {"REDIS_PORT": "7000", "REDIS_HOST": "there"})
    assert (
        merged
        == OTHERS.replace('  REDIS_PORT = "6379"  # replaced\n', "REDIS_PORT=7000\n").replace("REDIS_PORT=6380\n", "")
        + "REDIS_HOST=there\n"
    )
    assert environment_file.holds(merged, {"REDIS_PORT": "7000", "REDIS_HOST": "there"})
    assert environment_file.merged(merged, {"REDIS_PORT": "7000", "REDIS_HOST": "there"}) == merged


def test_a_last_line_without_an_end_gets_one() -> None:
    """Else our first assignment would be part of it."""
    assert environment_file.merged("DEBUG=1", {"REDIS_HOST": "there"}) == "DEBUG=1\nREDIS_HOST=there\n"


@pytest.mark.parametrize(
    "ours", ["REDIS_HOST='a\nb'\n", 'REDIS_HOST="a\n\\"b"\n', "export REDIS_HOST=x\n", "REDIS_HOST="]
)
def test_taking_out_takes_the_whole_assignment(ours: str) -> None:
    """All lines of a value, however somebody else wrote it."""
    assert environment_file.without(f"BEFORE=1\n{ours}", ["REDIS_HOST"]) == "BEFORE=1\n"


def test_what_is_exported_stays_exported() -> None:
    """A file that a shell reads without `set -a` would else hide the value from the application."""
    values = {"REDIS_HOST": "there", "REDIS_PORT": "6379"}
    merged = environment_file.merged("export REDIS_HOST=old\n  export\tREDIS_PORT=1 # ours\n", values)
    assert merged == "export REDIS_HOST=there\nexport\tREDIS_PORT=6379\n"
    assert shell("sh", merged).items() >= values.items()
    assert environment_file.holds(merged, values)
    assert not environment_file.holds(merged.replace("there", "elsewhere"), values)


def test_carriage_returns_of_others_stay() -> None:
    """A file with the line ends of Windows is changed in our lines alone."""
    merged = environment_file.merged("DEBUG=1\r\nREDIS_HOST=x\r\nLAST=2\r\n", {"REDIS_HOST": "there"})
    assert merged == "DEBUG=1\r\nREDIS_HOST=there\nLAST=2\r\n"


@pytest.mark.parametrize(
    "text",
    ["", "REDIS_HOST=there\n", "REDIS_HOST='there'\nREDIS_PORT=1\n", "REDIS_PORT=1\nREDIS_HOST=there\nREDIS_PORT=1\n"],
)
def test_another_value_a_missing_one_and_a_second_one_are_seen(text: str) -> None:
    """The file holds the values if each stands in it once, as we write it."""
    assert not environment_file.holds(text, {"REDIS_HOST": "there", "REDIS_PORT": "1"})


# Lines of others, each of which ends with its line, or with its quote, for all three readers.
HARMLESS = [
    "A=two words\n",
    "A=1; B=2\n",
    "export A=1 B=2\n",
    "DATABASE_URL=postgres://u:p@h/d?a=1&b=2\n",
    "A=C:\\path\n",
    "A='it'\\''s'\n",
    'A="say \\"so\\""\n',
    "A='REDIS_HOST=x\nREDIS_PORT=y'\n",
    "URL=redis://${REDIS_HOST}:$REDIS_PORT\n",
    "A=$(date)\n",
    "A=x # it's\n",
    "MY_REDIS_HOST=1\nREDIS_HOSTS=2\n",
    "set -a\n",
    "A=b\r\n",
    "A=",
]

# The line that is named, and the text.
ENTANGLED = [
    (1, "export REDIS_HOST=old OTHER=keep\n"),
    (1, "OTHER=keep REDIS_HOST=old\n"),
    (1, "REDIS_HOST=old; OTHER=keep\n"),
    (2, "A=1\nB=2; REDIS_HOST=old\n"),
    (1, "REDIS_HOST=old && OTHER=keep\n"),
    (1, "REDIS_HOST= OTHER=keep\n"),
    (1, "REDIS_HOST=${OTHER:=keep}\n"),
    (1, "REDIS_HOST=two words\n"),
    (1, "REDIS_HOST+=more\n"),
    (1, "REDIS_HOST: yaml\n"),
    (1, "'REDIS_HOST'=quoted\n"),
    (1, "\ufeffREDIS_HOST=x\n"),
    (3, "A='1\n2'\nexport REDIS_HOST\n"),
    (1, "readonly REDIS_HOST=x\n"),
    (1, "unset A REDIS_HOST\n"),
]
UNENDED = [
    (2, 'A=1\nLAST="unclosed\n'),
    (1, "A=it's\n"),
    (1, "A='b\\'\nREDIS_HOST=x\nB='c'\n"),
    (1, 'A="b\\\\"\n'),
    (1, 'A="$(echo "x\n")"\n'),
    (1, "A=b\\\nREDIS_HOST=x\n"),
    (1, "if true; then\nREDIS_HOST=x\nfi\n"),
    (1, "cat <<END\nREDIS_HOST=x\nEND\n"),
    (1, "A=(\nREDIS_HOST=x\n)\n"),
    (1, "A=`\nREDIS_HOST=x\n`\n"),
    (1, "A=b\rREDIS_HOST=x\n"),
    (1, "true &&\nREDIS_HOST=x\n"),
    (1, "A=${B\nREDIS_HOST=x\n}\n"),
    (1, "PASSED_ON"),
]


@pytest.mark.parametrize("text", HARMLESS)
def test_lines_of_others_stay(text: str) -> None:
    """And ours come behind them."""
    merged = environment_file.merged(text, {"REDIS_HOST": "there"})
    ended = text if text.endswith("\n") else f"{text}\n"
    assert merged == f"{ended}REDIS_HOST=there\n"
    assert environment_file.without(merged, ["REDIS_HOST"]) == ended


@pytest.mark.parametrize(("line", "text"), ENTANGLED)
def test_a_line_that_says_more_than_our_value_is_refused(line: int, text: str) -> None:
    """By its number, in whatever is to be done with the file, and without what it says."""
    words = (
        rf"line {line} says more than the value of REDIS_HOST, which cannot be replaced alone: put REDIS_HOST=<value>"
    )
    for refuse in (
        lambda: environment_file.merged(text, {"REDIS_HOST": "there"}),
        lambda: environment_file.without(text, ["REDIS_HOST"]),
        lambda: environment_file.holds(text, {"REDIS_HOST": "there"}),
    ):
        with pytest.raises(AmbiguousLine, match=f"^{words}") as refused:
            refuse()
        assert "keep" not in str(refused.value)


@pytest.mark.parametrize(("line", "text"), UNENDED)
def test_a_line_whose_end_readers_differ_on_is_refused(line: int, text: str) -> None:
    """Whatever stands behind it is to one of them a part of it."""
    with pytest.raises(
        AmbiguousLine, match=rf"^line {line} does not end at the same place for a shell, docker compose"
    ):
        environment_file.merged(text, {"REDIS_HOST": "there"})
