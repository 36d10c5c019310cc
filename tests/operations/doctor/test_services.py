"""What the doctor finds of databases, Redis, models and the machine: real ones, and broken in real ways."""

from __future__ import annotations

import resource
import shutil
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from server import data_folder, db
from server.operations.doctor import database, machine, models, redis
from server.operations.doctor.findings import Finding, Level
from tests.fixtures.databases import create_mysql
from tests.fixtures.redis import RedisServer
from tests.fixtures.server import NOWHERE, settings_for
from tests.fixtures.upstream import MODELS, Answer, Upstream
from tests.operations.conftest import Blank
from tests.operations.rows import fill


def only(findings: Iterator[Finding], level: Level) -> str:
    """The words of all that are of this level."""
    return "\n".join(f"{each.words} {each.remedy}".rstrip() for each in findings if each.level is level)


def bad(findings: Iterator[Finding]) -> list[tuple[Level, str]]:
    return [(each.level, each.words) for each in findings if each.level is not Level.GOOD]


class TestDatabase:
    def test_none_yet(self, tmp_path: Path) -> None:
        settings = settings_for(tmp_path / "data")
        assert "the first start makes it" in only(database.check(settings), Level.GOOD)
        assert bad(database.check(settings)) == []
        assert list(tmp_path.iterdir()) == []

    def test_sqlite(self, blank: Blank) -> None:
        settings = blank("sqlite")
        fill(settings)
        assert bad(database.check(settings)) == []
        with db.engine_for(settings) as engine, engine.begin() as connection:
            connection.execute(text("DROP INDEX ix_messages_status"))
        assert "lacks the index ix_messages_status" in only(database.check(settings), Level.WRONG)

    def test_a_file_that_is_none(self, tmp_path: Path) -> None:
        (tmp_path / "parley.db").write_bytes(b"hello" * 1000)
        assert "file is not a database" in only(database.check(settings_for(tmp_path)), Level.WRONG)

    @pytest.mark.mysql
    def test_mysql(self, blank: Blank) -> None:
        """The server of the tests is told not to mind a power cut, and that is found."""
        settings = blank("mysql")
        assert "lacks what this program needs" in only(database.check(settings), Level.WRONG)
        fill(settings)
        ((level, words),) = bad(database.check(settings))
        assert level is Level.DOUBTFUL
        assert "a power cut can take the last second" in words

    @pytest.mark.mysql
    def test_a_database_of_another_character_set(self, mysql_server: str, tmp_path: Path) -> None:
        url = create_mysql(mysql_server, "narrow")
        settings = settings_for(tmp_path, database_url=url)
        with db.engine_for(settings) as engine, engine.begin() as connection:
            connection.execute(text("ALTER DATABASE narrow CHARACTER SET latin1"))
        assert "is latin1, which lacks many characters" in only(database.check(settings), Level.WRONG)

    @pytest.mark.mysql
    def test_a_wrong_password(self, mysql_server: str, tmp_path: Path) -> None:
        url = f"{mysql_server}/parley".replace("root@", "nobody:hunter2@")
        told = only(database.check(settings_for(tmp_path, database_url=url)), Level.WRONG)
        assert "Access denied for user 'nobody'" in told
        assert "hunter2" not in told

    @pytest.mark.parametrize(
        ("variables", "words"),
        [
            ({"sql_mode": "NO_ENGINE_SUBSTITUTION"}, "sql_mode is not strict"),
            ({"transaction_isolation": "READ-UNCOMMITTED"}, "isolation of transactions is READ-UNCOMMITTED"),
            ({"max_connections": "16"}, "max_connections is 16"),
        ],
    )
    def test_variables_that_break_promises(self, variables: dict[str, str], words: str, tmp_path: Path) -> None:
        usual = {
            "character_set_database": "utf8mb4",
            "sql_mode": "STRICT_TRANS_TABLES,NO_ENGINE_SUBSTITUTION",
            "tx_isolation": "REPEATABLE-READ",
            "innodb_flush_log_at_trx_commit": "1",
            "max_allowed_packet": "16777216",
            "max_connections": "151",
        }
        settings = settings_for(tmp_path)
        assert list(database._variables(usual, settings)) == []
        assert words in only(database._variables(usual | variables, settings), Level.WRONG)


