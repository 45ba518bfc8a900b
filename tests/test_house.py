"""One backend is one folder: nothing else names it, and a new one is found everywhere by one row."""

import ast
import json
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.backends import BACKENDS
from tests.stacks import project

ROOT = Path(__file__).resolve().parents[1]
PRODUCT = ("infra", "verify", "runner", "offline", "operate", "compliance")

# Words that are also the name of a backend, where they mean something else.
OTHER_MEANINGS = {
    ("compliance/terraform.py", "docker"): "Pulumi's provider, in the name of a type",
    ("infra/sinks/encore_cli.py", "local"): "a type of Encore's environments",
    ("infra/settings/delivery.py", "local"): "a type of Encore's environments",
    ("infra/costs_document.py", "memory"): "the title of a column",
    ("infra/proof.py", "memory"): "the guide's name of the cache without a Redis, in /cache/health",
    ("operate/pipeline/proof.py", "memory"): "the same",
    ("runner/closing.py", "memory"): "the same",
    ("verify/application.py", "memory"): "the same",
    ("verify/cache.py", "memory"): "the same",
    ("verify/command_line.py", "memory"): "the same",
    ("verify/memory_cache.py", "memory"): "the same",
    ("verify/checks/__init__.py", "memory"): "the name of a check",
    ("runner/environment.py", "local"): "the set of packages that every stack has",
    ("runner/project.py", "local"): "the stack's name, whose state is in the project",
    ("infra/settings/common.py", "local"): "an example in a message",
}

TOY_SETTINGS = '''
"""The settings of the toy."""

from typing import Annotated, ClassVar, Final, Literal

from pydantic import Field

from infra.capabilities import Capabilities, PasswordSupport
from infra.settings.delivery import Settings


class ToySettings(Settings):
    """What is asked of the toy."""

    capabilities: ClassVar[Capabilities] = Capabilities(
        passwords=PasswordSupport("nobody"),
        tls="no",
        largest_replicas=7,
        persistence=frozenset({"none"}),
        default_persistence="none",
        in_place_resize=False,
        private_network=True,
    )
    default_sinks: ClassVar[tuple[str, ...]] = ("dotenv",)
    backend: Literal["toy"] = "toy"
    toy_color: Annotated[str, Field(examples=["red"], description="The toy's color")]


SETTINGS: Final = ToySettings
'''

TOY_BACKEND = '''
"""A toy."""

from typing import Final

from infra.backend import Backend, NothingFound, never
from infra.backends.toy.settings import ToySettings
from infra.control import Control
from infra.costs import Estimate, GuideEstimate, Item
from infra.outputs import Output
from infra.permission import Grant


def found(arguments, config):
    if config["cache:toyColor"] == "none":
        raise NothingFound("no toy")
    return {"id": "toy"}


BACKEND: Final = Backend(
    name="toy",
    resources="infra.backends.toy.resources",
    settings=ToySettings,
    is_on_this_machine=never,
    example_key="toykms://key",
    needs=("a box for the toy",),
    estimate=lambda settings, *, region: Estimate((Item(what="a toy", monthly_usd=7.0),)),
    guide_estimates=[GuideEstimate(what="Toy 1 GB", guide_usd=7, now=Item(what="a toy", monthly_usd=7.0))],
    not_counted="batteries",
    outputs=(Output("toyColor", "the toy's color"),),
    functions={"toy:index/getToy:getToy": found},
    controls=[
        Control(
            name="toy-color",
            title="the toy is not red",
            types=("toy_toy",),
            check=lambda toy, plan: "it is red" if toy.known("color") == "red" else None,
            cure="pulumi config set cache:toyColor blue --stack STACK",
        )
    ],
    permissions={"toy:index/toy:Toy": (Grant(on=("toy/{name}",), changes=("toy:CreateToy",)),)},
)
'''

TOY_RESOURCES = '''
"""Declares the toy."""

import pulumi

from infra.backend import Declaration
from verify.expectation import Expectation
from verify.environment import CacheEnvironment


def declare(settings, *, stack):
    found = pulumi.runtime.invoke("toy:index/getToy:getToy", {}).value
    toy = pulumi.CustomResource("toy:index/toy:Toy", "toy", {"color": settings.toy_color, "found": found["id"]})
    connection = toy.urn.apply(lambda _: CacheEnvironment(host="toy", port=6379))
    return Declaration(
        connection=pulumi.Output.secret(connection),
        expectation=Expectation(),
        repair="wind it up",
        outputs={"toyColor": settings.toy_color},
    )
'''

