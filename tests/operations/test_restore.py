"""A restore does all or nothing, and only what it was asked for."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine, inspect, text

from server import db, migrations
from server.errors import StartupError
from server.migrations import revisions
from server.operations import restore as restoring
from server.operations.integrity import problems
from server.operations.restore import restore
from server.operations.status import status
from server.settings import Settings
from tests.fixtures.redis import RedisServer
from tests.fixtures.server import ROOT
from tests.migrations.death import Death, Died
from tests.migrations.scratch import Scratch
from tests.operations.conftest import Blank
from tests.operations.rows import AWKWARD, LONG, contents, edited, fill, saved


def cut(lines: list[str]) -> None:
    del lines[-1]


def lose_a_row(lines: list[str]) -> None:
    del lines[2]


def double_a_row(lines: list[str]) -> None:
    lines.insert(2, lines[2])


def shorten_a_row(lines: list[str]) -> None:
    lines[2] = json.dumps(json.loads(lines[2])[1:])


def garble(lines: list[str]) -> None:
    lines[2] = lines[2][:-2]


def go_on_after_the_end(lines: list[str]) -> None:
    lines.append("[]")


def change_a_letter(lines: list[str]) -> None:
    lines[2] = lines[2].replace("例子", "例字")


def rename_a_table(lines: list[str]) -> None:
    lines[1] = '{"table": "messages"}'


class TestDamage:
    @pytest.mark.parametrize(
        "edit",
        [cut, lose_a_row, double_a_row, shorten_a_row, garble, rename_a_table, go_on_after_the_end, change_a_letter],
    )
    def test_a_file_that_was_changed(self, edit: Callable[[list[str]], None], blank: Blank, tmp_path: Path) -> None:
        settings = blank("sqlite")
        fill(settings)
        before = contents(settings)
        path = edited(saved(settings, tmp_path / "b"), edit, summed=False)
        with pytest.raises(StartupError, match="damaged or cut short"):
            restore(settings, path, replace=True)
        assert contents(settings) == before

    def test_a_file_that_was_cut_anywhere(self, blank: Blank, tmp_path: Path) -> None:
        settings = blank("sqlite")
        fill(settings)
        whole = saved(settings, tmp_path / "b").read_bytes()
        for length in range(0, len(whole), 97):
            (tmp_path / "b").write_bytes(whole[:length])
            with pytest.raises(StartupError, match=r"damaged or cut short|is not a backup of Parley"):
                restoring.verified(tmp_path / "b")

    @pytest.mark.parametrize("text", ["", "hello\n", '{"a": 1}\n'])
    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    def test_a_file_of_another_kind(self, text: str, pack: Callable[[bytes], bytes], tmp_path: Path) -> None:
        (tmp_path / "b").write_bytes(pack(text.encode()))
        with pytest.raises(StartupError, match="is not a backup of Parley"):
            restoring.verified(tmp_path / "b")

    def test_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(StartupError, match=r"cannot be read \(No such file or directory\)"):
            restoring.verified(tmp_path / "b")
        with pytest.raises(StartupError, match=r"cannot be read \(Is a directory\)"):
            restoring.verified(tmp_path)

    @pytest.mark.parametrize(
        ("old", "new", "told"),
        [
            ('"parley_backup":1', '"parley_backup":2', "in format 2, and this program reads format 1: upgrade Parley"),
            ('"revision":"', '"revision":"tomorrow', "of revision tomorrow.*, which this program does not know"),
            ('"users"', '"people"', "does not hold the tables of its revision"),
            ('"email"', '"mail"', "does not hold the tables of its revision"),
        ],
    )
    def test_what_this_program_cannot_know(self, old: str, new: str, told: str, blank: Blank, tmp_path: Path) -> None:
        settings = blank("sqlite")
        fill(settings)

        def edit(lines: list[str]) -> None:
            lines[:2] = [line.replace(old, new) for line in lines[:2]]

        with pytest.raises(StartupError, match=told):
            restoring.verified(edited(saved(settings, tmp_path / "b"), edit))


class TestReplacing:
    def test_a_database_with_rows_is_kept_unless_asked(self, filled: Settings, blank: Blank, tmp_path: Path) -> None:
        other = blank("sqlite")
        fill(other, "别")
        before, path = contents(filled), saved(other, tmp_path / "b")
        with pytest.raises(StartupError, match="not empty; --replace"):
            restore(filled, path)
        assert contents(filled) == before
        done = restore(filled, path, replace=True)
        assert contents(filled) == contents(other)
        assert done.replaced
        restore(filled, done.replaced.path, replace=True)
        assert contents(filled) == before

    def test_a_database_without_rows_is_empty(self, empty: Settings, blank: Blank, tmp_path: Path) -> None:
        with db.engine_for(empty) as engine:
            migrations.upgrade(engine)
        other = blank("sqlite")
        fill(other)
        assert restore(empty, saved(other, tmp_path / "b")).replaced is None
        assert contents(empty) == contents(other)

    def test_a_row_that_the_database_refuses(self, filled: Settings, tmp_path: Path) -> None:
        """Nothing is changed, although rows of other tables had been put in."""
        before = contents(filled)

        def promote(lines: list[str]) -> None:
            lines[2] = lines[2].replace('"admin"', '"emperor"')

        path = edited(saved(filled, tmp_path / "b"), promote)
        with pytest.raises(StartupError, match=r"does not take the rows of users: .*ck_users_role"):
            restore(filled, path, replace=True)
        assert contents(filled) == before
        assert status(filled).ok

    def test_a_database_that_is_newer(self, filled: Settings, tmp_path: Path) -> None:
        path = saved(filled, tmp_path / "b")
        with db.engine_for(filled) as engine, engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = 'tomorrow'"))
        with pytest.raises(StartupError, match="revision tomorrow, which this program does not know"):
            restore(filled, path, replace=True)

    def test_rows_that_refer_to_nothing(self, filled: Settings, tmp_path: Path) -> None:
        """It is better to have the rest than nothing."""

        def orphan(lines: list[str]) -> None:
            header = json.loads(lines[0])
            header["tables"]["users"]["rows"] = 0
            lines[0] = json.dumps(header, ensure_ascii=False)
            del lines[2]

        restore(filled, edited(saved(filled, tmp_path / "b"), orphan), replace=True)
        assert any("refer to users that are not there" in problem for problem in problems(filled))


class TestEventLogs:
    """They tell of what is replaced."""

    def test_those_in_redis_are_forgotten(self, filled: Settings, own_redis: RedisServer, tmp_path: Path) -> None:
        logs = [f"parley:log:{number}" for number in range(1200)]
        own_redis("MSET", *(word for name in [*logs, "parley2:log"] for word in (name, "1")))
        path = saved(filled, tmp_path / "b")
        restore(filled.model_copy(update={"redis_url": SecretStr(own_redis.url)}), path, replace=True)
        assert own_redis("KEYS", "*") == ["parley2:log"]

    def test_without_redis_nothing_is_restored(self, filled: Settings, own_redis: RedisServer, tmp_path: Path) -> None:
        path = saved(filled, tmp_path / "b")
        fill(filled, "别")
        before = contents(filled)
        own_redis.kill()
        with pytest.raises(StartupError, match="Redis does not answer"):
            restore(filled.model_copy(update={"redis_url": SecretStr(own_redis.url)}), path, replace=True)
        assert contents(filled) == before


@pytest.fixture
def later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scratch:
    """A program that has one revision more."""
    program = Scratch(tmp_path, own=True)
    program.write(
        "later",
        'op.add_column("users", sa.Column("greeting", sa.String(40)))',
        """op.execute("UPDATE users SET greeting = '你好' WHERE username = '安'")""",
    )
    monkeypatch.setattr(revisions, "ROOT", program.root)
    return program


class TestOlderBackups:
    @pytest.fixture
    def older(self, filled: Settings, tmp_path: Path, request: pytest.FixtureRequest) -> Path:
        """A backup of the revision before the program's."""
        path = saved(filled, tmp_path / "older")
        request.getfixturevalue("later")
        return path

    def test_it_is_brought_to_this_programs_revision(self, older: Path, empty: Settings) -> None:
        assert restore(empty, older, replace=True).header.revision != "later"
        with db.engine_for(empty) as engine, engine.connect() as connection:
            assert connection.execute(text("SELECT username, greeting FROM users")).all() == [("安", "你好")]
            assert migrations.current(connection) == "later"

    def test_it_replaces_tables_of_this_programs_revision(self, older: Path, filled: Settings) -> None:
        """And no table that is not Parley's."""
        with db.engine_for(filled) as engine:
            migrations.upgrade(engine)
            with engine.begin() as connection:
                connection.execute(text("UPDATE users SET greeting = 'bye'"))
                if engine.dialect.name == "mysql":
                    connection.execute(text("CREATE TABLE of_another_program (a INT)"))
        done = restore(filled, older, replace=True)
        assert done.replaced
        assert done.replaced.header.revision == "later"
        with db.engine_for(filled) as engine, engine.connect() as connection:
            assert connection.execute(text("SELECT greeting FROM users")).all() == [("你好",)]
            if engine.dialect.name == "mysql":
                assert "of_another_program" in inspect(connection).get_table_names()

    def test_an_upgrade_that_fails_after_it(self, older: Path, filled: Settings, later: Scratch) -> None:
        """On SQLite the database is what it was; on MySQL the upgrade is to be gone on with."""
        later.write("later", 'op.execute("UPDATE nowhere SET a = 1")')
        before = contents(filled)
        with pytest.raises(StartupError, match="nowhere"):
            restore(filled, older, replace=True)
        later.write("later", "pass")
        assert contents(filled) == before
        with db.engine_for(filled) as engine:
            migrations.upgrade(engine)
            assert status(filled).revision == "later"


