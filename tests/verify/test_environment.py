import pytest

from benchmarks.certificates import Authority
from verify.environment import CacheEnvironment, InvalidEnvironment

RIGHT = {
    "REDIS_HOST": "cache.example.com",
    "REDIS_PORT": "6380",
    "REDIS_USERNAME": "app",
    "REDIS_PASSWORD": "s3cret",
    "REDIS_USE_TLS": "true",
    "REDIS_MAX_RETRIES": "5",
    "REDIS_CONNECT_TIMEOUT": "750",
    "REDIS_TLS_SERVER_NAME": "redis.internal",
    "REDIS_PROBE_PREFIX": "hotel:verify:",
}


def test_every_variable_is_read() -> None:
    """Each variable lands in its field."""
    assert CacheEnvironment.from_mapping(RIGHT) == CacheEnvironment(
        host="cache.example.com",
        port=6380,
        username="app",
        password="s3cret",
        use_tls=True,
        max_retries=5,
        connect_timeout_ms=750,
        tls_server_name="redis.internal",
        probe_prefix="hotel:verify:",
    )


@pytest.mark.parametrize(
    "variables",
    [{}, dict.fromkeys(RIGHT, ""), dict.fromkeys(RIGHT, "\n"), dict.fromkeys(RIGHT, " \t")],
    ids=["unset", "empty", "line break", "blank"],
)
def test_unset_and_empty_variables_give_the_guides_defaults(variables: dict[str, str]) -> None:
    """An empty variable is an unset one: no host, and the defaults of the guide. So is one of white space alone."""
    environment = CacheEnvironment.from_mapping(variables)
    assert environment == CacheEnvironment(
        host=None, port=6379, password=None, use_tls=False, max_retries=3, connect_timeout_ms=5000
    )


@pytest.mark.parametrize(
    ("text", "meant"),
    [("true", True), ("TRUE", True), ("1", True), ("Yes", True), ("false", False), ("0", False), ("no", False)],
)
def test_booleans_are_read_in_the_usual_spellings(text: str, *, meant: bool) -> None:
    """True, yes and 1 mean the same, in any case; so do their opposites."""
    assert CacheEnvironment.from_mapping({"REDIS_USE_TLS": text}).use_tls is meant


@pytest.mark.parametrize(
    ("variable", "value", "problem", "example"),
    [
        ("REDIS_PORT", "redis", "is not a whole number from 1 to 65535", "REDIS_PORT=6379"),
        ("REDIS_PORT", "0", "is not a whole number from 1 to 65535", "REDIS_PORT=6379"),
        ("REDIS_PORT", "65536", "is not a whole number from 1 to 65535", "REDIS_PORT=6379"),
        ("REDIS_PORT", "٦٣٧٩", "is not a whole number from 1 to 65535", "REDIS_PORT=6379"),
        ("REDIS_USE_TLS", "ja", "is neither true nor false", "REDIS_USE_TLS=true"),
        ("REDIS_MAX_RETRIES", "-1", "is not a whole number from 0 to 100", "REDIS_MAX_RETRIES=3"),
        ("REDIS_CONNECT_TIMEOUT", "5s", "is not a whole number of milliseconds", "REDIS_CONNECT_TIMEOUT=5000"),
        ("REDIS_HOST", "rediss://cache:6379", "is a URL", "REDIS_HOST=cache.example.com"),
        ("REDIS_HOST", "redis-1.cloud.com:12345", "belongs into REDIS_PORT=12345", "REDIS_HOST=cache.example"),
        ("REDIS_HOST", "cache example", "a character that no host name has", "REDIS_HOST=cache.example.com"),
        ("REDIS_PORT", "tcp://10.0.0.1:6379", "service links set it", "REDIS_PORT=6379"),
        ("REDIS_PORT", '"6379"', "`docker run --env-file` keeps them", "REDIS_PORT=6379"),
        ("REDIS_PORT", "9" * 5000, "is not a whole number from 1 to 65535", "REDIS_PORT=6379"),
        ("REDIS_USE_TLS", "'true'", "`docker run --env-file` keeps them", "REDIS_USE_TLS=true"),
        ("REDIS_HOST", '"cache"', "`docker run --env-file` keeps them", "REDIS_HOST=cache.example.com"),
        ("REDIS_HOST", "a..b", "a part between its dots is empty", "REDIS_HOST=cache.example.com"),
        ("REDIS_HOST", ".", "a part between its dots is empty", "REDIS_HOST=cache.example.com"),
        ("REDIS_HOST", "a" * 64, "a part between its dots is empty or too long", "REDIS_HOST=cache.example.com"),
        ("REDIS_HOST", "é" * 64, "a part between its dots is empty or too long", "REDIS_HOST=cache.example.com"),
        ("REDIS_HOST", "a." * 127, "a part between its dots is empty or too long", "REDIS_HOST=cache.example.com"),
        ("REDIS_HOST", "cache\x1b[31m", "a character that no host name has", "REDIS_HOST=cache.example.com"),
        ("REDIS_HOST", "fe80::1%\x1b", "a character that no host name has", "REDIS_HOST=cache.example.com"),
        ("REDIS_HOST", "cache\udc80", "a character that no host name has", "REDIS_HOST=cache.example.com"),
        ("REDIS_TLS_SERVER_NAME", "a..b", "a part between its dots", "REDIS_TLS_SERVER_NAME=cache.example.com"),
        ("REDIS_PROBE_PREFIX", "hotel*", "a character other than letters", "REDIS_PROBE_PREFIX=hotel:verify:"),
        ("REDIS_USERNAME", "app\x1b[31m", "a character that no user name has", "REDIS_USERNAME=default"),
        ("REDIS_USERNAME", "app\udc80", "is not UTF-8", "REDIS_USERNAME=default"),
        ("REDIS_PASSWORD", "s3cret\udc80", "is not UTF-8", "REDIS_PASSWORD=<the password>"),
        ("REDIS_TLS_CA", "é", "is not the text of a PEM certificate", 'REDIS_TLS_CA="$(cat ca.pem)"'),
        ("REDIS_PASSWORD", "s3cret\n", "has a line break in it", "REDIS_PASSWORD=<the password>"),
        ("REDIS_TLS_CA", "/etc/ca.pem", "is not the text of a PEM certificate", 'REDIS_TLS_CA="$(cat ca.pem)"'),
    ],
)
def test_a_wrong_value_is_refused_with_an_example(variable: str, value: str, problem: str, example: str) -> None:
    """The error names the variable, what is wrong with its value, and a right line."""
    with pytest.raises(InvalidEnvironment) as refused:
        CacheEnvironment.from_mapping(RIGHT | {variable: value})
    (line,) = refused.value.problems
    assert line.startswith(f"{variable} ")
    assert problem in line
    assert f"for example: {example}" in line
    assert "s3cret" not in str(refused.value)


