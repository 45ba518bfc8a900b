"""The in-process engine over programs of a few lines and a provider that keeps its things in a dictionary."""

import errno
import io
import json
import stat
import textwrap
import threading
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from runner import private_file
from runner.inprocess import state, wire
from runner.inprocess.display import Display
from runner.inprocess.operations import PRODUCT_FINDERS, InProcessStack
from runner.inprocess.providers import Diff, Provider, ProviderError
from runner.inprocess.state import DamagedState, State, StateError
from runner.project import Project

SECRET = "hunter2"

PREAMBLE = """
import pulumi
from pulumi import Output, ResourceOptions as Options

class Thing(pulumi.CustomResource):
    serial: Output[int]
    size: Output[int]
    password: Output[str]
    def __init__(self, name, opts=None, **inputs):
        super().__init__("toy:index:Thing", name, {"serial": None, "password": None, **inputs}, opts)

class Box(pulumi.ComponentResource):
    def __init__(self, name, opts=None):
        super().__init__("toy:index:Box", name, None, opts)
"""


@dataclass
class Toys:
    """The provider of `toy:index:Thing`, and the world that it changes. Another `size` replaces."""

    things: dict[str, dict[str, Any]] = field(default_factory=dict)
    done: list[str] = field(default_factory=list)
    fail: str = ""
    made: int = 0
    delete_before_replace: bool = False
    mutex: Any = field(default_factory=threading.Lock)

    def find(self, type_: str, _: Mapping[str, Any]) -> Provider | None:
        """Serve things alone."""
        return self if type_ == "toy:index:Thing" else None

    def check(self, olds: dict[str, Any], news: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
        """Refuse a bad size."""
        del olds
        return news, ["size is bad"] if news.get("size") == "bad" else []

    def diff(self, id_: str, olds: dict[str, Any], outputs: dict[str, Any], news: dict[str, Any]) -> Diff:
        """Another size replaces."""
        del id_, outputs
        replaces = ["size"] if olds.get("size") != news.get("size") else []
        return Diff(changes=olds != news, replaces=replaces, delete_before_replace=self.delete_before_replace)

    def create(self, news: dict[str, Any]) -> tuple[str, dict[str, Any]]:
        """Make a thing with a number of its own."""
        with self.mutex:
            self._note("create", news)
            self.made += 1
            id_ = f"{news['label']}-{self.made}"
            self.things[id_] = {**news, "serial": self.made, "password": SECRET}
            return id_, dict(self.things[id_])

    def read(self, id_: str, outputs: dict[str, Any]) -> dict[str, Any] | None:
        """Look it up."""
        del outputs
        return dict(self.things[id_]) if id_ in self.things else None

    def update(self, id_: str, outputs: dict[str, Any], news: dict[str, Any]) -> dict[str, Any]:
        """Change it."""
        self._note("update", news)
        self.things[id_] = {**outputs, **news}
        return dict(self.things[id_])

    def delete(self, id_: str, outputs: dict[str, Any]) -> None:
        """Forget it; a creation that was cut off is found by its label."""
        self._note("delete", outputs)
        for known in [
            known for known in self.things if known == id_ or (not id_ and known.startswith(outputs["label"]))
        ]:
            del self.things[known]

    def _note(self, operation: str, properties: Mapping[str, Any]) -> None:
        words = f"{operation} {properties['label']}"
        if self.fail == words:
            raise RuntimeError(f"no {words} today")
        self.done.append(words)


@dataclass
class Bench:
    """A project whose program a test writes."""

    root: Path
    toys: Toys = field(default_factory=Toys)
    printed: str = ""
    said: list[str] = field(default_factory=list)
    is_found_without_state: bool = True

    @property
    def stack(self) -> InProcessStack:
        """The stack that everything happens in."""
        finders = (self.toys.find, *PRODUCT_FINDERS)
        return InProcessStack(
            project=Project(self.root),
            stack="local",
            because="a test",
            say=self.said.append,
            finders=finders,
            is_found_without_state=self.is_found_without_state,
        )

    def program(self, body: str) -> None:
        """Write the program."""
        (self.root / "__main__.py").write_text(PREAMBLE + textwrap.dedent(body))

    def run(self, verb: Callable[[], int], *, code: int = 0) -> str:
        """Run a verb; give what it printed."""
        self.toys.done.clear()
        stream = io.StringIO()
        with redirect_stdout(stream):
            got = verb()
        self.printed = stream.getvalue()
        assert got == code, self.printed
        return self.printed

    def up(self, body: str | None = None, *, code: int = 0) -> str:
        """Write a program and bring it up."""
        if body is not None:
            self.program(body)
        return self.run(self.stack.up, code=code)

    @property
    def state(self) -> State:
        """What is written down."""
        return State(self.stack.state_file, read_only=True)

    def labels(self) -> list[str]:
        """The things that exist."""
        return sorted(thing["label"] for thing in self.toys.things.values())


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """An empty project."""
    (tmp_path / "Pulumi.yaml").write_text("name: cache\nruntime: python\nconfig:\n  cache:size: {default: s}\n")
    (tmp_path / "Pulumi.local.yaml").write_text("config:\n  cache:label: a\n")
    return Bench(tmp_path)


class TestLife:
    """Create, same, update, replace, delete."""

    def test_the_program_sees_outputs_config_and_stack(self, bench: Bench) -> None:
        """As under the CLI: defaults of Pulumi.yaml, the stack's file, the names."""
        bench.up(
            """
            async def main():
                config = pulumi.Config()
                thing = Thing("one", label=config.require("label"), size=config.require("size"))
                serial = await thing.serial.future()
                return {"serial": serial, "names": f"{pulumi.get_project()} {pulumi.get_stack()}", "id": thing.id}
            pulumi.run(main)
            """
        )
        assert bench.stack.outputs() == {"serial": 1, "names": "cache local", "id": "a-1"}

    def test_what_did_not_change_is_left_alone(self, bench: Bench) -> None:
        """Nothing is called, and the state file is the same to the byte."""
        bench.up('Thing("one", label="a", size=1)')
        before = bench.stack.state_file.read_bytes()
        assert "2 unchanged" in bench.up()
        assert bench.toys.done == []
        assert bench.stack.state_file.read_bytes() == before

    def test_an_update_keeps_the_id(self, bench: Bench) -> None:
        """And says what changed."""
        bench.up('Thing("one", label="a", size=1)')
        id_ = list(bench.toys.things)
        assert "~  toy:index:Thing one updating [diff: ~color]" in bench.up(
            'Thing("one", label="a", size=1, color="r")'
        )
        assert list(bench.toys.things) == id_

    def test_a_replacement_is_created_first_and_its_predecessor_deleted_last(self, bench: Bench) -> None:
        """After everything else, when nothing needs it any more."""
        bench.up('Thing("one", label="a", size=1)')
        printed = bench.up('Thing("one", label="a", size=2); Thing("two", label="b", size=1)')
        assert set(bench.toys.done[:2]) == {"create a", "create b"}
        assert bench.toys.done[2:] == ["delete a"]
        assert "+- 1 replaced" in printed
        assert "deleted" not in printed.splitlines()[-1]

    @pytest.mark.parametrize("option", [True, False], ids=["option", "provider"])
    def test_delete_before_replace(self, bench: Bench, option: bool) -> None:
        """By the program's option, or by the provider's word."""
        bench.toys.delete_before_replace = not option
        bench.up('Thing("one", label="a", size=1)')
        options = ", Options(delete_before_replace=True)" if option else ""
        bench.up(f'Thing("one"{options}, label="a", size=2)')
        assert bench.toys.done == ["delete a", "create a"]

    def test_what_is_no_longer_declared_is_deleted_dependents_first(self, bench: Bench) -> None:
        """Explicit dependencies, those through outputs, and children before their parents."""
        bench.up(
            """
            box = Box("box")
            a = Thing("a", Options(parent=box), label="a")
            b = Thing("b", label="b", of=a.serial)
            c = Thing("c", Options(depends_on=[b]), label="c")
            """
        )
        bench.up("")
        assert bench.toys.done == ["delete c", "delete b", "delete a"]
        assert [known.type for known in bench.state.resources] == ["pulumi:pulumi:Stack"]

    def test_destroy_leaves_no_state(self, bench: Bench) -> None:
        """And needs no program that works."""
        bench.up('Thing("one", label="a")')
        bench.program("syntax error")
        assert "- 1 deleted" in bench.run(bench.stack.destroy)
        assert bench.labels() == []
        assert not bench.stack.state_file.exists()

    def test_refresh_recreates_what_is_gone_and_updates_what_drifted(self, bench: Bench) -> None:
        """What exists counts, and not what was written down."""
        bench.up('Thing("one", label="a", size=1); Thing("two", label="b", size=1)')
        first = next(id_ for id_ in bench.toys.things if id_.startswith("a"))
        del bench.toys.things[first]
        bench.up()
        assert bench.toys.done == ["create a"]
        assert bench.labels() == ["a", "b"]

    def test_registrations_run_side_by_side(self, bench: Bench) -> None:
        """Two slow creations take the time of one."""
        barrier = threading.Barrier(2, timeout=60)
        create = bench.toys.create

        def meet(news: dict[str, Any]) -> tuple[str, dict[str, Any]]:
            barrier.wait()
            return create(news)

        bench.toys.create = meet  # type: ignore[method-assign]
        bench.up('Thing("one", label="a"); Thing("two", label="b")')


class TestPreview:
    """It shows, and changes and writes nothing."""

    def test_it_shows_what_up_would_do(self, bench: Bench) -> None:
        """All four operations."""
        bench.up('Thing("a", label="a", size=1); Thing("b", label="b", size=1); Thing("c", label="c", size=1)')
        before = bench.stack.state_file.read_bytes()
        bench.program(
            'Thing("a", label="a", size=2); Thing("b", label="b", size=1, x=1); Thing("d", label="d", size=1)'
        )
        printed = bench.run(bench.stack.preview)
        for line in (
            " +- toy:index:Thing a replace [diff: ~size]",
            " ~  toy:index:Thing b update [diff: ~x]",
            " -  toy:index:Thing c delete",
            " +  toy:index:Thing d create",
        ):
            assert line in printed.splitlines()
        assert bench.toys.done == []
        assert bench.stack.state_file.read_bytes() == before

    def test_outputs_of_what_does_not_exist_are_unknown(self, bench: Bench) -> None:
        """Awaited they are None, and a resource that needs one is planned all the same."""
        bench.program(
            """
            async def main():
                one = Thing("one", label="a")
                assert await one.serial.future() is None
                Thing("two", label="b", of=one.serial)
            pulumi.run(main)
            """
        )
        assert "3 to create" in bench.run(bench.stack.preview)
        assert not bench.stack.state_file.exists()


class TestOptions:
    """What is honoured, and what is refused by name."""

    def test_protected_resources_are_not_deleted(self, bench: Bench) -> None:
        """Nothing is deleted where one of them is protected, by up, by replacement and by destroy."""
        bench.up('Thing("one", Options(protect=True), label="a", size=1); Thing("two", label="b", size=1)')
        assert "one is protected" in bench.up("", code=1)
        assert "one is protected, and a change of size replaces it" in bench.up(
            'Thing("one", Options(protect=True), label="a", size=2); Thing("two", label="b", size=1)', code=1
        )
        assert "one is protected" in bench.run(bench.stack.destroy, code=1)
        assert bench.labels() == ["a", "b"]
        bench.up('Thing("one", label="a", size=1)')
        bench.run(bench.stack.destroy)

    def test_retained_resources_are_forgotten_and_not_deleted(self, bench: Bench) -> None:
        """They are somebody else's from then on."""
        bench.up('Thing("one", Options(retain_on_delete=True), label="a")')
        bench.up("")
        assert bench.labels() == ["a"]
        assert bench.state.find("urn:pulumi:local::cache::toy:index:Thing::one") is None

    def test_ignored_changes_are_ignored(self, bench: Bench) -> None:
        """The value of the creation stays."""
        bench.up('Thing("one", label="a", size=1)')
        program = 'Thing("one", Options(ignore_changes=["size"]), label="a", size=2)'
        assert "2 unchanged" in bench.up(program)
        # Whoever changed it since.
        (thing,) = bench.toys.things.values()
        thing["size"] = 3
        assert "2 unchanged" in bench.up(program)
        assert "1 updated" in bench.up(program.replace('label="a"', 'label="b"'))
        assert [each["size"] for each in bench.toys.things.values()] == [3]

    def test_a_program_may_go_on_after_a_function_that_was_refused(self, bench: Bench) -> None:
        """As under the real engine; what the provider says is in the exception."""

        def refuse(token: str, _: dict[str, Any]) -> dict[str, Any]:
            raise ProviderError(f"{token} found nothing")

        bench.program(
            """
            try:
                pulumi.runtime.invoke("toy:find", {})
            except Exception as error:
                pulumi.log.info(f"went on after: {error}")
            """
        )
        assert "went on after: invoke of toy:find failed: toy:find found nothing" in bench.run(
            replace(bench.stack, invoke=refuse).up
        )

    @pytest.mark.parametrize(
        ("option", "named"),
        [
            ("aliases=[pulumi.Alias(name='old')]", "aliases"),
            ("import_='x'", "importId"),
            ("custom_timeouts=pulumi.CustomTimeouts(create='1m')", "customTimeouts"),
            ("replace_on_changes=['size']", "replaceOnChanges"),
            ("version='1.2.3'", "version"),
            ("ignore_changes=['size[0]']", "ignoreChanges of size[0]"),
        ],
    )
    def test_an_option_that_is_not_implemented_is_refused_by_name(self, bench: Bench, option: str, named: str) -> None:
        """Rather than left out in silence."""
        printed = bench.up(f'Thing("one", Options({option}), label="a")', code=1)
        assert named in printed
        assert "is not served by the in-process engine; it needs the Pulumi CLI: make pulumi" in printed
        assert bench.labels() == []

    def test_a_type_without_a_provider_is_refused(self, bench: Bench) -> None:
        """With what to install."""
        printed = bench.up('pulumi.CustomResource("aws:s3/bucket:Bucket", "b", {})', code=1)
        assert "aws:s3/bucket:Bucket b is not served by the in-process engine" in printed
        assert "make pulumi" in printed

    def test_functions_and_reads_are_refused(self, bench: Bench) -> None:
        """They belong to plugins."""
        assert "function aws:getRegion" in bench.up('pulumi.runtime.invoke("aws:getRegion", {})', code=1)
        assert "read from outside the stack" in bench.up(
            'pulumi.CustomResource("aws:x:Y", "b", {}, Options(id="i"))', code=1
        )

    def test_one_name_twice_is_refused(self, bench: Bench) -> None:
        """As by the real engine."""
        assert "is declared twice" in bench.up('Thing("one", label="a"); Thing("one", label="b")', code=1)


class TestSecrets:
    """They are marked in the state, masked in what is printed, and the file is its owner's alone."""

    def test_secret_outputs_are_masked_everywhere(self, bench: Bench) -> None:
        """By the resource's own word, and by a secret input of the same name."""
        bench.up(
            """
            one = Thing("one", Options(additional_secret_outputs=["password"]), label="a", size=Output.secret(7))
            pulumi.export("password", one.password)
            pulumi.export("size", one.size)
            pulumi.export("nested", {"in": [one.password]})
            """
        )
        assert SECRET not in bench.printed
        assert bench.stack.outputs(show_secrets=False) == {
            "password": "[secret]",
            "size": "[secret]",
            "nested": {"in": ["[secret]"]},
        }
        assert bench.stack.outputs() == {"password": SECRET, "size": 7, "nested": {"in": [SECRET]}}
        assert stat.S_IMODE(bench.stack.state_file.stat().st_mode) == 0o600

    def test_they_stay_secret_through_a_refresh(self, bench: Bench) -> None:
        """What a provider reads back has no marks."""
        body = """
            one = Thing("one", Options(additional_secret_outputs=["password"]), label="a")
            pulumi.export("password", one.password)
            """
        bench.up(body)
        next(iter(bench.toys.things.values()))["password"] = "changed-hunter2"
        bench.up()
        assert "changed-hunter2" not in bench.printed
        assert bench.stack.outputs(show_secrets=False) == {"password": "[secret]"}


class TestFailure:
    """One message, no traceback, and everything that was done is written down."""

    def test_a_provider_that_fails_is_one_line(self, bench: Bench) -> None:
        """What was created before stays; the failed creation is forgotten."""
        bench.toys.fail = "create b"
        printed = bench.up('a = Thing("a", label="a"); Thing("b", label="b", of=a.serial)', code=1)
        assert "error: toy:index:Thing b: no create b today" in printed
        assert "Traceback" not in printed
        assert [known.name for known in bench.state.resources if known.custom] == ["a"]
        bench.toys.fail = ""
        bench.up()
        assert bench.toys.done == ["create b"]

    def test_a_check_that_fails_is_one_line_in_a_preview_too(self, bench: Bench) -> None:
        """Before anything is touched."""
        bench.program('Thing("a", label="a", size="bad")')
        assert "error: toy:index:Thing a: size is bad" in bench.run(bench.stack.preview, code=1)

    def test_a_missing_package_is_one_line_with_its_cure(self, bench: Bench) -> None:
        """The environment is another stack's, or somebody removed something from it."""
        printed = bench.up("import pulumi_of_nobody", code=1)
        assert "error: No module named 'pulumi_of_nobody': make install STACK=" in printed
        assert "Traceback" not in printed

    def test_a_failing_program_deletes_nothing(self, bench: Bench) -> None:
        """What it did not come to declare keeps its place, and its outputs their values."""
        bench.up('pulumi.export("kept", 1); Thing("a", label="a"); Thing("b", label="b")')
        printed = bench.up('Thing("a", label="a"); raise pulumi.RunError("a clean word")', code=1)
        assert "error: a clean word" in printed
        assert "Traceback" not in printed
        assert bench.labels() == ["a", "b"]
        assert bench.stack.outputs() == {"kept": 1}

    def test_an_output_exported_before_the_failure_is_kept(self, bench: Bench) -> None:
        """The report of a failed verification, say."""
        bench.up('pulumi.export("report", "red"); raise pulumi.RunError("failed")', code=1)
        assert bench.stack.outputs() == {"report": "red"}

    def test_a_bug_of_the_program_has_its_traceback(self, bench: Bench) -> None:
        """It is for whoever wrote it."""
        assert "ZeroDivisionError" in bench.up("1 / 0", code=1)


class TestKilled:
    """A run that was cut off, seen from the next one."""

    def test_a_creation_that_was_begun_is_made_again_and_not_twice(self, bench: Bench) -> None:
        """The provider adopts; the state shows one."""
        bench.up('Thing("a", label="a")')
        cut(bench, pending="create")
        bench.up()
        assert bench.toys.done == ["create a"]
        assert [known.pending for known in bench.state.resources] == [None, None]

    def test_a_creation_that_was_begun_and_is_not_declared_any_more_is_undone(self, bench: Bench) -> None:
        """By its inputs, since it left no outputs."""
        bench.up('Thing("a", label="a")')
        cut(bench, pending="create")
        bench.up("")
        assert bench.labels() == []

    def test_destroy_undoes_a_creation_that_was_begun(self, bench: Bench) -> None:
        """It is in no cloud's list but may well exist."""
        bench.up('Thing("a", label="a")')
        cut(bench, pending="create")
        bench.run(bench.stack.destroy)
        assert bench.labels() == []

    def test_a_deletion_that_was_begun_is_done_before_a_new_creation(self, bench: Bench) -> None:
        """The middle of a replacement."""
        bench.up('Thing("a", label="a")')
        cut(bench, pending="delete")
        bench.up()
        assert bench.toys.done == ["delete a", "create a"]

    def test_what_was_replaced_and_not_deleted_is_deleted_by_the_next_run(self, bench: Bench) -> None:
        """The end of a replacement."""
        bench.up('Thing("a", label="a", size=1)')
        bench.toys.fail = "delete a"
        bench.up('Thing("a", label="a", size=2)', code=1)
        assert bench.labels() == ["a", "a"]
        bench.toys.fail = ""
        bench.up()
        assert bench.labels() == ["a"]
        assert [thing["size"] for thing in bench.toys.things.values()] == [2]

    def test_what_was_replaced_and_has_changed_since_does_not_hide_its_successor(self, bench: Bench) -> None:
        """A run failed between the two, and somebody changed the old one: it still goes, and the new one stays."""
        bench.up('Thing("a", label="a", size=1)')
        bench.up('Thing("a", label="a", size=2)\nraise pulumi.RunError("no more")', code=1)
        bench.toys.things["a-1"]["serial"] = 7
        bench.up('Thing("a", label="a", size=2)')
        assert list(bench.toys.things) == ["a-2"]


class TestState:
    """The file."""

    def test_a_second_run_is_refused_with_who_holds_the_lock(self, bench: Bench) -> None:
        """Two runs over one state would lose one's work."""
        bench.program("")
        with (
            state.locked(bench.stack.state_file.with_suffix(".lock"), "up"),
            pytest.raises(StateError, match=r"another run works on this stack: up, process \d+, since \d\d:"),
        ):
            bench.stack.up()

    @pytest.mark.parametrize("content", ['{"resources": [', "[]", '{"resources": [{"what": 1}]}', '{"outputs": 1}'])
    def test_a_damaged_file_is_named(self, bench: Bench, content: str) -> None:
        """Rather than taken for an empty one."""
        bench.program("")
        bench.stack.state_file.parent.mkdir(parents=True)
        bench.stack.state_file.write_text(content)
        with pytest.raises(StateError, match=r"local\.json is damaged"):
            bench.stack.up()

    @pytest.mark.parametrize(
        "entry",
        [
            {"urn": 1, "type": "t", "custom": True},
            {"urn": "u", "type": "t", "custom": "yes"},
            {"urn": "u", "type": "t", "custom": True, "inputs": [1]},
            {"urn": "u", "type": "t", "custom": True, "pending": 1},
            {"urn": "u", "type": "t", "custom": True, "dependencies": [1]},
            {"urn": "u", "type": "t", "custom": True, "outputs": {"a": {wire._MARK: wire._SECRET}}},
        ],
    )
    def test_a_resource_of_another_shape_is_damage(self, tmp_path: Path, entry: dict[str, Any]) -> None:
        """And not a traceback later; what stands there, which may be a secret, is not said."""
        (tmp_path / "local.json").write_text(json.dumps({"resources": [entry]}))
        with pytest.raises(DamagedState, match=r"local\.json is damaged$"):
            State(tmp_path / "local.json")

    def test_any_value_that_was_changed_is_damage(self, bench: Bench) -> None:
        """The checksum tells; a state of the version before has none, and is read."""
        bench.up('Thing("a", label="a"); pulumi.export("size", 1)')
        content = json.loads(bench.stack.state_file.read_text())
        bench.stack.state_file.write_text(json.dumps(content | {"outputs": {"size": "1"}}))
        with pytest.raises(DamagedState, match=r"local\.json is damaged$"):
            _ = bench.state
        del content["sha256"]
        bench.stack.state_file.write_text(json.dumps(content))
        assert bench.state.outputs == {"size": 1}

    @pytest.mark.parametrize("backend", ["local", "rediscloud"])
    def test_damage_is_told_with_what_is_lost_and_how_to_go_on(self, bench: Bench, backend: str) -> None:
        """`down` forgets it where all that it knew of is found on this machine, and nowhere else."""
        bench.program("")
        bench.is_found_without_state = backend == "local"
        (bench.root / "Pulumi.local.yaml").write_text(f"config:\n  cache:backend: {backend}\n")
        file = bench.stack.state_file
        file.parent.mkdir(parents=True)
        file.write_text("{")
        with pytest.raises(StateError) as refused:
            bench.stack.up()
        if backend == "local":
            assert f"to go on with the server and its data, and a new password: mv {file} {file}.old && make up" in str(
                refused.value
            )
            assert str(refused.value).endswith("to remove everything: make down STACK=local")
            bench.run(bench.stack.destroy)
            assert not file.exists()
        else:
            assert "nothing else knows what stack local made and its password" in str(refused.value)
            bench.run(bench.stack.destroy, code=1)
            assert file.exists()

    def test_a_provider_that_the_state_misspells_is_damage(self, bench: Bench) -> None:
        """With the way on."""
        bench.up(
            """
            from pulumi.dynamic import Resource, ResourceProvider
            Resource(ResourceProvider(), "a", {})
            """,
            code=1,
        )
        resource = {"urn": "urn:pulumi:local::cache::pulumi-python:dynamic:Resource::a", "custom": True}
        resource |= {"type": "pulumi-python:dynamic:Resource", "outputs": {"__provider": "gASV"}}
        bench.stack.state_file.write_text(json.dumps({"resources": [resource]}))
        (bench.root / "Pulumi.local.yaml").write_text("config:\n  cache:backend: local\n")
        printed = bench.up("", code=1)
        assert "the provider of pulumi-python:dynamic:Resource cannot be read from the state" in printed
        assert "to remove everything: make down STACK=local" in printed

    def test_deletions_go_on_where_one_fails_and_where_nothing_can_be_written(
        self, bench: Bench, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A full disk may wait for just that."""
        bench.up('Thing("a", label="a"); Thing("b", label="b")')

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(private_file, "write", full)
        bench.toys.fail = "delete a"
        assert "No space" not in bench.run(bench.stack.destroy, code=1)
        assert bench.labels() == ["a"]
        bench.toys.fail = ""
        bench.run(bench.stack.destroy)
        assert bench.labels() == []
        assert not bench.stack.state_file.exists()

    def test_an_up_on_a_full_disk_is_one_line(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """It says what to do, and the next one goes on."""

        def full(*_: object) -> None:
            raise OSError(errno.ENOSPC, "No space left on device", "local.json")

        with monkeypatch.context() as patch:
            patch.setattr(private_file, "write", full)
            printed = bench.up('Thing("a", label="a")', code=1)
        assert "error: the state cannot be written: local.json: No space left on device; free some space" in printed
        assert "Traceback" not in printed
        bench.up()
        assert bench.labels() == ["a"]

    def test_outputs_are_saved_before_they_are_shown(self, bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
        """Whatever happens to the display."""
        monkeypatch.setattr(Display, "outputs", lambda *_: pytest.fail("no display"))
        with pytest.raises(pytest.fail.Exception):
            bench.up('pulumi.export("kept", 1)')
        assert bench.state.outputs == {"kept": 1}

    def test_a_draft_is_never_written_through_a_link(self, bench: Bench, tmp_path: Path) -> None:
        """Somebody else's file stays as it is."""
        (tmp_path / "precious").write_text("mine")
        bench.stack.state_file.parent.mkdir(parents=True)
        private_file.draft_of(bench.stack.state_file).symlink_to(tmp_path / "precious")
        bench.up('Thing("a", label="a")')
        assert (tmp_path / "precious").read_text() == "mine"

    def test_urns_are_those_of_the_real_engine(self, bench: Bench) -> None:
        """Types of all parents, the stack's left out: seen with Pulumi 3.260."""
        bench.up(
            """
            outer = Box("outer")
            inner = Box("inner", Options(parent=outer))
            Thing("a", Options(parent=inner), label="a")
            """
        )
        assert sorted(known.urn for known in bench.state.resources) == [
            "urn:pulumi:local::cache::pulumi:pulumi:Stack::cache-local",
            "urn:pulumi:local::cache::toy:index:Box$toy:index:Box$toy:index:Thing::a",
            "urn:pulumi:local::cache::toy:index:Box$toy:index:Box::inner",
            "urn:pulumi:local::cache::toy:index:Box::outer",
        ]


def cut(bench: Bench, pending: Any) -> None:
    """Leave the state as a killed run leaves it."""
    written = State(bench.stack.state_file)
    known = next(known for known in written.resources if known.custom)
    outputs = {} if pending == "create" else known.outputs
    id_ = "" if pending == "create" else known.id
    written.put(replace(known, pending=pending, outputs=outputs, id=id_))
    assert json.loads(bench.stack.state_file.read_text())["resources"]
