"""The names that an application gives to the parts of a connection: what is asked for, and what is delivered."""

import json
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from infra import settings
from infra.connection import GUIDES_VARIABLES, PART_OF, PARTS, delivered, names, variables
from infra.settings import InvalidSettings
from infra.settings.variables import PRESETS
from verify.environment import CacheEnvironment

CONNECTION = CacheEnvironment(
    host="cache.example", port=6380, username="app", password="p@ss/:%?#", use_tls=True, tls_ca="PEM"
)
EACH_PART = {f"APP_{part.upper()}": part for part in PARTS}


def load(asked: object, **config: str) -> settings.Settings:
    """Return the settings of a stack with such variables."""
    text = asked if isinstance(asked, str) else json.dumps(asked)
    own = {f"cache:{key}": value for key, value in {"backend": "local", "variables": text, **config}.items()}
    return settings.load(own, stack="local")


def refused(asked: object, **config: str) -> str:
    """Return what is said of such variables."""
    with pytest.raises(InvalidSettings) as error:
        load(asked, **config)
    return str(error.value)


class TestAsked:
    """What cache:variables and cache:url may say."""

    @pytest.mark.parametrize("preset", PRESETS)
    def test_a_preset_is_its_names(self, preset: str) -> None:
        """Alone, and in a list, as YAML has it and as a command line does."""
        for written in (preset, [preset], f"{preset},{preset}", json.dumps([preset])):
            assert load(written).named_variables == PRESETS[preset]

    @pytest.mark.parametrize(
        "written",
        [
            {"APP_HOST": "host", "APP_URL": "url"},
            "APP_HOST=host,APP_URL=url",
            " APP_HOST = host , APP_URL=url ,",
            ["APP_HOST=host", {"APP_URL": "url"}],
            [{"APP_HOST": "host"}, {"APP_URL": "url"}],
        ],
    )
    def test_a_mapping_is_written_in_any_of_its_forms(self, written: object) -> None:
        """They mean the same."""
        assert load(written).named_variables == {"APP_HOST": "host", "APP_URL": "url"}

    def test_presets_and_names_go_together(self) -> None:
        """A name that both give to the same part is no conflict, and neither is one of the guide's."""
        found = load(["laravel", "url", {"REDIS_HOST": "host", "CELERY_BROKER_URL": "url"}], url="true")
        assert found.named_variables == {**PRESETS["laravel"], "CELERY_BROKER_URL": "url"}

    def test_nothing_is_asked_for_by_itself(self) -> None:
        """The guide's six are the default."""
        assert settings.load({"cache:backend": "local"}, stack="local").named_variables == {}
        assert load("").named_variables == load("[]").named_variables == load("{}").named_variables == {}
        assert load("", url="true").named_variables == {"REDIS_URL": "url"}

    @pytest.mark.parametrize("preset", PRESETS)
    def test_a_preset_contradicts_no_name_of_ours(self, preset: str) -> None:
        """And has parts that there are."""
        assert set(PRESETS[preset].values()) <= PARTS.keys()
        assert {name: part for name, part in PRESETS[preset].items() if PART_OF.get(name, part) != part} == {}

    def test_every_variable_of_ours_is_known_by_what_it_is(self) -> None:
        """So that none of them can be given to another part."""
        full = CacheEnvironment(host="h", username="u", tls_ca="PEM", tls_server_name="n")
        assert PART_OF.keys() == variables(full).keys()

    @pytest.mark.parametrize(
        ("asked", "said"),
        [
            ("larvel", "larvel is no preset (laravel, spring, url, dotnet) and no NAME=part"),
            ({"APP": "prt"}, "APP is given prt, which is no part (host, port, username, password, tls, ca, url, datab"),
            ({"APP": {"b": 1}}, "APP is given {'b': 1}, which is no part"),
            ({"APP": ""}, "APP is no preset"),
            ([None], "None is no preset"),
            ("APP=host,APP=port", "APP is the host already, and cannot be the port"),
            ([{"APP": "host"}, {"APP": "port"}], "APP is the host already, and cannot be the port"),
            ("url,REDIS_URL=host", "REDIS_URL is the url already, and cannot be the host"),
            ("REDIS_URL=host,url", "REDIS_URL is the host already, and cannot be the url"),
            ({"REDIS_PORT": "host"}, "REDIS_PORT is the port already, and cannot be the host"),
            ({"REDIS_TLS_CA": "password"}, "REDIS_TLS_CA is the ca already, and cannot be the password"),
            ({"REDIS_MAX_RETRIES": "port"}, "REDIS_MAX_RETRIES is the number of retries already, and cannot be the po"),
            ("[", '"[" will not do: it is neither a list nor a mapping'),
            ("[" * 100_000, "it is neither a list nor a mapping"),
        ],
    )
    def test_what_will_not_do_is_named(self, asked: object, said: str) -> None:
        """With a command that is taken."""
        message = refused(asked)
        assert said in message
        assert "pulumi config set cache:variables laravel --stack local" in message

    def test_all_problems_are_named_at_once(self) -> None:
        """Of every name, and of every sink."""
        message = refused("larvel,APP=prt,REDIS_HOST=port")
        assert all(said in message for said in ("larvel is no preset", "APP is given prt", "REDIS_HOST is the host"))
        message = refused("A B=host,1X=url", sinks="dotenv,encore", encoreApp="..", encoreTypes="dev")
        assert "dotenv takes no A B, 1X: a name there has up to 128 letters" in message
        assert "; encore takes no A B, 1X: a name there has " in message

    def test_the_url_has_its_name_once(self) -> None:
        """By cache:url, or by cache:variables."""
        message = refused("REDIS_URL=host", url="true")
        assert "REDIS_URL is the url already, by cache:url, and cannot be the host" in message


