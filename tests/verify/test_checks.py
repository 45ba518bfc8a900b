import socket
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from benchmarks.certificates import Authority
from benchmarks.listeners import black_hole, cutting, listener, tls_terminator
from benchmarks.servers import RedisServer, dead_port, free_port, until
from tests.clock import Clock
from verify import checks, evidence
from verify.checks.finding import Finding
from verify.environment import CacheEnvironment
from verify.exit_code import ExitCode
from verify.expectation import Expectation
from verify.report import Report, Result

ServerMaker = Callable[..., RedisServer]

NOTHING = Expectation()
SHARED = Expectation(
    maxmemory_bytes=64 * 1024 * 1024,
    maxmemory_policy="allkeys-lru",
    persistence="append-only",
    authentication=True,
    cluster=False,
)


def result_of(report: Report, name: str) -> Result:
    """Return the result of the check of that name."""
    return next(result for result in report.results if result.name == name)


def verdicts(report: Report) -> dict[str, str]:
    """Return the verdict of each check."""
    return {result.name: result.verdict for result in report.results}


class TestHealthyServer:
    """A server that is as it was asked to be."""

    def test_every_check_passes(self, shared_server: RedisServer) -> None:
        """Nothing is skipped that was asked and that a single server without TLS has."""
        version = checks.run(shared_server.environment(), NOTHING).server
        report = checks.run(shared_server.environment(), replace(SHARED, version=version))
        seen = verdicts(report)
        skipped = {name for name, verdict in seen.items() if verdict == "skip"}
        assert set(seen.values()) == {"pass", "skip"}, report.to_text()
        assert skipped == {"tls-enforced", "certificate", "replicas", "replicas-in-sync", "rights"}
        assert report.passed
        assert report.exit_code is ExitCode.PASSED

    def test_nothing_is_left_behind(self, shared_server: RedisServer) -> None:
        """The server has the keys afterwards that it had before."""
        admin = shared_server.client()
        admin.flushall()
        admin.set("mine", "untouched")
        checks.run(shared_server.environment(), SHARED)
        assert admin.keys("*") == ["mine"]

    def test_what_was_not_asked_is_skipped_with_that_reason(self, shared_server: RedisServer) -> None:
        """Without an expectation the settings are nobody's business."""
        report = checks.run(shared_server.environment(), NOTHING)
        for name in ("maxmemory", "maxmemory-policy", "persistence"):
            result = result_of(report, name)
            assert (result.verdict, result.detail) == ("skip", "nothing was asked")
        assert report.passed

    def test_the_stable_facts_are_the_same_in_two_runs(self, shared_server: RedisServer) -> None:
        """They become a stack output, and an output that changes by itself is a diff without a change."""
        first, second = (checks.run(shared_server.environment(), SHARED).stable() for _ in range(2))
        assert first == second
        assert first["verdict"] == "passed"
        assert first["server"].startswith(("valkey ", "redis "))
        assert "latency" not in first["checks"]


