"""Verb: one row of the command line; and the parser that is made of the rows."""

import argparse
import difflib
import shutil
import textwrap
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from runner.project import LOCAL_STACK, Project

# The column of the descriptions in a list of verbs.
INDENT: Final = 18
# A description keeps so much, whatever the terminal's width.
NARROWEST: Final = 20


@dataclass(frozen=True)
class Option:
    """An option of a verb, as `ArgumentParser.add_argument` takes it."""

    flag: str
    settings: Mapping[str, Any]


def option(flag: str, **settings: Any) -> Option:
    """Return an option with these settings of `add_argument`."""
    return Option(flag, settings)


STACK: Final = option(
    "--stack", default=LOCAL_STACK, help="the stack, of the file Pulumi.<stack>.yaml (default: %(default)s)"
)


@dataclass(frozen=True, kw_only=True)
class Verb:
    """What can be asked for: `run` returns the exit code, and raises `ProjectError`.

    A verb on a stack has the option --stack, and needs the stack's file. `verbs` are those below it, as of `ci`.
    """

    name: str
    help: str
    run: Callable[[Project, Namespace], int] | None = None
    options: tuple[Option, ...] = ()
    is_on_stack: bool = True
    verbs: tuple["Verb", ...] = ()

    @property
    def all_options(self) -> tuple[Option, ...]:
        """Return its options, --stack included."""
        return (*([STACK] if self.is_on_stack and self.run else []), *self.options)


Groups = Mapping[str, Sequence[Verb]]

# Titles, with what stands under each and its description.
Listing = Mapping[str, Mapping[str, str]]


def parse(prog: str, groups: Groups, arguments: Sequence[str], *, description: str, closing: Listing) -> Namespace:
    """Read a command line; its `verb` is the row that was asked for. Raises `SystemExit`, with 2 for a wrong one."""
    listing = {title: {verb.name: verb.help for verb in verbs} for title, verbs in groups.items()}
    parser = _parser(ArgumentParser, prog=prog, description=_text(description, listing), epilog=_text("", closing))
    _add(parser, [verb for verbs in groups.values() for verb in verbs], arguments)
    return parser.parse_args(arguments)


def _add(parser: ArgumentParser, verbs: Sequence[Verb], arguments: Sequence[str]) -> None:
    """Add verbs to a parser; refuse arguments that begin with none of them, naming the nearest."""
    known = {verb.name: verb for verb in verbs}
    if arguments and not arguments[0].startswith("-") and arguments[0] not in known:
        nearest = difflib.get_close_matches(arguments[0], known, n=1, cutoff=0)
        parser.error(f"there is no verb {arguments[0]!a}; the nearest is: {parser.prog} {nearest[0]}")
    # The list of verbs stands in the description, with its titles.
    adding = parser.add_subparsers(metavar="VERB", required=True, prog=parser.prog, help=argparse.SUPPRESS)
    parser.usage = "%(prog)s [-h] VERB ..."
    for verb in verbs:
        below = {"verbs": {each.name: each.help for each in verb.verbs}} if verb.verbs else {}
        added = _parser(adding.add_parser, verb.name, description=_text(f"{verb.help}.", below))
        for each in verb.all_options:
            added.add_argument(each.flag, **each.settings)
        added.set_defaults(verb=verb)
        if verb.verbs:
            _add(added, verb.verbs, arguments[1:] if arguments[:1] == [verb.name] else ())


def _parser(make: Callable[..., ArgumentParser], *names: str, **settings: Any) -> ArgumentParser:
    # The texts are wrapped already: argparse would make one paragraph of a list.
    return make(*names, formatter_class=RawDescriptionHelpFormatter, **settings)


def _text(introduction: str, listing: Listing) -> str:
    """Return a text with its lists, wrapped for the terminal."""
    # As argparse has it.
    width = max(shutil.get_terminal_size().columns - 2, INDENT + NARROWEST)
    lines = textwrap.wrap(introduction, width)
    for title, rows in listing.items():
        lines += ["", f"{title}:"]
        for name, text in rows.items():
            lines += textwrap.wrap(
                text, width, initial_indent=f"  {name}".ljust(INDENT), subsequent_indent=" " * INDENT
            )
    return "\n".join(lines)


def one_of(*choices: str, hint: str = "") -> Callable[[str], str]:
    """Return a type for an option, which checks a default from the environment too."""

    def chosen(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(f"{text!a} is none of {', '.join(choices)}{hint}")
        return text

    return chosen