class TestNamesOfASink:
    """What can be a name where the connection goes."""

    @pytest.mark.parametrize(
        ("config", "name", "is_taken"),
        [
            ({"sinks": "dotenv"}, "Redis__Host", True),
            ({"sinks": "dotenv"}, "redis.host", False),
            ({"sinks": "dotenv"}, "1HOST", False),
            ({"sinks": "dotenv"}, "HÖST", False),
            ({"sinks": "dotenv"}, "A" * 129, False),
            ({"sinks": "dotenv"}, "A\nB", False),
            ({"sinks": "dotenv,encore", "encoreApp": "..", "encoreTypes": "dev"}, "A-B", False),
            ({"sinks": "encore-infra-config", "encoreInfraConfig": "x.json", "encoreCacheCluster": "c"}, "a:b", True),
            ({"backend": "rediscloud", "sinks": "aws-ssm"}, "redis.host", True),
            ({"backend": "rediscloud", "sinks": "aws-ssm"}, "redis/host", False),
            ({"backend": "rediscloud", "sinks": "aws-secrets-manager"}, "redis.host", True),
            ({"backend": "rediscloud", "sinks": "aws-secrets-manager"}, "a:b", False),
            ({"backend": "rediscloud", "sinks": "gcp-secret-manager"}, "redis-host", True),
            ({"backend": "rediscloud", "sinks": "gcp-secret-manager"}, "redis.host", False),
        ],
    )
    def test_each_sink_has_its_rules(self, config: dict[str, Any], name: str, is_taken: bool) -> None:
        """The name is refused for the sink, or taken."""
        values = {"acceptPlainText": "true", "acceptAnyAddress": "true"} if config.get("backend") else {}
        if is_taken:
            assert load({name: "host"}, **config, **values).named_variables == {name: "host"}
        else:
            assert f"{config['sinks'].rpartition(',')[2]} takes no " in refused({name: "host"}, **config, **values)


class TestDelivered:
    """What arrives."""

    def test_each_part_is_what_it_says(self) -> None:
        """Beside the guide's six, which stay."""
        made = delivered(CONNECTION, ("REDIS_TLS_CA",), EACH_PART, attached=True)
        assert {name: made[name] for name in EACH_PART} == {
            "APP_HOST": "cache.example",
            "APP_PORT": "6380",
            "APP_USERNAME": "app",
            "APP_PASSWORD": "p@ss/:%?#",
            "APP_TLS": "true",
            "APP_CA": "PEM",
            "APP_URL": "rediss://app:p%40ss%2F%3A%25%3F%23@cache.example:6380",
            "APP_DATABASE": "0",
        }
        assert {name: made[name] for name in GUIDES_VARIABLES} == delivered(CONNECTION, (), attached=True)

    def test_the_url_says_what_the_variables_say(self) -> None:
        """Whatever the password."""
        url = urlsplit(delivered(CONNECTION, (), {"REDIS_URL": "url"}, attached=True)["REDIS_URL"])
        assert (url.scheme, url.hostname, url.port) == ("rediss", "cache.example", 6380)
        assert (unquote(url.username or ""), unquote(url.password or "")) == ("app", "p@ss/:%?#")

    def test_detached_every_name_is_empty(self) -> None:
        """The port, TLS and the database too; without a host as well."""
        for connection, attached in ((CONNECTION, False), (CacheEnvironment(host=None), True)):
            made = delivered(connection, ("REDIS_TLS_CA",), EACH_PART, attached=attached)
            assert made == dict.fromkeys((*GUIDES_VARIABLES, "REDIS_TLS_CA", *EACH_PART), "")

    def test_the_user_of_a_password_alone_has_redis_own_name(self) -> None:
        """An application that has to name one can: it is the user of AUTH with one argument."""
        made = delivered(CacheEnvironment(host="h", password="p"), (), {"REDIS_USERNAME": "username"}, attached=True)
        assert made["REDIS_USERNAME"] == "default"

    def test_an_authority_is_named_where_there_is_one(self) -> None:
        """As REDIS_TLS_CA is: a store that holds no empty value has a name the less."""
        assert "APP_CA" not in delivered(CONNECTION, (), EACH_PART, attached=True)
        assert names((), EACH_PART) == tuple(delivered(CONNECTION, (), EACH_PART, attached=True))
        assert names(("REDIS_TLS_CA",), EACH_PART)[-len(EACH_PART) :] == tuple(EACH_PART)