class TestAuthentication:
    """A password must work, and a client without one must be refused."""

    def test_a_password_switched_off_by_hand_is_found(self, start_server: ServerMaker) -> None:
        """A server that takes any password would pass a smoke test, so the check sends none."""
        server = start_server(password="secret")
        server.client().execute_command("ACL", "SETUSER", "default", "nopass")
        report = checks.run(server.environment(), NOTHING)
        (failure,) = report.failures()
        assert failure.title == "authentication is enforced"
        assert failure.cause == "the server answered a client that sent no password"
        assert "make up" in failure.remedy
        assert report.exit_code is ExitCode.FAILED

    def test_a_wrong_password_is_refused_once_and_at_once(self, start_server: ServerMaker) -> None:
        """It is a failure of authentication, not of the connection, and no wait or retry is spent on it."""
        server = start_server(password="right")
        admin = server.client()
        told: list[str] = []
        report = checks.run(server.environment(REDIS_PASSWORD="wrong"), NOTHING, wait_seconds=30, on_wait=told.append)
        assert told == []
        (failure,) = report.failures()
        assert (failure.name, failure.code) == ("authentication-works", "wrong-password")
        assert "REDIS_PASSWORD" in failure.remedy
        assert [entry["count"] for entry in admin.acl_log()] == [1]
        assert verdicts(report)["connect"] == verdicts(report)["authentication-enforced"] == "pass"
        assert verdicts(report)["round-trip-small"] == "skip"

    def test_a_missing_password_is_named(self, shared_server: RedisServer) -> None:
        """The remedy is another one than a wrong password's."""
        report = checks.run(shared_server.environment(REDIS_PASSWORD=""), NOTHING)
        (failure,) = report.failures()
        assert (failure.name, failure.code) == ("authentication-works", "password-missing")

    def test_an_open_server_passes_where_no_password_is_asked(self, start_server: ServerMaker) -> None:
        """Without a password and without an expectation there is nothing to enforce."""
        report = checks.run(start_server().environment(), NOTHING)
        assert report.passed
        assert verdicts(report)["authentication-enforced"] == "skip"

    def test_an_open_server_fails_where_authentication_is_asked(self, start_server: ServerMaker) -> None:
        """The expectation holds, even if the environment has no password."""
        report = checks.run(start_server().environment(), Expectation(authentication=True))
        assert {failure.name for failure in report.failures()} == {
            "authentication-works",
            "authentication-enforced",
        }

    def test_a_user_without_a_password_and_with_few_rights_is_a_warning(self, start_server: ServerMaker) -> None:
        """Some services leave `default` open and take all rights from it."""
        server = start_server()
        admin = server.client()
        admin.execute_command("ACL", "SETUSER", "app", "on", ">secret", "~*", "+@all")
        admin.execute_command("ACL", "SETUSER", "default", "-@all")
        environment = server.environment(REDIS_USERNAME="app", REDIS_PASSWORD="secret")
        result = result_of(checks.run(environment, NOTHING), "authentication-enforced")
        assert (result.verdict, result.code) == ("warn", "anonymous-access")


class TestData:
    """Round trips, expiry and deletion, on a server that hinders them."""

    def test_a_full_server_fails_the_round_trips(self, start_server: ServerMaker) -> None:
        """Where nothing may be evicted, a write is refused, and the remedy names the settings."""
        server = start_server(settings={"maxmemory": "1kb", "maxmemory-policy": "noeviction"})
        report = checks.run(server.environment(), NOTHING)
        failed = {failure.name for failure in report.failures()}
        assert failed == {"round-trip-small", "round-trip-large", "expiry", "delete"}
        assert {failure.code for failure in report.failures()} == {"out-of-memory"}
        assert "cache:maxmemoryPolicy" in report.failures()[0].remedy

    def test_values_that_are_evicted_at_once_are_missed(self, start_server: ServerMaker) -> None:
        """A cache that takes every write and keeps nothing does not pass."""
        server = start_server(settings={"maxmemory": "1kb", "maxmemory-policy": "allkeys-lru"})
        report = checks.run(server.environment(), NOTHING)
        assert not report.passed
        assert result_of(report, "round-trip-large").verdict == "fail"

    def test_a_replica_is_named(self, start_server: ServerMaker) -> None:
        """Writes to a replica are refused, and the remedy is the primary's endpoint."""
        primary, replica = start_server(), start_server()
        replica.client().replicaof("127.0.0.1", str(primary.port))
        report = checks.run(replica.environment(), NOTHING, wait_seconds=60)
        assert result_of(report, "round-trip-small").code == "read-only"
        assert "primary endpoint" in result_of(report, "round-trip-small").remedy

    @pytest.mark.parametrize(
        ("replies", "name", "code"),
        [
            ({"get-small": b"other"}, "round-trip-small", "value-changed"),
            ({"get-large": None}, "round-trip-large", "value-changed"),
            ({"ttl-expiring": -1}, "expiry", "key-not-expired"),
            ({"get-expired": b""}, "expiry", "key-not-expired"),
            ({"delete": 0}, "delete", "key-not-deleted"),
            ({"get-deleted": b""}, "delete", "key-not-deleted"),
        ],
    )
    def test_wrong_answers_fail_the_right_check(
        self,
        shared_server: RedisServer,
        monkeypatch: pytest.MonkeyPatch,
        replies: dict[str, object],
        name: str,
        code: str,
    ) -> None:
        """What no real server does is put into its answers: a proxy might."""

        def gather(login: evidence.Login, client: redis.Redis) -> evidence.Evidence:
            seen = evidence.gather(login, client)
            return replace(seen, replies={**seen.replies, **replies})

        monkeypatch.setattr(checks, "gather", gather)
        (failure,) = checks.run(shared_server.environment(), NOTHING).failures()
        assert (failure.name, failure.code) == (name, code)


