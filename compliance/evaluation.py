"""A plan, held against every control."""

from collections.abc import Mapping, Sequence

from compliance.checkov import Result, Scan
from compliance.matrix import CHECKOV, Row, Status, all_rules, merged
from infra import inventory
from infra.control import Control, Exemption
from infra.plan import Plan, Resource


def evaluate(plan: Plan, scan: Scan, *, stack: str) -> list[Row]:
    """Hold a stack's plan against every control, with what checkov found in it.

    A control that names rules of checkov's is green only where checkov says so too.
    """
    known = inventory.governance()
    found = {(result.rule, result.address): result for result in scan.results}
    rows = [
        _evaluated(control, resource, plan, found, stack)
        for control in known.controls
        for type_ in control.types
        for resource in plan.of_type(type_)
    ]
    covered = {rule for control in known.controls for rule in control.rules.get(CHECKOV, ())}
    rows += [_reported(result, plan, known.exemptions) for result in scan.results if result.rule not in covered]
    rows += [
        Row(status=each.status, title=each.title, rules=each.rules, reason=each.reason)
        for each in known.not_assessed
        if any(plan.of_type(type_) for type_ in each.types)
    ]
    return merged(rows)


def _evaluated(
    control: Control, resource: Resource, plan: Plan, found: Mapping[tuple[str, str], Result], stack: str
) -> Row:
    problems = [problem for problem in [control.check(resource, plan)] if problem]
    for rule in control.rules.get(CHECKOV, ()):
        result = found.get((rule, resource.address))
        if result is None:
            # A newer checkov may have dropped or renamed the rule.
            problems.append(f"checkov did not report {rule}")
        elif not result.passed:
            problems.append(f"{rule} failed")
    status: Status = "green" if not problems else "conflict" if control.declined else "red"
    return Row(
        status=status,
        title=control.title,
        rules=all_rules(control),
        resources=[resource.called],
        reason=control.declined if status == "conflict" else "; ".join(problems),
        cure=control.cure.replace("STACK", stack) if status == "red" else "",
    )


def _reported(result: Result, plan: Plan, exemptions: Sequence[Exemption]) -> Row:
    """Return the row of what checkov alone looks at."""
    resource = plan.resources[result.address]
    if result.passed:
        return Row(status="green", title=result.title, rules={CHECKOV: [result.rule]}, resources=[resource.called])
    excuse = next((each for each in exemptions if each.rule == result.rule and each.holds(resource, plan)), None)
    seen = ", ".join(result.attributes) or "what the rule names"
    return Row(
        status=excuse.status if excuse else "red",
        title=result.title,
        rules={CHECKOV: [result.rule]},
        resources=[resource.called],
        reason=excuse.reason if excuse else f"{result.rule} failed",
        cure="" if excuse else f"declare {seen} as the rule asks",
    )
