"""What a run loads: with nothing to do, that is most of what it costs over the smallest program."""

import os
import subprocess
import sys

import pytest

from infra.backend import BACKENDS, all_backends
from infra.sinks import SINKS
from tests.stacks.project import ProjectCopy

# Says on its last line what was loaded, which -X importtime does not of a module that is imported by a table's name.
SCRIPT = "import sys; from runner.command import main; code = main(); print(*sys.modules); sys.exit(code)"


@pytest.mark.parametrize("project", [pytest.param("inprocess", marks=pytest.mark.stack)], indirect=True)
def test_an_up_with_nothing_to_do_or_prove_loads_only_what_the_stack_has(project: ProjectCopy) -> None:
    """No other backend or sink, and no client, check or fault; a real `up` before it, which needs a client."""
    project.run("up")
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, "up", "--engine=inprocess"],
        cwd=project.root,
        env={**os.environ, "CACHE_VERIFICATION": "off"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert "4 unchanged" in done.stdout
    loaded = set(done.stdout.splitlines()[-1].split())
    own = {"infra.backends.local.backend", "infra.backends.local.resources", "infra.sinks.dotenv"}
    assert own | {"infra.verifiers.here"} <= loaded
    others = {*BACKENDS.values(), *(each.resources for each in all_backends()), *SINKS.values()} - own
    assert (
        not {
            "infra.proof",
            "infra.verifiers.lambda_network",
            "infra.after_delivery",
            "pydantic",
            "redis",
            "tomllib",
            *others,
        }
        & loaded
    )
    assert {name for name in loaded if name.startswith("verify.")} == {"verify.expectation"}
