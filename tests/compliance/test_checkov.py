"""The scanner: what it is not allowed to leave out, and what it finds in the real stacks."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from compliance import checkov, matrix
from compliance.terraform import render
from compliance.waivers import Scope
from runner.project import Project, ProjectError
from tests.compliance.verdicts import red, scanned
from tests.recorded_stacks import ROOT, SWITCHES, Declared, project, recorded

CHECK = {"check_id": "CKV_1", "check_name": "Ensure", "resource": "a.b", "check_result": {"evaluated_keys": ["x/[0]"]}}


def report(*, count: int = 1, errors: int = 0, **results: Any) -> str:
    """Return a report of checkov's."""
    summary = {"resource_count": count, "parsing_errors": errors, "checkov_version": "3"}
    return json.dumps({"summary": summary, "results": {"passed_checks": [CHECK], **results}})


def test_the_results_are_read() -> None:
    """What passed, what failed, and the attribute that was looked at."""
    scan = checkov.read(report(failed_checks=[{**CHECK, "check_id": "CKV_2"}]), "", resources=1)
    assert scan.version == "3"
    assert [(each.rule, each.passed) for each in scan.results] == [("CKV_1", True), ("CKV_2", False)]
    assert scan.results[0].attributes == ["x"]


def test_a_rule_that_was_skipped_is_not_green() -> None:
    """Nobody but the waivers file may leave something out."""
    scan = checkov.read(report(passed_checks=[], skipped_checks=[CHECK]), "", resources=1)
    assert [each.passed for each in scan.results] == [False]


@pytest.mark.parametrize("text", [report(count=1), report(count=2, errors=1)])
def test_a_resource_that_was_not_read_is_an_error(text: str) -> None:
    """A scan of half of a stack would be half green."""
    with pytest.raises(ProjectError, match="of 2 resources, which proves nothing"):
        checkov.read(text, "", resources=2)


def test_a_stack_of_which_checkov_knows_nothing_has_no_results() -> None:
    """Its report is another then."""
    bare = json.dumps({"passed": 0, "failed": 0, "parsing_errors": 0, "resource_count": 0, "checkov_version": "3"})
    assert checkov.read(bare, "", resources=3).results == []


def test_what_is_no_report_is_shown_by_its_last_lines() -> None:
    """With the command that mends a broken installation."""
    with pytest.raises(ProjectError, match=r"(?s)no report:.*boom.*--set compliance"):
        checkov.read("", "Traceback\nboom", resources=1)


def test_without_the_environment_one_line_says_the_command(tmp_path: Path) -> None:
    """What `make compliance` runs first."""
    with pytest.raises(ProjectError) as refused:
        checkov.scan(Project(tmp_path), render([]))
    assert str(refused.value) == f"checkov is not installed here: {checkov.INSTALL}"


def test_the_users_own_settings_of_checkov_do_not_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """A rule skipped in somebody's environment would be green for everybody."""
    monkeypatch.setenv("CKV_SKIP_CHECK", "CKV_AWS_30")
    monkeypatch.setenv("BC_API_KEY", "k")
    found = checkov._environment("/nowhere")
    assert not {"CKV_SKIP_CHECK", "BC_API_KEY"} & found.keys()
    assert found["HOME"] == "/nowhere"


PROD = Scope(stack="prod", tier="prod", backend="elasticache")


@pytest.mark.long
@pytest.mark.usefixtures("checkov_environment")
class TestRealScanner:
    """Over what the stacks declare; four seconds each."""

    def test_prod_is_green_without_a_waiver(self, prod: Declared, tmp_path: Path) -> None:
        """Every rule that is known here, checkov's own among them."""
        rows, stale = scanned(tmp_path, prod, PROD)
        assert stale == []
        assert matrix.passed(rows), matrix.to_text(rows)
        assert not [row for row in rows if row.status == "waived"]
        green = {rule for row in rows if row.status == "green" for rule in row.ids}
        assert {"CKV_AWS_29", "CKV_AWS_30", "CKV_AWS_31", "CKV_AWS_191", "CKV2_AWS_50", "CKV2_AWS_5"} <= green

    @pytest.mark.parametrize("name", SWITCHES)
    def test_one_protection_switched_off_is_red(self, prod: Declared, tmp_path: Path, name: str) -> None:
        """TLS, at-rest encryption, RBAC, multi-AZ, snapshots, the closed security group: each by its ids."""
        switch, wanted = SWITCHES[name]
        rows, _ = scanned(tmp_path, switch(prod), PROD)
        assert not matrix.passed(rows)
        assert wanted <= red(rows)
        failed = {f"{rule} failed" for rule in wanted if rule.startswith("CKV")}
        assert all(any(words in row.reason for row in rows) for words in failed)

    def test_a_cache_of_one_node_passes_by_its_waivers_alone(self, tmp_path: Path) -> None:
        """Tier dev on ElastiCache: what it lacks is waived, with a reason and a day, and no waiver is too many."""
        made = project(tmp_path, "trial", backend="elasticache", tier="dev")
        rows, stale = scanned(
            tmp_path, recorded(made, "trial"), Scope(stack="trial", tier="dev", backend="elasticache")
        )
        assert stale == []
        assert matrix.passed(rows), matrix.to_text(rows)
        assert "ElastiCache.3" in {rule for row in rows if row.status == "waived" for rule in row.ids}

    def test_staging_passes_by_its_waivers_alone(self, tmp_path: Path) -> None:
        """A rehearsal keeps a day of snapshots and is not protected."""
        made = project(tmp_path, "staging", like="staging")
        rows, stale = scanned(
            tmp_path, recorded(made, "staging"), Scope(stack="staging", tier="staging", backend="elasticache")
        )
        assert stale == []
        assert matrix.passed(rows), matrix.to_text(rows)


@pytest.mark.long
@pytest.mark.usefixtures("checkov_environment")
def test_make_compliance_prints_the_matrix_and_ends_with_its_verdict(tmp_path: Path) -> None:
    """The command as a pipeline runs it: prod passes, and a stack of which no rule knows anything does not."""
    project(tmp_path, "bare", backend="memory")
    # As it comes with a clone, with no network chosen.
    shutil.copy(ROOT / "Pulumi.prod.yaml", tmp_path)
    for name in ("infra", "verify", "runner", "offline", "operate", "compliance"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".venv").symlink_to(sys.prefix)
    (tmp_path / checkov.ENVIRONMENT).symlink_to(ROOT / checkov.ENVIRONMENT)

    def make(stack: str) -> subprocess.CompletedProcess[str]:
        # Both environments are there: `true` stands in for what makes them.
        command = ["make", "-f", str(ROOT / "Makefile"), "compliance", f"STACK={stack}", "ENVIRONMENT=true"]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    passing = make("prod")
    assert passing.returncode == 0, passing.stdout + passing.stderr
    assert "Security Hub ElastiCache.5" in passing.stdout
    assert "names no network yet" in passing.stdout
    failing = make("bare")
    assert failing.returncode != 0
    assert "proves nothing" in failing.stdout
