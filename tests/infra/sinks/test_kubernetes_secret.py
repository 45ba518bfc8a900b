"""The sink kubernetes-secret against the API of Kubernetes as its OpenAPI has it."""

import base64
from pathlib import Path
from typing import Any

import pytest
import trustme

from compliance.terraform import render
from infra import settings
from infra.settings import InvalidSettings
from infra.sinks.kubernetes_secret import CONTROLS
from runner.inprocess.providers import ProviderError
from tests.infra.sinks import fed
from tests.infra.sinks.fed import PASSWORD, VALUES, anywhere
from tests.leaks import in_text
from tests.recorded_stacks import resource
from tests.stacks.inprocess import StackInProcess, written
from tests.standins.kubernetes import REFUSALS, SECRET, Cluster, Refusal
from verify.environment import CacheEnvironment
from verify.open_cache import open_cache

NAME = "hospitality-redis-prod"
MUTABLE = "kubernetes:enableSecretMutable"
OWN: dict[str, Any] = {"sinks": "kubernetes-secret", "kubernetesNamespace": "application", MUTABLE: "true"}
BINDING = {**OWN, "kubernetesKeys": "service-binding"}


@pytest.fixture
def cluster() -> Cluster:
    """A cluster with no Secret in it."""
    return Cluster()


def stack(folder: Path, cluster: Cluster, **settings: Any) -> StackInProcess:
    """Return a stack that delivers to the cluster."""
    return anywhere(folder, cluster.find, **{**OWN, **settings})


@pytest.mark.stack
class TestVariables:
    """The Secret's keys are the names that the application reads."""

    def test_a_container_finds_the_variables(self, cluster: Cluster, tmp_path: Path) -> None:
        """As `envFrom` puts them into its environment; the outputs say where they are."""
        made = stack(tmp_path, cluster)
        made.up()
        assert cluster.read("application", NAME) == VALUES
        assert cluster.secrets["application", NAME]["type"] == "Opaque"
        assert made.outputs == {"kubernetesSecret": f"application/{NAME}"}
        assert "2 unchanged" in made.preview()
        assert "2 unchanged" in made.up()
        made.destroy()
        assert cluster.secrets == {}

    def test_a_rotation_changes_it_in_place(self, cluster: Cluster, tmp_path: Path) -> None:
        """At no moment is there none: a pod may start at any."""
        made = stack(tmp_path, cluster)
        made.up()
        made.configure(**fed.fed({**VALUES, "REDIS_PASSWORD": "second"}))
        made.up()
        assert cluster.requests == [("apply", NAME), ("apply", NAME)]
        assert cluster.read("application", NAME) == {**VALUES, "REDIS_PASSWORD": "second"}

    def test_without_the_providers_setting_a_rotation_would_delete_it(self, cluster: Cluster, tmp_path: Path) -> None:
        """Which is why the setting is asked for."""
        cluster.are_secrets_mutable = False
        made = stack(tmp_path, cluster)
        made.up()
        made.configure(**fed.fed({**VALUES, "REDIS_PASSWORD": "second"}))
        made.up()
        assert cluster.requests == [("apply", NAME), ("delete", NAME), ("apply", NAME)]

    def test_a_rollback_empties_every_key(self, cluster: Cluster, tmp_path: Path) -> None:
        """A key that were gone would keep a pod that names it from starting."""
        made = stack(tmp_path, cluster)
        made.up()
        made.configure(attached="false", **fed.fed(fed.DETACHED))
        made.up()
        assert cluster.read("application", NAME) == fed.DETACHED
        with open_cache(CacheEnvironment.from_mapping(cluster.read("application", NAME))) as client:
            assert client.health().backend == "memory"
        made.configure(attached="true", **fed.fed())
        made.up()
        assert cluster.read("application", NAME) == VALUES

    def test_a_name_that_is_given_no_more_is_gone(self, cluster: Cluster, tmp_path: Path) -> None:
        """The data are applied whole."""
        made = stack(tmp_path, cluster, values={**VALUES, "app.redis-url": f"rediss://:{PASSWORD}@cache:6379"})
        made.up()
        assert cluster.read("application", NAME)["app.redis-url"].endswith("@cache:6379")
        made.configure(**fed.fed())
        made.up()
        assert cluster.read("application", NAME) == VALUES

    def test_the_name_is_one_that_kubernetes_takes(self, cluster: Cluster, tmp_path: Path) -> None:
        """Whatever the stack's, and as it is asked for."""
        stack(tmp_path / "1", cluster, name="Team_A.").up()
        stack(tmp_path / "2", cluster, kubernetesSecret="cache.redis").up()
        assert [name for _, name in cluster.secrets] == ["hospitality-redis-team-a", "cache.redis"]

    def test_the_tags_are_annotations(self, cluster: Cluster, tmp_path: Path) -> None:
        """With any value; another one changes in place."""
        made = stack(tmp_path, cluster, tags={"owner": "Payments & co."})
        made.up()
        annotations = {"managed-by": "pulumi", "project": "cache", "stack": "prod", "tier": "dev"}
        found = cluster.secrets["application", NAME]["metadata"]["annotations"]
        assert found == {**annotations, "owner": "Payments & co."}
        made.configure(tags={"owner": "others"})
        made.up()
        assert cluster.requests == [("apply", NAME)] * 2

    def test_the_state_has_the_values_as_secrets_alone(self, cluster: Cluster, tmp_path: Path) -> None:
        """Neither plain nor in base64, in no input, no output and no line that was printed."""
        for keys in ("variables", "service-binding"):
            made = stack(tmp_path / keys, cluster, kubernetesKeys=keys, kubernetesSecret=keys)
            printed = made.preview() + made.up()
            made.configure(**fed.fed({**VALUES, "REDIS_PORT": "6380"}))
            printed += made.preview() + made.up()
            everything = printed + "".join(written(resource) for resource in made.resources)
            assert "[secret]" in everything
            assert in_text(everything, {"password": PASSWORD}) == []


