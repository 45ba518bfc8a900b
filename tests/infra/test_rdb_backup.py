"""What a drill compares: keys and values of any bytes, of every type."""

from pathlib import Path

import redis

from benchmarks.servers import RedisServer
from infra.backends.local.backup import BACKUPS
from infra.backup import NO_KEY, RunningCache


def test_a_key_of_any_bytes_is_read_again_by_its_name(tmp_path: Path) -> None:
    """As it was found: its second reading is the same, and one of a key that is gone says so."""
    with RedisServer(tmp_path, password="of a test") as server:
        cache = RunningCache(stack="local", tier="dev", config={}, outputs={"connection": server.variables})
        with redis.Redis(port=server.port, password=server.password) as client:
            client.set(b"\xff\x00key", b"\xfe\xfd")
            found = BACKUPS.sample(cache, size=5)
            (key,) = found
            assert BACKUPS.sample(cache, [key])[key].value == found[key].value is not None
            client.delete(b"\xff\x00key")
        assert BACKUPS.sample(cache, [key])[key].expires_at == NO_KEY
