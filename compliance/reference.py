"""docs/compliance.md, made from the controls."""

from typing import Final

from compliance.matrix import MEANINGS, all_rules, listed
from infra import inventory
from infra.markdown import table

HEAD: Final = """\
# Compliance

`make compliance STACK=prod` holds what a stack declares against every security rule that is known for it, before
anything is created and without asking anybody: it runs the program in preview, writes what it declares as a Terraform
plan, has [checkov](https://www.checkov.io) read that in an environment of its own, asserts what checkov does not see,
and prints one matrix. It ends with 0 only where nothing is red. `.venv/bin/python -m operate compliance --stack prod
--json` gives it to machines.

Our own assertions carry the ids of the rules that ask for the same; those of other tools than checkov were read and not
run. What checkov looks at beyond them has rows of its own. A live account has more to say (whether a subnet is public,
which rules your organisation has set): *manual* rows name that.

This page is generated: `make docs`.
"""

WAIVERS: Final = """\
[compliance/waivers.toml](../compliance/waivers.toml) has what a stack or a tier may leave unmet, with a
reason and a last day. After that day the row is red again; a waiver that nothing needs any more is an error.
"""


def page() -> str:
    """Return the whole page."""
    rows = inventory.governance()
    asserted = [
        [each.title, listed(all_rules(each)), f"no: {each.declined}" if each.declined else "yes"]
        for each in rows.controls
    ]
    known = [[each.title, listed(each.rules), each.status, each.reason] for each in rows.not_assessed]
    known += [[each.title, f"checkov {each.rule}", each.status, each.reason] for each in rows.exemptions]
    return "\n".join(
        [
            HEAD,
            "## What the words mean",
            "",
            table(["row", "meaning"], [[status, meaning] for status, meaning in MEANINGS.items()]),
            "",
            "## What is asserted",
            "",
            table(["control", "rules", "must be met"], asserted),
            "",
            "## What is known and not assessed",
            "",
            table(["rule", "ids", "row", "why"], known),
            "",
            "## Waivers",
            "",
            WAIVERS,
        ]
    )
