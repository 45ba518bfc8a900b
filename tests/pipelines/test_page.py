"""The commands of docs/pipelines.md make at GitHub what its text says."""

import json
import os
import re
import subprocess
import sys
import textwrap
from pathlib import Path

from tests.stacks.project import ROOT

PAGE = ROOT / "docs" / "pipelines.md"
# GitHub's own command line, as far as the page uses it: what it is asked is written down.
GH = f"""#!{sys.executable}
import json, os, sys
arguments = sys.argv[1:]
body = json.load(sys.stdin) if "--input" in arguments else dict(pair.split("=") for pair in arguments if "=" in pair)
path = next(argument for argument in arguments if "/" in argument)
if path == "users/LOGIN":
    assert arguments[-2:] == ["--jq", ".id"]
    print(4711)
else:
    with open(os.environ["ASKED"], "a") as file:
        file.write(json.dumps([arguments[arguments.index("--method") + 1], path, body]) + "\\n")
"""
# REST API, "Create or update an environment": branches by name.
BY_NAME = {"protected_branches": False, "custom_branch_policies": True}


def test_the_environments_get_the_rules_of_the_text(tmp_path: Path) -> None:
    """Only main deploys, prod has its reviewer, and those of a preview have none."""
    (step,) = re.findall(r"3\. \*\*Environments\*\*.*?(?=\n4\. )", PAGE.read_text(), re.DOTALL)
    (commands,) = re.findall(r"\n\n((?: {7}[^\n]+\n)+)", step)
    gh = tmp_path / "gh"
    gh.write_text(GH)
    gh.chmod(0o755)
    subprocess.run(
        ["sh", "-euc", textwrap.dedent(commands)],
        env={**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "ASKED": str(tmp_path / "asked")},
        check=True,
    )
    asked = [json.loads(line) for line in (tmp_path / "asked").read_text().splitlines()]
    environments = {path.rpartition("/")[2]: body for method, path, body in asked if method == "PUT"}
    assert environments == {
        "dev": {"deployment_branch_policy": BY_NAME},
        "staging": {"deployment_branch_policy": BY_NAME},
        "prod": {"deployment_branch_policy": BY_NAME, "reviewers": [{"type": "User", "id": 4711}]},
        "staging-preview": {},
        "prod-preview": {},
    }
    branches = [(path, body) for method, path, body in asked if method == "POST"]
    assert branches == [
        (f"repos/OWNER/REPOSITORY/environments/{name}/deployment-branch-policies", {"name": "main"})
        for name in ("dev", "staging", "prod")
    ]