def test_all_problems_are_told_at_once() -> None:
    """Somebody with three typos is told of three."""
    wrong = {"REDIS_PORT": "x", "REDIS_USE_TLS": "x", "REDIS_MAX_RETRIES": "x"}
    with pytest.raises(InvalidEnvironment, match="the environment has 3 problems") as refused:
        CacheEnvironment.from_mapping(RIGHT | wrong)
    assert [line.split()[0] for line in refused.value.problems] == list(wrong)


def test_an_authority_without_tls_is_refused(authority: Authority) -> None:
    """Whoever sets REDIS_TLS_CA believes to speak TLS, and must not speak plain text unawares."""
    with pytest.raises(InvalidEnvironment, match="for example: REDIS_USE_TLS=true"):
        CacheEnvironment.from_mapping({"REDIS_HOST": "cache", "REDIS_TLS_CA": authority.pem})


def test_a_list_of_authorities_is_taken(authority: Authority) -> None:
    """Memorystore gives several certificates, one after the other."""
    variables = RIGHT | {"REDIS_TLS_CA": authority.pem * 2}
    assert CacheEnvironment.from_mapping(variables).tls_ca == authority.pem * 2


@pytest.mark.parametrize("around", ["Émis par {}", "{}\nsubject=CN=é\n", "# {}\r\n", "\ufeff{}", "\udc80{}"])
def test_what_stands_around_a_certificate_is_left_out(authority: Authority, around: str) -> None:
    """`openssl s_client -showcerts` and vendors' bundles name each certificate, in any language."""
    variables = RIGHT | {"REDIS_TLS_CA": around.format(authority.pem)}
    assert CacheEnvironment.from_mapping(variables).tls_ca == authority.pem


@pytest.mark.parametrize("host", ["10.0.0.3", "::1", "[::1]", "localhost", "a_b.internal", "cache.", "bücher.example"])
def test_hosts_of_every_kind_are_taken(host: str) -> None:
    """Names and addresses are hosts; brackets around an IPv6 address are taken off."""
    assert CacheEnvironment.from_mapping({"REDIS_HOST": host}).host == host.strip("[]")


def test_the_password_is_not_in_the_repr() -> None:
    """What is printed or logged by accident holds no secret."""
    assert "s3cret" not in repr(CacheEnvironment.from_mapping(RIGHT))
