"""cache:access, cache:accessRules and cache:probePrefix: what is taken, and what is refused by name."""

import pytest

from infra import settings
from infra.settings import InvalidSettings
from infra.settings.access import AccessSettings
from verify import access
from verify.access import PRESETS


def load(backend: str = "local", **values: str) -> AccessSettings:
    """Read a stack's settings."""
    config = {"cache:backend": backend, **{f"cache:{key}": value for key, value in values.items()}}
    made = settings.load(config, stack="dev")
    assert isinstance(made, AccessSettings)
    return made


def refused(**values: str) -> str:
    """Return why a stack's settings are refused."""
    with pytest.raises(InvalidSettings) as refusal:
        load(**values)
    assert refusal.value.__cause__ is None
    return str(refusal.value)


@pytest.mark.parametrize("backend", ["local", "docker"])
def test_every_stack_has_the_preset_data_unless_it_says_otherwise(backend: str) -> None:
    """The laptop has the rights of prod."""
    assert load(backend).acl == PRESETS["data"]
    assert load(backend, access="cache").acl == PRESETS["cache"]


def test_rules_change_the_preset() -> None:
    """As a list, and as `pulumi config set` writes one."""
    rules = ("~verify:*", "~hotel:*", "&news:*", *PRESETS["data"][2:], "+flushdb", "-@scripting")
    written = '["+flushdb", "-@scripting", "~verify:*", "~hotel:*", "&news:*"]'
    assert load(accessRules=written).acl == rules
    assert load(accessRules="+flushdb,-@scripting,~verify:*,~hotel:*,&news:*").acl == rules


@pytest.mark.parametrize(
    "rule", ["+@all", "allcommands", "allkeys", "nopass", "reset", "on", "off", "+@none", "get", "~a b", "+GET", ""]
)
def test_any_other_rule_is_refused_by_name_and_place(rule: str) -> None:
    """With a command that cures it."""
    words = refused(accessRules=f'["+flushdb", "{rule}"]')
    assert f"cache:accessRules item 2 {access.problem(rule)}" in words
    assert "pulumi config set cache:accessRules +flushdb --stack dev" in words


@pytest.mark.parametrize("rule", [">hunter2", "<hunter2", "#hunter2", "!hunter2"])
def test_a_password_among_the_rules_is_refused_and_not_shown(rule: str) -> None:
    """Whatever else is wrong."""
    words = refused(accessRules=f"{rule},nopass")
    assert "item 1 is a password" in words
    assert "item 2 is 'nopass'" in words
    assert "hunter2" not in words


def test_key_patterns_include_those_of_the_verification() -> None:
    """Else its first write would be refused; the proposal adds them."""
    words = refused(accessRules="~hotel:*")
    assert "cache:accessRules leaves out the keys that the verification reads and writes: add ~verify:*" in words
    assert "pulumi config set cache:accessRules '~hotel:*,~verify:*' --stack dev" in words
    kept = load(accessRules="~hotel:*", probePrefix="hotel:verify:")
    assert kept.acl[:2] == ("~hotel:*", "&*")
    assert kept.own_variables == ("REDIS_PROBE_PREFIX",)
    assert load(probePrefix="verify:").own_variables == ()


@pytest.mark.parametrize("prefix", ["", "a b", "a*", '"', "x" * 65, "é:"])
def test_a_prefix_that_is_no_plain_name_is_refused(prefix: str) -> None:
    """It stands in an ACL, in a variable and in keys."""
    assert "cache:probePrefix" in refused(probePrefix=prefix)


def test_a_backend_whose_server_has_no_users_refuses_them() -> None:
    """A setting that does nothing would be taken for one that does."""
    with pytest.raises(InvalidSettings, match="cache:access is a setting of local and docker and elasticache"):
        settings.load({"cache:backend": "memory", "cache:access": "data"}, stack="dev")


def test_an_unknown_preset_is_refused_with_those_that_there_are() -> None:
    """By the key and the value."""
    assert "cache:access \"queue\" is not one of 'cache', 'data' or 'full'" in refused(access="queue")