@pytest.mark.mysql
class TestOnMySQL:
    @pytest.fixture
    def settings(self, blank: Blank) -> Settings:
        settings = blank("mysql")
        fill(settings, "旧")
        return settings

    @pytest.fixture
    def path(self, blank: Blank, tmp_path: Path) -> Path:
        """A backup with other rows than the database has."""
        source = blank("sqlite")
        fill(source)
        return saved(source, tmp_path / "b")

    @pytest.mark.parametrize("number", [1, 5, 9, 11])
    def test_death_in_the_one_transaction(self, number: int, settings: Settings, path: Path) -> None:
        before = contents(settings)
        with pytest.raises(Died), Death(Engine, number, after=True, only=("INSERT", "DELETE")):
            restore(settings, path, replace=True)
        assert contents(settings) == before
        assert status(settings).ok

    @pytest.mark.parametrize("number", [1, 3, 9, 20, 30])
    def test_death_while_tables_are_made_anew(
        self, number: int, settings: Settings, path: Path, request: pytest.FixtureRequest
    ) -> None:
        """Nothing starts on what is left, and the same restore completes it."""
        request.getfixturevalue("later")
        with db.engine_for(settings) as engine:
            migrations.upgrade(engine)
        with pytest.raises(Died), Death(Engine, number, after=True):
            restore(settings, path, replace=True)
        found = status(settings)
        assert not found.ok
        assert found.unfinished
        assert f"parley db restore --replace {path}" in str(found.unfinished)
        with db.engine_for(settings) as engine:
            for start in (migrations.check, migrations.upgrade):
                with pytest.raises(StartupError, match=r"A restore was begun .* did not finish"):
                    start(engine)
        done = restore(settings, path)
        assert done.replaced is None, "nothing was left that is worth it"
        assert status(settings).unfinished is None
        with db.engine_for(settings) as engine, engine.connect() as connection:
            assert connection.execute(text("SELECT username, greeting FROM users")).all() == [("安", "你好")]
            assert connection.scalar(text("SELECT count(*) FROM messages")) == len([LONG, *AWKWARD])

    def test_servers_on_other_machines_are_waited_for(
        self, settings: Settings, path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        before = contents(settings)
        with db.engine_for(settings) as engine, engine.connect() as server:
            server.execute(text("SELECT 1"))
            monkeypatch.setattr(restoring, "PATIENCE", 0)
            with pytest.raises(StartupError, match=r"in use from 127\.0\.0\.1: stop the servers"):
                restore(settings, path, replace=True)
            assert contents(settings) == before
            monkeypatch.setattr(restoring, "PATIENCE", 60)
            with ThreadPoolExecutor(1) as pool:
                waiting = pool.submit(restore, settings, path, replace=True)
                server.invalidate()
                waiting.result(60)
        assert contents(settings) != before


class TestOnSQLite:
    def test_a_process_that_is_killed(self, blank: Blank, tmp_path: Path) -> None:
        """At whatever moment: all of the old is there, or all of the new, and the next restore is not disturbed."""
        source, target = blank("sqlite"), blank("sqlite")
        fill(source)
        fill(target, "旧")
        old, new, path = contents(target), contents(source), saved(source, tmp_path / "b")
        part = target.data_dir / "parley.db.restoring"
        command = [sys.executable, "-m", "server", "db", "restore", "--replace", "--yes", str(path)]
        process = subprocess.Popen(command, cwd=ROOT, env=os.environ | {"PARLEY_DATA_DIR": str(target.data_dir)})
        while not part.exists() and process.poll() is None:
            time.sleep(0.001)
        process.kill()
        process.wait()
        assert contents(target) in (old, new)
        restore(target, path, replace=True)
        assert contents(target) == new
        assert not list(target.data_dir.glob("*restoring*"))

    def test_who_reads_meanwhile_sees_the_old_or_the_new(self, blank: Blank, tmp_path: Path) -> None:
        source, target = blank("sqlite"), blank("sqlite")
        fill(source)
        fill(target, "旧")
        path = saved(source, tmp_path / "b")
        with db.engine_for(target) as engine, engine.connect() as connection:
            assert connection.execute(text("SELECT username FROM users")).all() == [("旧",)]
            restore(target, path, replace=True)
            assert connection.execute(text("SELECT count(*) FROM messages, users WHERE username = '旧'")).scalar()
            connection.rollback()
            assert connection.execute(text("SELECT username FROM users")).all() == [("安",)]
