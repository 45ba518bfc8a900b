"""A plan, held against every demand."""

from collections.abc import Mapping

from compliance.checkov import Result, Scan
from compliance.demand import CHECKOV, Demand, all_rules
from compliance.demands import DEMANDS, EXEMPTIONS, OUTSIDE
from compliance.matrix import Row, Status, merged
from compliance.terraform import Plan, Resource


def judge(plan: Plan, scan: Scan, *, stack: str) -> list[Row]:
    """Hold a stack's plan against every demand, with what checkov found in it.

    A demand that names rules of checkov's is green only where checkov says so too.
    """
    found = {(result.rule, result.address): result for result in scan.results}
    rows = [
        _judged(demand, resource, plan, found, stack)
        for demand in DEMANDS
        for type_ in demand.types
        for resource in plan.of_type(type_)
    ]
    covered = {rule for demand in DEMANDS for rule in demand.rules.get(CHECKOV, ())}
    rows += [_reported(result, plan) for result in scan.results if result.rule not in covered]
    rows += [
        Row(status=each.status, words=each.words, rules=each.rules, reason=each.reason)
        for each in OUTSIDE
        if any(plan.of_type(type_) for type_ in each.types)
    ]
    return merged(rows)


def _judged(demand: Demand, resource: Resource, plan: Plan, found: Mapping[tuple[str, str], Result], stack: str) -> Row:
    problems = [problem for problem in [demand.check(resource, plan)] if problem]
    for rule in demand.rules.get(CHECKOV, ()):
        result = found.get((rule, resource.address))
        if result is None:
            # A newer checkov may have dropped or renamed the rule.
            problems.append(f"checkov did not report {rule}")
        elif not result.passed:
            problems.append(f"{rule} failed")
    status: Status = "green" if not problems else "conflict" if demand.declined else "red"
    return Row(
        status=status,
        words=demand.words,
        rules=all_rules(demand),
        resources=[resource.called],
        reason=demand.declined if status == "conflict" else "; ".join(problems),
        cure=demand.cure.replace("STACK", stack) if status == "red" else "",
    )


def _reported(result: Result, plan: Plan) -> Row:
    """Make a row of what checkov alone looks at."""
    resource = plan.resources[result.address]
    if result.passed:
        return Row(status="green", words=result.words, rules={CHECKOV: [result.rule]}, resources=[resource.called])
    excuse = next((each for each in EXEMPTIONS if each.rule == result.rule and each.holds(resource, plan)), None)
    seen = ", ".join(result.attributes) or "what the rule names"
    return Row(
        status=excuse.status if excuse else "red",
        words=result.words,
        rules={CHECKOV: [result.rule]},
        resources=[resource.called],
        reason=excuse.reason if excuse else f"{result.rule} failed",
        cure="" if excuse else f"declare {seen} as the rule asks",
    )