class TestSettings:
    """A server that is not as it was asked to be."""

    @pytest.mark.parametrize(
        ("asked", "name", "code", "detail"),
        [
            (
                Expectation(maxmemory_bytes=100 * 1024 * 1024),
                "maxmemory",
                "maxmemory-differs",
                "64 MiB, and 100 MiB was asked for",
            ),
            (
                Expectation(maxmemory_policy="noeviction"),
                "maxmemory-policy",
                "maxmemory-policy-differs",
                "allkeys-lru, and noeviction was asked for",
            ),
            (
                Expectation(persistence="none"),
                "persistence",
                "persistence-differs",
                "append-only, and none was asked for",
            ),
            (
                Expectation(persistence="snapshot"),
                "persistence",
                "persistence-differs",
                "append-only, and snapshot was asked for",
            ),
        ],
        ids=["maxmemory", "policy", "persistence none", "persistence snapshot"],
    )
    def test_a_difference_fails_with_both_sides(
        self, shared_server: RedisServer, asked: Expectation, name: str, code: str, detail: str
    ) -> None:
        """The detail says what is and what was asked, and the remedy names the key to change."""
        (failure,) = checks.run(shared_server.environment(), asked).failures()
        assert (failure.name, failure.code, failure.detail) == (name, code, detail)
        assert "cache:" in failure.remedy

    def test_a_limit_that_is_not_there_is_a_difference(self, start_server: ServerMaker) -> None:
        """A server without a limit takes all of the machine."""
        asked = Expectation(maxmemory_bytes=1_000_000)
        (failure,) = checks.run(start_server().environment(), asked).failures()
        assert (failure.name, failure.detail) == ("maxmemory", "no limit, and 1000000 bytes was asked for")

    @pytest.mark.parametrize(
        ("settings", "persistence"),
        [
            ({"appendonly": "yes"}, "append-only"),
            ({"appendonly": "yes", "save": "60 1"}, "append-only"),
            ({"save": "60 1"}, "snapshot"),
            ({}, "none"),
        ],
    )
    def test_each_kind_of_persistence_is_told_from_the_others(
        self, start_server: ServerMaker, settings: dict[str, str], persistence: str
    ) -> None:
        """A server is of one kind, and fails the expectation of any other."""
        environment = start_server(settings=settings).environment()
        passed = [
            asked
            for asked in ("append-only", "snapshot", "none")
            if checks.run(environment, Expectation(persistence=asked)).passed
        ]
        assert passed == [persistence]

    def test_a_blocked_config_is_no_failure(self, start_server: ServerMaker) -> None:
        """Managed services block CONFIG; INFO tells the rest, and save points are skipped with the reason."""
        server = start_server(settings={"rename-command": 'CONFIG ""', "maxmemory": "64mb"})
        asked = Expectation(maxmemory_bytes=64 * 1024 * 1024, persistence="snapshot")
        report = checks.run(server.environment(), asked)
        assert report.passed
        assert verdicts(report)["maxmemory"] == "pass"
        persistence = result_of(report, "persistence")
        assert (persistence.verdict, "command-blocked" in persistence.detail) == ("skip", True)