@pytest.mark.stack
class TestServiceBinding:
    """The Secret is a Service Binding's, and its keys are the entries of its specification."""

    def test_the_entries_are_those_of_the_specification(self, cluster: Cluster, tmp_path: Path) -> None:
        """The type stands in the Secret and in the entry, and the provider is the backend."""
        stack(tmp_path, cluster, **BINDING).up()
        assert cluster.secrets["application", NAME]["type"] == "servicebinding.io/redis"
        found = cluster.read("application", NAME)
        url = found.pop("uri")
        assert found == {
            "type": "redis",
            "provider": "local",
            "host": "cache.example.com",
            "port": "6379",
            "username": "default",
            "password": PASSWORD,
        }
        assert url == "rediss://:p%40ss%2Fw%22ord%2B%2520%20%5C%3D%26%C3%A9@cache.example.com:6379"

    def test_an_authority_is_an_entry_where_there_is_one(self, cluster: Cluster, tmp_path: Path) -> None:
        """The certificates, as PEM."""
        certificate = trustme.CA().cert_pem.bytes().decode()
        stack(tmp_path, cluster, values={**VALUES, "REDIS_TLS_CA": certificate}, **BINDING).up()
        assert cluster.read("application", NAME)["certificates"].strip() == certificate.strip()

    def test_a_rotation_and_a_rollback_follow(self, cluster: Cluster, tmp_path: Path) -> None:
        """Rolled back every entry is empty, the type too: no library takes it for a Redis."""
        made = stack(tmp_path, cluster, **BINDING)
        made.up()
        made.configure(**fed.fed({**VALUES, "REDIS_PASSWORD": "second"}))
        made.up()
        found = cluster.read("application", NAME)
        assert (found["password"], found["uri"]) == ("second", "rediss://:second@cache.example.com:6379")
        made.configure(attached="false", **fed.fed(fed.DETACHED))
        made.up()
        assert cluster.read("application", NAME) == dict.fromkeys(found, "")
        assert cluster.requests == [("apply", NAME)] * 3

    def test_other_keys_are_another_secret(self, cluster: Cluster, tmp_path: Path) -> None:
        """Its type cannot change, so the old one goes first."""
        made = stack(tmp_path, cluster)
        made.up()
        made.configure(kubernetesKeys="service-binding")
        made.up()
        assert cluster.requests == [("apply", NAME), ("delete", NAME), ("apply", NAME)]


