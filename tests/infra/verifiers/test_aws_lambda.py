"""The call of the function: what goes into it, and that its failures show no password."""

import asyncio
import json
from collections.abc import Awaitable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pulumi
import pytest
from pulumi_aws import lambda_

from infra.backend import Declaration
from infra.connection import variables
from infra.verifiers.aws_lambda import AwsLambda
from verify.checks.passwords import NO_OTHERS, OtherPasswords
from verify.environment import CacheEnvironment
from verify.expectation import Expectation
from verify.report import Report, Result

CONNECTION = CacheEnvironment(host="cache", port=6379, password="long-hunter1", use_tls=True)
OTHERS = OtherPasswords(previous="long-hunter2", retired="long-hunter3")
REPORT = Report(results=(Result(name="connect", title="the server is reached", verdict="pass"),), server="redis 7")


@dataclass
class Function:
    """The function and the provider that calls it; each answers with a text made of the call."""

    answer: str = ""
    refusal: str = ""
    call: str = ""
    was_secret: bool = False

    def invoke(self, function_name: str, input: pulumi.Output[str], opts: Any) -> Any:  # noqa: A002 - the SDK's name
        """Take the place of the provider's function."""
        del function_name, opts

        async def answer() -> str:
            self.call, self.was_secret = str(await input.future()), await input.is_secret()
            if self.refusal:
                raise RuntimeError(self.refusal.format(call=self.call))
            return self.answer.replace("CALL", json.dumps(self.call)[1:-1])

        asked: Awaitable[Any] = answer()
        return SimpleNamespace(result=pulumi.Output.from_input(asked))

    def check(self, others: OtherPasswords) -> Report:
        """Verify a cache by it."""

        async def run() -> Report:
            verifier = AwsLambda.__new__(AwsLambda)
            verifier._name, verifier._stack, verifier._ready = "hospitality-redis-prod-verifier", "prod", ()
            function: Any = SimpleNamespace(name=verifier._name)
            verifier._function = function
            declaration = Declaration(
                connection=pulumi.Output.from_input(CONNECTION), expectation=Expectation(tls=True), repair=""
            )
            return await verifier.check(CONNECTION, declaration, others)

        return asyncio.run(run())


@pytest.fixture
def function(monkeypatch: pytest.MonkeyPatch) -> Function:
    """A function in the place of Lambda's."""
    made = Function()
    monkeypatch.setattr(lambda_, "get_invocation_output", made.invoke)
    return made


@pytest.mark.parametrize("others", [OTHERS, NO_OTHERS], ids=["in a rotation", "otherwise"])
def test_the_call_has_the_connection_and_the_other_passwords(function: Function, others: OtherPasswords) -> None:
    """As a secret, since it is an argument of the provider's; and the report comes back whole."""
    function.answer = json.dumps({"report": REPORT.to_json()})
    assert function.check(others) == REPORT
    call = json.loads(function.call)
    assert call["environment"] == variables(CONNECTION)
    assert call["otherPasswords"] == {"previous": others.previous, "retired": others.retired}
    assert json.loads(call["expectation"])["tls"] is True
    assert function.was_secret


@pytest.mark.parametrize(
    ("answer", "refusal"),
    [
        ('{"problem": "no sense in CALL"}', ""),
        ("", "AccessDeniedException:\n\tno lambda:InvokeFunction for {call}"),
        ("", '{{"errorMessage": "long-hunter1, long-hunter2 and long-hunter3 in a traceback"}}'),
    ],
    ids=["the function repeats the call", "the provider repeats the call", "the function raised"],
)
def test_a_failure_shows_none_of_the_three_passwords(function: Function, answer: str, refusal: str) -> None:
    """Whoever repeats them."""
    function.answer, function.refusal = answer, refusal
    with pytest.raises(pulumi.RunError) as failed:
        function.check(OTHERS)
    assert "hunter" not in str(failed.value)
    assert str(failed.value).count("****") == 3
    assert "pulumi config set cache:verifyFrom here --stack prod" in str(failed.value)


def test_without_other_passwords_the_words_of_a_failure_stay(function: Function) -> None:
    """An empty password is none, and nothing is put between the letters."""
    function.answer = '{"problem": "the call has no environment"}'
    with pytest.raises(pulumi.RunError, match="gave no report: the call has no environment; its log is"):
        function.check(NO_OTHERS)