class TestTls:
    """Whether the way is encrypted, on a server behind a terminator of TLS."""

    def test_a_server_that_speaks_tls_alone_passes(
        self, shared_server: RedisServer, tmp_path: Path, authority: Authority
    ) -> None:
        """Plain text is refused, and the certificate's days are counted."""
        certificate = authority.certify(tmp_path, "localhost")
        with listener(tls_terminator(shared_server.port, certificate)) as port:
            report = checks.run(self._client(shared_server, port, authority), Expectation(tls=True))
        assert report.passed, report.to_text()
        assert verdicts(report)["tls-enforced"] == "pass"
        good = result_of(report, "certificate")
        assert (good.verdict, good.detail) == ("pass", "TLSv1.3, 90 days left")

    def test_an_address_needs_no_name_where_the_authority_is_given(
        self, shared_server: RedisServer, tmp_path: Path, authority: Authority
    ) -> None:
        """Memorystore is an address behind an authority of its own."""
        certificate = authority.certify(tmp_path, "instance.example")
        with listener(tls_terminator(shared_server.port, certificate)) as port:
            client = replace(self._client(shared_server, port, authority), host="127.0.0.1")
            assert checks.run(client, NOTHING).passed
            named = replace(client, tls_server_name="instance.example")
            assert checks.run(named, NOTHING).passed

    def test_a_port_that_takes_plain_text_too_fails(
        self, shared_server: RedisServer, tmp_path: Path, authority: Authority
    ) -> None:
        """Somebody would send a password in the clear, and it would work."""
        certificate = authority.certify(tmp_path, "localhost")
        both = tls_terminator(shared_server.port, certificate, takes_plain_text=True)
        with listener(both) as port:
            report = checks.run(self._client(shared_server, port, authority), NOTHING)
        (failure,) = report.failures()
        assert (failure.title, failure.code) == ("TLS is enforced", "tls-not-enforced")

    def test_plain_text_fails_where_tls_was_asked(self, shared_server: RedisServer) -> None:
        """The environment alone does not decide."""
        (failure,) = checks.run(shared_server.environment(), Expectation(tls=True)).failures()
        assert failure.name == "tls-enforced"

    def test_a_certificate_that_ends_soon_is_a_warning(
        self, shared_server: RedisServer, tmp_path: Path, authority: Authority
    ) -> None:
        """There is time to renew it, and the run passes."""
        certificate = authority.certify(tmp_path, "localhost", expires=timedelta(days=7))
        with listener(tls_terminator(shared_server.port, certificate)) as port:
            report = checks.run(self._client(shared_server, port, authority), NOTHING)
        assert report.passed
        assert result_of(report, "certificate").code == "certificate-ends-soon"

    @staticmethod
    def _client(server: RedisServer, port: int, authority: Authority) -> CacheEnvironment:
        changes = {"REDIS_HOST": "localhost", "REDIS_PORT": str(port), "REDIS_USE_TLS": "true"}
        return server.environment(**changes, REDIS_TLS_CA=authority.pem)