TOY_SINK = '''
"""A box for the connection."""

from typing import Final

import pulumi

from infra.control import Control
from infra.governance import Governance
from infra.outputs import Output
from infra.sinks import Delivered

OUTPUTS: Final = (Output("boxOpens", "where the box opens"),)
GOVERNANCE: Final = Governance(
    controls=[
        Control(
            name="box-closed",
            title="the box is closed",
            types=("toy_box",),
            check=lambda box, plan: None if box.known("closed") else "it is open",
            cure="close it",
        )
    ]
)


def declare(delivery, settings, *, stack):
    box = pulumi.CustomResource("toy:index/box:Box", "box", {"closed": True, "values": delivery.values})
    return Delivered(resources=[box], outputs={"boxOpens": stack})
'''


def values_of(node: ast.AST) -> Iterator[ast.AST | None]:
    """Yield the parts of a node in which a backend is told apart, or named as a value."""
    # Those that a comparison, a mapping, a call or a default is made of; a text in a message is none of them.
    forms = (ast.Compare, ast.MatchValue, ast.Dict, ast.Set, ast.Tuple, ast.List, ast.arguments, ast.Call, ast.keyword)
    if isinstance(node, (*forms, ast.Assign, ast.AnnAssign, ast.Return, ast.IfExp, ast.Subscript)):
        yield from ast.iter_child_nodes(node)


def names_of_backends(tree: ast.AST) -> list[str]:
    """Return the names of backends that a module compares with, matches, maps, holds as members or has as defaults."""
    values = (value for node in ast.walk(tree) for value in values_of(node))
    return [value.value for value in values if isinstance(value, ast.Constant) and value.value in BACKENDS]


def test_only_its_folder_and_the_table_name_a_backend() -> None:
    """Whoever changes a target works in one place. Other meanings of a word are listed above, and none too many."""
    found = set()
    for path in sorted(file for package in PRODUCT for file in (ROOT / package).rglob("*.py")):
        where = path.relative_to(ROOT).as_posix()
        if where == "infra/backends/__init__.py" or (
            len(path.relative_to(ROOT).parts) > 3 and where.startswith("infra/backends/")
        ):
            continue
        found |= {(where, name) for name in names_of_backends(ast.parse(path.read_text()))}
    assert found == OTHER_MEANINGS.keys()


@pytest.mark.parametrize(
    "text",
    [
        'x == "local"',
        'match x:\n case "local": pass',
        '{"local": 1}',
        '{1: "local"}',
        '{"local"}',
        'def f(x="local"): pass',
        'f("local")',
    ],
)
def test_a_name_of_a_backend_is_seen(text: str) -> None:
    """In each of the forms in which a backend is told apart."""
    assert list(names_of_backends(ast.parse(text))) == ["local"]


@pytest.fixture(scope="module")
def house_with_a_toy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the project with one folder, one row, and the files of the toy's own name more."""
    root = tmp_path_factory.mktemp("house") / "project"
    project.copy(root)
    for name in ("compliance", "requirements"):
        (root / name).mkdir(exist_ok=True)
        for file in (ROOT / name).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts:
                (root / file.relative_to(ROOT)).parent.mkdir(parents=True, exist_ok=True)
                (root / file.relative_to(ROOT)).write_bytes(file.read_bytes())
    folder = root / "infra" / "backends" / "toy"
    folder.mkdir()
    for name, text in {
        "__init__": '"""A toy."""\n',
        "settings": TOY_SETTINGS,
        "backend": TOY_BACKEND,
        "resources": TOY_RESOURCES,
    }.items():
        (folder / f"{name}.py").write_text(text.lstrip())
    table = root / "infra" / "backends" / "__init__.py"
    table.write_text(table.read_text().replace('"memory")', '"memory", "toy")'))
    (root / "infra" / "sinks" / "toy_box.py").write_text(TOY_SINK.lstrip())
    sinks = root / "infra" / "settings" / "delivery.py"
    row = '    "dotenv": SinkRow((DotenvSettings,)),\n'
    sinks.write_text(sinks.read_text().replace(row, f'{row}    "toy-box": SinkRow(()),\n'))
    (root / "requirements" / "toy.in").write_text("-r local.in\n")
    (root / "requirements" / "toy-box.in").write_text("-r local.in\n")
    (root / "Pulumi.box.yaml").write_text("config:\n  cache:backend: memory\n  cache:sinks: toy-box\n")
    (root / "Pulumi.toy.yaml").write_text("config:\n  cache:backend: toy\n  cache:tier: prod\n  cache:toyColor: red\n")
    return root


def inside(root: Path, script: str) -> str:
    """Run a script in the copy; return what it printed."""
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], cwd=root, capture_output=True, text=True, check=True
    ).stdout


