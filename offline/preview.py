"""What a stack would declare, what it costs and what `up` needs: told without a CLI, an account or a network."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import pulumi

from offline import answers
from offline.recorder import recording
from runner.attempt import FAILED, say
from runner.inprocess import wire
from runner.inprocess.deployment import Registration
from runner.inprocess.display import short
from runner.project import Project

WIDTH: Final = 100
INDENT: Final = " " * 6
# What is longer is a document, and no setting.
LONGEST_VALUE: Final = 80

# Inputs that say the same for every resource of a stack.
COMMON: Final = frozenset({"tags", "labels", "name", "description", "project", "region"})


def preview(project: Project, stack: str, *, because: str, needs: Sequence[str]) -> int:
    """Print the offline preview of a stack; return the exit code, 1 for a configuration that the program refuses.

    `because` is why no engine was asked, `needs` what an `up` needs of this machine.
    """
    own = project.configuration(stack)
    configuration, _ = answers.completed(own)
    print(f"offline preview of stack {stack}: {because}; nothing was asked, nothing is compared")
    try:
        recorded = recording(project, stack, configuration)
    except pulumi.RunError as error:
        say(f"error: {error}")
        return FAILED
    made_up = {key: value for key, value in configuration.items() if key not in own}
    made_up |= answers.made_up(own)
    if made_up:
        print(f"made up: {', '.join(f'{key}={value}' for key, value in made_up.items())}")
    print("\n".join(lines(recorded.declared, recorded.outputs, recorded.messages, needs=needs)))
    return 0


def lines(
    declared: Sequence[Registration], outputs: Mapping[str, Any], messages: Sequence[str], *, needs: Sequence[str]
) -> Iterator[str]:
    """Yield what is declared, what the program says of it, its monthly price, and what an `up` needs."""
    for resource in declared:
        yield f" +  {short(resource.type)} {resource.name}{'  (protected)' if resource.protect else ''}"
        yield from textwrap.wrap(_settings(resource.inputs), WIDTH, initial_indent=INDENT, subsequent_indent=INDENT)
    yield f"Resources: {len(declared)} declared"
    yield from messages
    cost = wire.plain(outputs.get("monthlyCostUsd"))
    yield f"monthlyCostUsd: {'unknown' if cost is None or wire.has_unknown(cost) else cost}"
    yield "an up needs:"
    yield from (f"  - {need}" for need in needs)


def _settings(inputs: Mapping[str, Any]) -> str:
    """Return the inputs that are plain and known, as key=value; never a secret."""
    return ", ".join(
        f"{key}={str(value).lower() if isinstance(value, bool) else value}"
        for key, value in sorted(inputs.items())
        if isinstance(value, str | int | float)
        and not key.startswith("__")
        and key not in COMMON
        and not wire.has_unknown(value)
        and len(str(value)) <= LONGEST_VALUE
        and str(value).isprintable()
    )
