from infra.connection import GUIDES_VARIABLES, delivered, url, variables
from verify.environment import CacheEnvironment


def test_the_guides_six_variables_are_always_there() -> None:
    """An application that reads them finds each, empty where there is none."""
    assert variables(CacheEnvironment(host="cache", port=6379)) == {
        "REDIS_HOST": "cache",
        "REDIS_PORT": "6379",
        "REDIS_PASSWORD": "",
        "REDIS_USE_TLS": "false",
        "REDIS_MAX_RETRIES": "3",
        "REDIS_CONNECT_TIMEOUT": "5000",
    }


def test_our_own_variables_appear_only_where_needed() -> None:
    """Four more, for what the guide's six cannot say."""
    full = variables(
        CacheEnvironment(
            host="10.0.0.3",
            port=6378,
            username="app",
            password="p",
            use_tls=True,
            tls_ca="PEM",
            tls_server_name="cache",
            probe_prefix="hotel:verify:",
        )
    )
    assert full["REDIS_USERNAME"] == "app"
    assert full["REDIS_TLS_CA"] == "PEM"
    assert full["REDIS_TLS_SERVER_NAME"] == "cache"
    assert full["REDIS_PROBE_PREFIX"] == "hotel:verify:"
    assert full["REDIS_USE_TLS"] == "true"


def test_the_url_is_percent_encoded_and_says_tls() -> None:
    """A password with every awkward character survives a URL parser."""
    made = url(CacheEnvironment(host="cache", port=6380, username="a:b", password="p@/:%?#", use_tls=True))
    assert made == "rediss://a%3Ab:p%40%2F%3A%25%3F%23@cache:6380"


def test_the_url_without_a_password_has_no_user_part() -> None:
    """Nothing is left of what is not there, and an IPv6 address is bracketed."""
    assert url(CacheEnvironment(host="cache", port=6379)) == "redis://cache:6379"
    assert url(CacheEnvironment(host="::1", port=6379, password="x")) == "redis://:x@[::1]:6379"


def test_the_password_is_not_in_the_repr() -> None:
    """A connection can be logged by accident."""
    assert "hunter2" not in repr(CacheEnvironment(host="cache", port=6379, password="hunter2"))


def test_no_host_is_no_url() -> None:
    """The application falls back to its memory, and the guide's six variables are there all the same, but empty."""
    nothing = CacheEnvironment(host="", port=6379)
    assert url(nothing) == ""
    assert variables(nothing) == dict.fromkeys(GUIDES_VARIABLES, "")
    assert len(GUIDES_VARIABLES) == 6


def test_what_is_delivered_has_the_same_names_attached_or_not() -> None:
    """The guide's six and the backend's own, empty where the connection has none, and all of them when detached."""
    connection = CacheEnvironment(host="cache", port=6379, password="p", tls_ca="PEM")
    own = ("REDIS_TLS_CA", "REDIS_USERNAME")
    attached = delivered(connection, own, attached=True)
    detached = delivered(connection, own, attached=False)
    assert attached == {**variables(connection), "REDIS_USERNAME": ""}
    assert detached == dict.fromkeys(attached, "")


def test_what_the_backend_does_not_name_is_not_delivered() -> None:
    """A sink that was told the names beforehand, in a preview, would not know it."""
    made = delivered(CacheEnvironment(host="cache", port=6379, username="app"), (), attached=True)
    assert tuple(made) == GUIDES_VARIABLES