class TestRedis:
    def test_not_used(self, tmp_path: Path) -> None:
        assert list(redis.check(settings_for(tmp_path))) == []

    def test_good(self, own_redis: RedisServer, tmp_path: Path) -> None:
        settings = settings_for(tmp_path, redis_url=own_redis.url)
        assert bad(redis.check(settings)) == []
        assert f" at 127.0.0.1:{own_redis.port}." in only(redis.check(settings), Level.GOOD)

    def test_one_that_throws_keys_away(self, own_redis: RedisServer, tmp_path: Path) -> None:
        own_redis("CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
        own_redis("CONFIG", "SET", "maxmemory", "100mb")
        told = only(redis.check(settings_for(tmp_path, redis_url=own_redis.url)), Level.DOUBTFUL)
        assert "maxmemory-policy allkeys-lru" in told

    def test_a_replica(self, own_redis: RedisServer, tmp_path: Path) -> None:
        own_redis("REPLICAOF", "127.0.0.1", "1")
        told = only(redis.check(settings_for(tmp_path, redis_url=own_redis.url)), Level.WRONG)
        assert "It is a replica" in told

    def test_a_user_who_may_run_no_scripts(self, own_redis: RedisServer, tmp_path: Path) -> None:
        own_redis("ACL", "SETUSER", "chat", "on", ">hunter2", "~*", "+@all", "-@scripting")
        url = own_redis.url.replace("://", "://chat:hunter2@")
        told = only(redis.check(settings_for(tmp_path, redis_url=url)), Level.WRONG)
        assert "It does not let Parley run scripts" in told
        assert "hunter2" not in told

    def test_a_wrong_password(self, own_redis: RedisServer, tmp_path: Path) -> None:
        url = own_redis.url.replace("://", "://chat:hunter2@")
        told = only(redis.check(settings_for(tmp_path, redis_url=url)), Level.WRONG)
        assert "does not let Parley in" in told
        assert "hunter2" not in told

    def test_away_and_frozen(self, own_redis: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(redis, "ANSWER_SECONDS", 0.2)
        settings = settings_for(tmp_path, redis_url=own_redis.url.replace("://", "://:hunter2@"))
        own_redis.freeze()
        told = only(redis.check(settings), Level.WRONG)
        assert "does not answer" in told
        own_redis.kill()
        told += only(redis.check(settings), Level.WRONG)
        assert "Connection refused" in told
        assert "hunter2" not in told

    def test_no_address(self, tmp_path: Path) -> None:
        told = only(redis.check(settings_for(tmp_path, redis_url="127.0.0.1:6379")), Level.WRONG)
        assert "not an address of a Redis" in told


class TestModels:
    def test_none(self, tmp_path: Path) -> None:
        settings = settings_for(tmp_path)
        assert only(models.check(settings), Level.GOOD) == f"No Ollama at {NOWHERE}."
        assert "Only the demo model" in only(models.check(settings), Level.DOUBTFUL)

    def test_an_endpoint(self, upstream: Upstream, tmp_path: Path) -> None:
        settings = settings_for(tmp_path, openai_base_url=upstream.base_url)
        assert "127.0.0.1 answers; models to chat with: 2." in only(models.check(settings), Level.GOOD)
        assert bad(models.check(settings)) == []

    def test_a_key_that_is_not_accepted(self, upstream: Upstream, tmp_path: Path) -> None:
        upstream.always(MODELS, Answer.of_json({"error": {"message": "no sk-canary-7f3a here"}}, 401))
        settings = settings_for(tmp_path, openai_base_url=upstream.base_url, openai_api_key="sk-canary-7f3a")
        told = only(models.check(settings), Level.WRONG)
        assert "does not accept the API key" in told
        assert "canary" not in told

    def test_nobody_there(self, tmp_path: Path) -> None:
        told = only(models.check(settings_for(tmp_path, openai_base_url=f"{NOWHERE}/v1")), Level.WRONG)
        assert "cannot be reached" in told


class TestMachine:
    def test_a_data_folder_that_is_not_there_yet(self, tmp_path: Path) -> None:
        settings = settings_for(tmp_path / "a" / "b")
        assert bad(machine.check_data_folder(settings)) == []
        assert list(tmp_path.iterdir()) == []

    def test_a_data_folder_that_cannot_be(self, tmp_path: Path) -> None:
        (tmp_path / "file").touch()
        told = only(machine.check_data_folder(settings_for(tmp_path / "file" / "data")), Level.WRONG)
        assert "is not a folder" in told
        assert "/proc cannot be written" in only(machine.check_data_folder(settings_for(Path("/proc/x"))), Level.WRONG)

    def test_a_data_folder_that_others_can_read(self, blank: Blank) -> None:
        settings = blank("sqlite")
        fill(settings)
        settings.data_dir.chmod(0o755)
        assert "Others on this machine can read" in only(machine.check_data_folder(settings), Level.DOUBTFUL)
        settings.data_dir.chmod(0o700)
        assert bad(machine.check_data_folder(settings)) == []

    def test_a_server_that_runs(self, tmp_path: Path) -> None:
        settings = settings_for(tmp_path)
        with data_folder.held(settings):
            assert "a server is running" in only(machine.check_data_folder(settings), Level.GOOD)
        assert "a server is running" not in only(machine.check_data_folder(settings), Level.GOOD)

    @pytest.mark.parametrize(("free", "level"), [(10 << 20, Level.WRONG), (500 << 20, Level.DOUBTFUL)])
    def test_little_room(self, free: int, level: Level, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        usage = namedtuple("usage", "total used free")
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(1 << 40, 0, free))
        assert "MiB are free" in only(machine.check_data_folder(settings_for(tmp_path)), level)

    def test_few_open_files(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 1024))
        assert "room for 512 sockets" in only(machine.check_system(settings_for(tmp_path)), Level.GOOD)
        outside = settings_for(tmp_path, host="0.0.0.0")
        assert "ulimit -n" in only(machine.check_system(outside), Level.DOUBTFUL)