def test_a_new_backend_is_one_folder_and_one_row(house_with_a_toy: Path) -> None:
    """It is found in the settings, the documents' tables, the costs, the package sets, compliance and permissions."""
    found = json.loads(
        inside(
            house_with_a_toy,
            """
            import json
            from pathlib import Path
            from infra import capacity_report, costs_document, inventory, reference
            from infra.settings import load, schema
            from operate import facts
            from operate.permissions import document
            from compliance import reference as controls
            from runner import environment
            from runner.project import Project
            here = Path.cwd()
            settings = load({"cache:backend": "toy", "cache:toyColor": "blue"}, stack="toy")
            print(json.dumps({
                "settings": settings.toy_color,
                "schema": "cache:toyColor" in schema.page(),
                "settings table": "| `cache:toyColor` |" in reference.configuration_page(),
                "capabilities": "up to 7" in reference.configuration_page(),
                "outputs": "| `toyColor` |  | the toy's color |" in reference.outputs_page(),
                "costs": "| toy | a toy | 7.00 |" in costs_document.markdown(),
                "guide": "Toy 1 GB" in costs_document.markdown(),
                "not counted": "- toy: batteries" in costs_document.markdown(),
                "capacity": any("a toy" in line for line in capacity_report.report(1000, {})),
                "packages": environment.sets_of_stack(here, "toy"),
                "facts": facts.of(Project(here), "toy").example_key,
                "controls": "the toy is not red" in controls.page(),
                "permissions": "toy:CreateToy" in document.page(),
                "inventory": any(control.name == "toy-color" for control in inventory.governance().controls),
            }))
            """,
        )
    )
    assert found == {
        "settings": "blue",
        "packages": ["toy"],
        "facts": "toykms://key",
        **dict.fromkeys(
            ("schema", "settings table", "capabilities", "costs", "guide", "not counted", "capacity"), True
        ),
        **dict.fromkeys(("controls", "permissions", "inventory", "outputs"), True),
    }


def test_a_new_sink_is_one_file_and_one_row(house_with_a_toy: Path) -> None:
    """It is found in the settings, the outputs' page, the package sets and compliance, and it is declared."""
    printed = inside(
        house_with_a_toy,
        """
        from pathlib import Path
        from compliance import reference as controls
        from infra import inventory, reference
        from infra.settings import InvalidSettings, load
        from offline.recorder import record
        from runner import environment
        from runner.project import Project
        here = Project(Path.cwd())
        print(environment.sets_of_stack(here.root, "box"))
        print(*(each.type for each in record(here, "box", here.configuration("box"))))
        print("| `boxOpens` |  | where the box opens |" in reference.outputs_page())
        print("the box is closed" in controls.page())
        print(any(control.name == "box-closed" for control in inventory.governance().controls))
        try:
            load({"cache:backend": "local", "cache:sinks": "toy-boxes"}, stack="x")
        except InvalidSettings as error:
            print(error)
        """,
    ).splitlines()
    assert printed[0] == "['toy-box']"
    assert "toy:index/box:Box" in printed[1].split()
    assert printed[2:5] == ["True"] * 3
    assert "cache:sinks toy-boxes is none of dotenv, toy-box," in printed[6]


def test_what_a_new_backend_declares_is_previewed_and_evaluated(house_with_a_toy: Path) -> None:
    """Offline, by its own functions; and its control finds what is wrong."""
    done = subprocess.run(
        [sys.executable, "-m", "operate", "preview", "--stack", "toy", "--engine", "offline"],
        cwd=house_with_a_toy,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert " +  toy:index/toy:Toy toy\n      color=red, found=toy\n" in done.stdout
    assert "monthlyCostUsd: 7" in done.stdout
    assert "  - a box for the toy\n" in done.stdout
    printed = inside(
        house_with_a_toy,
        """
        from pathlib import Path
        from compliance.checkov import Scan
        from compliance.evaluation import evaluate
        from compliance.terraform import render
        from offline.recorder import record
        from runner.project import Project
        here = Project(Path.cwd())
        plan = render(record(here, "toy", here.configuration("toy")))
        for row in evaluate(plan, Scan(version="0", results=[]), stack="toy"):
            print(row.status, row.title, row.reason, row.cure)
        """,
    )
    assert "red the toy is not red it is red pulumi config set cache:toyColor blue --stack toy" in printed


def test_a_wrong_key_of_a_new_backend_is_refused_by_name(house_with_a_toy: Path) -> None:
    """And its own key elsewhere."""
    printed = inside(
        house_with_a_toy,
        """
        from infra.settings import InvalidSettings, load
        for config in ({"cache:backend": "toy"}, {"cache:backend": "local", "cache:toyColor": "red"}):
            try:
                load(config, stack="x")
            except InvalidSettings as error:
                print(error)
        """,
    )
    assert "cache:toyColor is not set: the toy's color" in printed
    assert "cache:toyColor is a setting of toy, and this stack's backend is local" in printed