class TestCondition:
    """A server that works, and that somebody should look at."""

    def test_another_version_fails(self, shared_server: RedisServer) -> None:
        """A version is asked for by its beginning, in whole numbers."""
        server = checks.run(shared_server.environment(), NOTHING).server
        version = server.split()[-1]
        major = version.split(".")[0]
        for right in (server, version, major, f"{server.split()[0]} {major}"):
            assert checks.run(shared_server.environment(), Expectation(version=right)).passed
        for wrong in ("0.1", version[:-1] + "x", f"other {version}"):
            (failure,) = checks.run(shared_server.environment(), Expectation(version=wrong)).failures()
            assert (failure.name, failure.code) == ("version", "version-differs")

    def test_replicas_are_counted_and_looked_at(self, start_server: ServerMaker) -> None:
        """One replica where one was asked passes; where two were asked it fails; none asked is none missed."""
        primary = start_server(settings={"repl-diskless-sync-delay": "0"})
        replica = start_server(settings={"replicaof": f"127.0.0.1 {primary.port}"})
        until(lambda: replica.client().info("replication")["master_link_status"] == "up")
        until(lambda: primary.client().info("replication").get("slave0", {}).get("state") == "online")
        one = checks.run(primary.environment(), Expectation(replicas=1))
        assert verdicts(one)["replicas"] == verdicts(one)["replicas-in-sync"] == "pass"
        (failure,) = checks.run(primary.environment(), Expectation(replicas=2)).failures()
        assert (failure.name, failure.detail) == ("replicas", "1, and 2 asked for")
        assert result_of(checks.run(replica.environment(), NOTHING), "role").code == "read-only"

    def test_a_replica_that_lags_behind_fails(
        self, shared_server: RedisServer, change_information: Callable[..., None]
    ) -> None:
        """A replica that is connected, and without the last data, would lose them in a failover."""
        change_information(slave0={"state": "online", "lag": 1}, slave1={"state": "online", "lag": 30})
        (failure,) = checks.run(shared_server.environment(), NOTHING).failures()
        assert (failure.code, failure.detail) == ("replica-behind", "1 of 2")

    def test_cluster_mode_is_a_warning_unless_it_was_asked_for(self, start_server: ServerMaker) -> None:
        """The application does not speak it."""
        environment = start_server(settings={"cluster-enabled": "yes", "cluster-port": str(free_port())}).environment()
        unasked = result_of(checks.run(environment, NOTHING), "cluster-mode")
        asked = result_of(checks.run(environment, Expectation(cluster=True)), "cluster-mode")
        refused = result_of(checks.run(environment, Expectation(cluster=False)), "cluster-mode")
        assert [unasked.verdict, asked.verdict, refused.verdict] == ["warn", "pass", "fail"]
        assert refused.code == "cluster-mode-differs"

    def test_keys_without_a_ttl_are_a_warning(self, start_server: ServerMaker) -> None:
        """They are counted, and our own are not among them."""
        server = start_server()
        server.client().set("lasting", "value")
        server.client().set("passing", "value", ex=60)
        report = checks.run(server.environment(), NOTHING)
        found = result_of(report, "keys-without-ttl")
        assert (found.verdict, found.detail) == ("warn", "1 of 2 have none")
        assert "backend/config/runtime.ts" in found.remedy
        assert report.passed

    @pytest.mark.parametrize(("policy", "verdict"), [("noeviction", "warn"), ("allkeys-lru", "pass")])
    def test_a_full_memory_is_a_warning_unless_any_key_may_go(
        self, shared_server: RedisServer, change_information: Callable[..., None], policy: str, verdict: str
    ) -> None:
        """A cache that evicts is full most of its life."""
        change_information(used_memory=95, maxmemory=100, maxmemory_policy=policy)
        found = result_of(checks.run(shared_server.environment(), NOTHING), "memory")
        assert (found.verdict, found.detail) == (verdict, f"95% used, {policy}")

    def test_clients_that_were_turned_away_are_a_warning(self, start_server: ServerMaker) -> None:
        """Whoever was turned away will not tell."""
        server = start_server()
        admin = server.client()
        admin.config_set("maxclients", 1)
        with socket.create_connection(("127.0.0.1", server.port)) as refused:
            refused.recv(64)
        admin.config_set("maxclients", 100)
        found = result_of(checks.run(server.environment(), NOTHING), "rejected-connections")
        assert (found.verdict, found.detail) == ("warn", "1 since it started")

    def test_a_failed_save_fails(self, shared_server: RedisServer, change_information: Callable[..., None]) -> None:
        """The data would not outlive a restart."""
        change_information(aof_last_write_status="err")
        (failure,) = checks.run(shared_server.environment(), NOTHING).failures()
        assert (failure.name, failure.code, failure.detail) == ("last-save", "save-failed", "aof_last_write_status")

    def test_what_a_vendor_leaves_out_of_info_is_skipped(
        self, shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """An empty INFO is no failure, and proves nothing of the settings."""

        def gather(login: evidence.Login, client: redis.Redis) -> evidence.Evidence:
            seen = evidence.gather(login, client)
            return replace(seen, replies={**seen.replies, "info": {}})

        monkeypatch.setattr(checks, "gather", gather)
        report = checks.run(shared_server.environment(), replace(SHARED, version="9", replicas=1))
        assert report.passed, report.to_text()
        assert result_of(report, "maxmemory").detail == "the server's INFO does not tell"

    @pytest.fixture
    def change_information(self, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
        """Put into a server's INFO what would take a test too long to bring about."""

        def change(**information: object) -> None:
            def gather(login: evidence.Login, client: redis.Redis) -> evidence.Evidence:
                seen = evidence.gather(login, client)
                changed = {**seen.replies["info"], **information}
                return replace(seen, replies={**seen.replies, "info": changed})

            monkeypatch.setattr(checks, "gather", gather)

        return change


class TestReaching:
    """A server that cannot be reached, now or ever."""

    def test_a_refused_connection_is_broken(self) -> None:
        """The host answers, so it is not out of reach; everything else is skipped."""
        with dead_port() as port:
            report = checks.run(CacheEnvironment(host="127.0.0.1", port=port), NOTHING)
        (failure,) = report.failures()
        assert (failure.name, failure.code) == ("connect", "connection-refused")
        assert report.exit_code is ExitCode.FAILED
        assert set(verdicts(report).values()) == {"fail", "skip"}

    def test_a_name_that_does_not_resolve_is_unreachable(self) -> None:
        """It has an exit code of its own, never mixed up with a broken cache."""
        report = checks.run(CacheEnvironment(host="cache.invalid"), NOTHING)
        assert report.failures()[0].code == "name-not-resolved"
        assert report.exit_code is ExitCode.UNREACHABLE
        assert report.stable()["verdict"] == "unproven"

    def test_a_silent_address_is_unreachable(self, connections: Counter[int]) -> None:
        """A black hole costs one connect timeout, not four."""
        with black_hole() as port:
            connections.clear()
            environment = CacheEnvironment(host="127.0.0.1", port=port, connect_timeout_ms=200)
            report = checks.run(environment, NOTHING)
        assert connections[port] == 1
        assert report.failures()[0].code == "connect-timeout"
        assert report.exit_code is ExitCode.UNREACHABLE

    def test_an_empty_host_is_a_matter_of_configuration(self) -> None:
        """There is nothing to verify in memory, and that is said."""
        report = checks.run(CacheEnvironment(host=None), NOTHING)
        (failure,) = report.failures()
        assert failure.cause == "REDIS_HOST is empty: nothing to verify"
        assert report.exit_code is ExitCode.CONFIGURATION

    def test_waiting_ends_at_the_deadline(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """What never comes is "not ready", and every attempt was told."""
        clock, told = Clock(), list[str]()
        monkeypatch.setattr(checks, "time", clock)
        with dead_port() as port:
            report = checks.run(
                CacheEnvironment(host="127.0.0.1", port=port), NOTHING, wait_seconds=10, on_wait=told.append
            )
        assert sum(clock.slept) == pytest.approx(10)
        assert report.exit_code is ExitCode.NOT_READY
        assert len(told) == len(clock.slept) > 1
        assert all("connection-refused" in words for words in told)

    def test_a_connection_that_breaks_on_the_way_is_told(self, shared_server: RedisServer) -> None:
        """The server was greeted, and a proxy hung up at the large value: nothing that it wrote counts."""
        with listener(cutting(shared_server.port, after_bytes=50_000)) as port:
            report = checks.run(shared_server.environment(REDIS_PORT=str(port)), NOTHING)
        (failure,) = report.failures()
        assert (failure.name, failure.code) == ("connect", "connection-closed")
        assert verdicts(report)["round-trip-large"] == "skip"

    def test_a_cache_out_of_reach_stays_unproven_after_waiting(self) -> None:
        """The exit code says that the deadline passed, and the verdict that it proves nothing."""
        report = checks.run(CacheEnvironment(host="cache.invalid"), NOTHING, wait_seconds=0.3)
        assert (report.exit_code, report.verdict) == (ExitCode.NOT_READY, "unproven")

    def test_waiting_ends_when_the_server_comes(self, tmp_path: Path) -> None:
        """A server that starts late passes."""
        server = RedisServer(tmp_path, password="secret")
        try:
            report = checks.run(server.environment(), NOTHING, wait_seconds=60, on_wait=lambda _: server.start())
        finally:
            server.stop()
        assert report.passed

    def test_a_check_that_breaks_is_a_failure(
        self, shared_server: RedisServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It fails under its own name, and the others go on."""

        def broken(_: object) -> Finding:
            raise ZeroDivisionError("ours")

        table = [replace(check, judge=broken) if check.name == "delete" else check for check in checks.CHECKS]
        monkeypatch.setattr(checks, "CHECKS", tuple(table))
        report = checks.run(shared_server.environment(), NOTHING)
        (failure,) = report.failures()
        assert (failure.name, failure.code, failure.detail) == ("delete", "check-broke", "ZeroDivisionError: ours")
        assert verdicts(report)["expiry"] == "pass"
