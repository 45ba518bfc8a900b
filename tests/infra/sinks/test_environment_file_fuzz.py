"""Environment files of any kind: what a shell, docker compose and python-dotenv read of others' variables stays."""

import io
import json
import os
import random
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import dotenv
import pytest

from infra.sinks import environment_file
from infra.sinks.environment_file import AmbiguousLine
from tests.soak import Soak

COMPOSE_PARSER = Path(__file__).parent / "compose_parser"
OURS = ("REDIS_HOST", "REDIS_PORT", "REDIS_PASSWORD", "REDIS_TLS_CA")
# A shell's own, and what compose makes of a last line that is a name without a line end.
IGNORED = {*OURS, "_", "PWD", "OLDPWD", "SHLVL", ""}

OTHERS = ("A", "B", "C_1", "DEBUG")
PLAIN = ("", "1", "keep", "two", "a=b", "x:y", "a#b", "$A", "${B}", "${C:-x}", "*", "~", "REDIS_HOST", "REDIS_PORTS=1")
PIECES = (
    *PLAIN, " ", "  ", "\t", "'", '"', "'", '"', "\\", "\\\\", "\n", "\r", "\r\n", "`", "`true`", "$", "${", "}", "{",
    "(", ")", "$(true)", "#", " #", ";", "; ", "&", "&&", "|", "<", "<<", ">", "!", "[", "]", "=", "é", "\u00a0", "\f",
    "\\n", "\\'", '\\"', "\\$", "$'", "if ", "then", "fi", "done", "B=it", "REDIS_HOST=mine", "REDIS_PORT =1",
)  # fmt: skip
VALUES = ("there", "6379", "two words", "a'b", 'a"b', "$HOME", "a\\b", "x # y", "'\"", "line\nREDIS_HOST=no\nline", "")


def quoted(dice: random.Random) -> str:
    """Return a value in quotes, over several lines now and then."""
    quote = dice.choice("'\"")
    return (
        quote + "".join(dice.choice((*PLAIN, " ", "\n", "\\", "\\n", "#")) for _ in range(dice.randint(0, 4))) + quote
    )


def statement(dice: random.Random) -> str:
    """Return a line that somebody may have in such a file, or has by mistake."""
    name = dice.choice((*OTHERS, *OURS))
    value = dice.choice((dice.choice(PLAIN), quoted(dice), "".join(dice.choices(PIECES, k=dice.randint(1, 6)))))
    end = dice.choice(("\n",) * 6 + ("\r\n", " # why\n", "  \n", ""))
    match dice.randint(0, 11):
        case 0:
            return f"# {value}{end}"
        case 1:
            return f"{value}{end}"
        case 2:
            return f"{dice.choice(('export', 'unset', 'readonly', 'set -a;', ':'))} {name}{end}"
        case 3:
            second = dice.choice((*OTHERS, *OURS))
            return f"{dice.choice(('', 'export '))}{name}={value}{dice.choice((' ', '; ', ' && '))}{second}=keep{end}"
        case _:
            prefix = dice.choice(("", "", "", "export ", "  ", "export\t"))
            return f"{prefix}{name}{dice.choice(('=',) * 6 + (' = ', '= ', '+=', ': '))}{value}{end}"


def text_of(dice: random.Random) -> str:
    """Return a file of a few lines, with a character put in or taken out now and then."""
    text = "".join(statement(dice) for _ in range(dice.randint(1, 6)))
    for _ in range(dice.choice((0, 0, 0, 1, 2))):
        place = dice.randint(0, len(text))
        text = text[:place] + dice.choice((*PIECES, "")) + text[place + dice.randint(0, 1) :]
    # A process's number is another one at each reading.
    while (calm := re.sub(r"\$[$!]", "$", text)) != text:
        text = calm
    return text


def python_dotenv(text: str) -> Mapping[str, str | None]:
    """Read as python-dotenv does."""
    return dotenv.dotenv_values(stream=io.StringIO(text, newline=None), interpolate=True)