class TestSettings:
    """What the sink has to know."""

    @pytest.mark.parametrize(
        ("changes", "said", "cure"),
        [
            (
                {"kubernetesNamespace": None},
                "cache:kubernetesNamespace is not set: ",
                "Namespace application",
            ),
            (
                {"kubernetesNamespace": "A_b"},
                'cache:kubernetesNamespace "A_b" will not do: it is not up to 63',
                "Namespace",
            ),
            ({"kubernetesNamespace": "a" * 64}, "it is not up to 63 small letters", "Namespace"),
            ({"kubernetesSecret": "Redis"}, "it is not up to 253 small letters", "kubernetesSecret redis"),
            ({"kubernetesSecret": "a" * 254}, "it is not up to 253 small letters", "kubernetesSecret redis"),
            ({"kubernetesKeys": "keys"}, "cache:kubernetesKeys", "kubernetesKeys service-binding"),
            ({MUTABLE: None}, f"{MUTABLE} is not true: the provider would delete the Secret", f"set {MUTABLE} true"),
            ({MUTABLE: "false"}, f"{MUTABLE} is not true: the provider would delete the Secret", f"set {MUTABLE} true"),
            ({"tags": '{"a b": "x"}'}, "a b is no key of Kubernetes: 1 to 63 letters", "cache:tags"),
            ({"tags": '{"a": "x\\ny"}'}, "the value of a is none of Kubernetes: up to 1024", "cache:tags"),
            ({"variables": "a b=host"}, "kubernetes-secret takes no a b", "variables laravel"),
            ({"sinks": "dotenv"}, "cache:kubernetesNamespace is a setting of kubernetes-secret", "rm cache:kub"),
        ],
    )
    def test_what_will_not_do_is_refused(self, changes: dict[str, Any], said: str, cure: str) -> None:
        """With the command that cures it."""
        values = {key: value for key, value in {"backend": "local", **OWN, **changes}.items() if value is not None}
        config = {key if ":" in key else f"cache:{key}": value for key, value in values.items()}
        with pytest.raises(InvalidSettings) as refused:
            settings.load(config, stack="prod")
        assert said in str(refused.value)
        assert cure in str(refused.value)


@pytest.mark.parametrize("row", REFUSALS, ids=lambda row: row.words)
def test_the_stand_in_refuses_what_kubernetes_refuses(cluster: Cluster, row: Refusal) -> None:
    """Each row of the table, by an object that lacks nothing else; without what breaks it, it is taken."""
    taken = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "redis", "namespace": "application"},
        "type": "Opaque",
        "data": {"a": base64.b64encode(b"value").decode()},
    }
    cluster.apply(taken)
    with pytest.raises(ProviderError) as refused:
        cluster.apply({**taken, **row.broken})
    assert row.words in str(refused.value)
    with pytest.raises(AssertionError, match="Additional properties"):
        cluster.apply({**taken, "datum": {}})


@pytest.mark.parametrize(
    ("metadata", "said"),
    [
        ({"namespace": "application"}, None),
        ({"namespace": "default"}, "it is in the namespace default"),
        ({}, "it is in the namespace default"),
    ],
)
def test_the_namespace_is_judged(metadata: dict[str, str], said: str | None) -> None:
    """By our control, of what is declared."""
    plan = render([resource(SECRET, metadata={"name": "redis", **metadata}, data={"REDIS_HOST": "eA=="})])
    (secret,) = plan.resources.values()
    assert secret.type in CONTROLS[0].types
    assert CONTROLS[0].check(secret, plan) == said
