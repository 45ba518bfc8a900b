"""The summary of a plan: the comment on a pull request, and what drift there is. Both are Markdown."""

from collections.abc import Iterable, Iterator
from typing import Final

from operate.pipeline.markdown import fenced
from operate.pipeline.plan import Change, Cost, Difference, Plan

# The first column of a line decides its colour where GitHub shows a difference.
SIGNS: Final = {"create": "+", "update": "!", "replace": "-", "delete": "-"}


def comment(plan: Plan, *, stack: str) -> str:
    """Describe what a pull request would do to a stack, and what that costs."""
    lines = [f"### Preview of stack `{stack}`", ""]
    if plan.problems:
        return "\n".join([*lines, "**The preview failed**, and so would an `up`:", "", *fenced(plan.problems)])
    lines += [f"**Cost:** {cost(plan.cost_before, plan.cost_after)}", ""]
    if plan.is_empty:
        return "\n".join([*lines, f"Nothing to do: {_resources(plan.unchanged)} unchanged."])
    lost = [change for change in plan.changes if change.operation in {"replace", "delete"}]
    if lost:
        names = ", ".join(f"`{change.name}`" for change in lost)
        lines += [f"**Replaced or deleted, with what is in it:** {names}", ""]
    lines += fenced(_planned(plan.changes), "diff")
    return "\n".join([*lines, "", f"{_counted(plan.changes)}, {plan.unchanged} unchanged."])


def drift(plan: Plan, *, stack: str) -> str:
    """Describe in what a stack is no longer as the program declares it, and what to do about that."""
    if plan.problems:
        lines = [f"Whether stack `{stack}` has drifted cannot be told: the preview failed.", ""]
        return "\n".join([*lines, *fenced(plan.problems)])
    if plan.is_empty:
        return f"Stack `{stack}` is as the program declares it: {_resources(plan.unchanged)}, no drift."
    lines = [f"Stack `{stack}` is not as the program declares it.", ""]
    lines += fenced(line for change in plan.changes for line in _drifted(change))
    lines += [
        "",
        f"- What was changed by mistake is put back by the next deploy, or by `make up STACK={stack}`.",
        f"- What is to stay goes into the program or `Pulumi.{stack}.yaml`, or the next deploy takes it back.",
        "- A merged change that is not deployed yet looks the same: a deployment may be waiting for its approval.",
    ]
    return "\n".join(lines)


def cost(before: Cost, after: Cost) -> str:
    """Describe what a month costs, in USD, and how much that is more or less than now."""
    if not isinstance(after, int | float):
        return "unknown: infra/prices.toml has no price for a part of it"
    price = f"{after:,.2f} USD a month"
    if before is None:
        return f"{price}, for a stack that is new"
    if not isinstance(before, int | float):
        return f"{price}; what it costs now is unknown"
    difference = round(after - before, 2)
    if difference == 0:
        return f"{price}, as now"
    return f"{price}, {abs(difference):,.2f} {'more' if difference > 0 else 'less'} than now ({before:,.2f})"


def _planned(changes: Iterable[Change]) -> Iterator[str]:
    for change in changes:
        yield f"{SIGNS.get(change.operation, '!')} {change.operation} {change.type} {change.name}"
        yield from (f"      {_change(each)}" for each in change.changed)


def _drifted(change: Change) -> Iterator[str]:
    resource = f"{change.type} {change.name}"
    match change.operation:
        case "create" if change.is_gone:
            yield f"{resource} was deleted, and not by Pulumi; up would create it again"
        case "create":
            yield f"{resource} is declared and does not exist; up would create it"
        case "delete":
            yield f"{resource} is no longer declared; up would delete it"
        case operation:
            yield f"{resource} is not as declared; up would {operation} it"
    yield from (f"      found: {_change(each)}" for each in change.found)
    yield from (f"      up: {_change(each)}" for each in change.changed)


def _change(difference: Difference) -> str:
    if difference.before == difference.after:
        return f"{difference.key}: {difference.before}, another one"
    return f"{difference.key}: {difference.before} -> {difference.after}"


def _counted(changes: Iterable[Change]) -> str:
    operations = [change.operation for change in changes]
    return ", ".join(f"{operations.count(each)} to {each}" for each in dict.fromkeys(operations))


def _resources(count: int) -> str:
    return "1 resource" if count == 1 else f"{count} resources"