def shell(program: str, text: str, folder: Path) -> Mapping[str, str | None]:
    """Read as a shell does, without commands but its own; `ENDED` says that it came to the end."""
    (folder / "text").write_bytes(text.encode())
    script = f"exec 3>&1 >/dev/null 2>&1; set -a; trap '{shutil.which('env')} -0 >&3' EXIT; . ./text; ENDED=yes"
    done = subprocess.run(
        [program, "-c", script],
        cwd=folder,
        env={"PATH": "/nonexistent", "HOME": "/nowhere"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    return dict(each.split("=", 1) for each in done.stdout.decode(errors="replace").split("\0") if "=" in each)


def compose(texts: Sequence[str], parser: Path) -> list[Mapping[str, str | None] | None]:
    """Read as docker compose does, None for a text that it refuses."""
    done = subprocess.run([parser], input=json.dumps(texts), stdout=subprocess.PIPE, text=True, check=True)
    read: list[Mapping[str, str | None] | None] = json.loads(done.stdout)
    return read


def others(read: Mapping[str, str | None] | None) -> dict[str, str | None] | None:
    """Return what is read for the variables of others."""
    return None if read is None else {name: value for name, value in read.items() if name not in IGNORED}


@pytest.fixture(scope="module")
def compose_parser(tmp_path_factory: pytest.TempPathFactory) -> Path | None:
    """Build docker compose's parser, where Go has its source at hand (`go mod download` in its folder gets it)."""
    program = tmp_path_factory.mktemp("compose") / "parser"
    if shutil.which("go") is None:
        return None
    built = subprocess.run(
        ["go", "build", "-o", program, "."],
        cwd=COMPOSE_PARSER,
        env={**os.environ, "GOPROXY": "off", "GOFLAGS": "-mod=readonly"},
        capture_output=True,
        check=False,
    )
    return None if built.returncode else program


@dataclass(frozen=True, kw_only=True)
class Case:
    """A file before, with our variables, and without them again."""

    before: str
    delivered: str
    removed: str

    @property
    def texts(self) -> tuple[str, str, str]:
        """Return the three in their order."""
        return self.before, self.delivered, self.removed


def cases(soak: Soak) -> Iterator[Case]:
    """Return the files that are not refused; a good part of them has to be."""
    dice, accepted = soak.random(), 0
    for _ in range(soak.cases):
        before = text_of(dice)
        values = {name: dice.choice(VALUES) for name in OURS}
        try:
            delivered = environment_file.merged(before, values)
        except AmbiguousLine:
            continue
        accepted += 1
        assert environment_file.holds(delivered, values)
        assert environment_file.merged(delivered, values) == delivered
        yield Case(before=before, delivered=delivered, removed=environment_file.without(delivered, values))
    assert accepted > soak.cases // 5


@pytest.mark.long
@pytest.mark.soak(5000)
@pytest.mark.timeout(3600)
def test_what_is_read_of_other_variables_stays(soak: Soak, tmp_path: Path, compose_parser: Path | None) -> None:
    """Before, with our variables and after their removal, whoever reads the file."""
    programs = [found for name in ("bash", "dash") if (found := shutil.which(name))]
    assert programs
    accepted = list(cases(soak))
    for case in accepted:
        read = [others(python_dotenv(text)) for text in case.texts]
        assert read == [read[0]] * 3, case
        for program in programs:
            first, *later = (others(shell(program, text, tmp_path)) or {} for text in case.texts)
            # A line of ours may have ended it, as `export REDIS_HOST= \r` ends dash: once replaced, more is read.
            known = [{name: each.get(name) for name in first} if "ENDED" not in first else each for each in later]
            assert known == [first] * 2, (program, case)
    if compose_parser is not None:
        for case, *answers in zip(
            accepted,
            *(compose([case.texts[place] for case in accepted], compose_parser) for place in range(3)),
            strict=True,
        ):
            # What it refuses for a line of ours it takes once that line is replaced.
            if answers[0] is not None:
                read = [others(answer) for answer in answers]
                assert read == [read[0]] * 3, case
