"""Upgrades as processes: killed in the middle, and several at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text

from server import migrations
from server.errors import StartupError
from server.operations import backup
from server.operations.restore import restore
from server.settings import Settings
from tests.fixtures.databases import settings_for
from tests.fixtures.server import ROOT
from tests.migrations.scratch import COUNTED, RESULT, Scratch, left, mysql_alone, rows, tables

PROGRAM = """
import sys
from pathlib import Path
from server.migrations import revisions
revisions.ROOT = Path(sys.argv.pop(1))
from server.__main__ import main
main()
"""
"""The command ``parley`` with the migrations of a folder."""
KILL = 'os.environ.get("DIE") and os.kill(os.getpid(), signal.SIGKILL)'


def parley(scratch: Scratch, settings: Settings, *arguments: str, **environment: str) -> subprocess.Popen[str]:
    given = {"PARLEY_DATA_DIR": str(settings.data_dir), "PARLEY_DATABASE_URL": settings.database, **environment}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(scratch.root), *arguments],
        cwd=ROOT,
        env=os.environ | given,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def settings(engine: Engine, tmp_path: Path) -> Settings:
    url = engine.url.set(drivername=engine.url.get_backend_name()).render_as_string(hide_password=False)
    return settings_for(url, tmp_path / "data")


@pytest.fixture
def half_way(engine: Engine, settings: Settings, scratch: Scratch) -> Engine:
    """A database with rows, on which a process that upgraded it was killed in the middle of a revision."""
    scratch.write("first", *COUNTED[:2])
    migrations.upgrade(engine)
    scratch.write("second", *COUNTED[2:6], KILL, *COUNTED[6:])
    killed = parley(scratch, settings, "db", "upgrade", DIE="1")
    _, errors = killed.communicate(timeout=60)
    assert killed.returncode == -signal.SIGKILL, errors
    return engine


def test_a_process_that_is_killed_in_mid_upgrade(half_way: Engine) -> None:
    with half_way.connect() as connection:
        assert migrations.current(connection) == "first"
        columns = {column["name"] for column in inspect(connection).get_columns("counted")}
    if half_way.dialect.name == "sqlite":
        assert columns == {"id", "n"}, "the transaction is undone"
    else:
        assert columns == {"id", "n", "word"}
    with pytest.raises(StartupError, match="`parley db upgrade`"):
        migrations.check(half_way)
    assert migrations.upgrade(half_way) == ("first", "second")
    assert rows(half_way) == RESULT
    assert left(half_way) is None
    migrations.check(half_way)


def test_the_backup_that_was_made_before_is_the_other_way_out(
    half_way: Engine, settings: Settings, scratch: Scratch
) -> None:
    (saved,) = (settings.data_dir / "backups").iterdir()
    unfinished = left(half_way)
    if half_way.dialect.name == "mysql":
        assert unfinished is not None
        assert unfinished.backup == str(saved)
        with pytest.raises(StartupError, match="fits no revision"):
            backup.save(half_way, settings.data_dir)
    half_way.dispose()
    restore(settings, saved, replace=True)
    assert rows(half_way) == RESULT
    assert left(half_way) is None


@mysql_alone
@pytest.mark.parametrize(
    "other",
    [
        [COUNTED[2].replace("20", "30"), *COUNTED[3:]],
        [COUNTED[2], COUNTED[3]],
        [COUNTED[2], COUNTED[3], COUNTED[5].replace("counted_n", "other")],
        [],
    ],
)
def test_a_revision_that_is_another_than_the_one_begun_is_refused(
    other: list[str], half_way: Engine, scratch: Scratch
) -> None:
    """Nobody knows what it would make of the tables as they are."""
    before = tables(half_way)
    scratch.write("second", *other)
    with pytest.raises(StartupError, match="another version of this migration"):
        migrations.upgrade(half_way)
    assert tables(half_way) == before


@mysql_alone
def test_two_machines_that_start_at_once_wait_for_each_other(
    engine: Engine, settings: Settings, scratch: Scratch, tmp_path: Path
) -> None:
    scratch.write("only", *COUNTED)
    machines = [settings.model_copy(update={"data_dir": tmp_path / name}) for name in ("one", "two")]
    with engine.connect() as connection, migrations.alone(connection):
        started = [parley(scratch, machine, "db", "upgrade") for machine in machines]
        waiting = (
            "SELECT count(*) FROM information_schema.processlist WHERE info LIKE 'SELECT GET_LOCK%' AND db = 'resumed'"
        )
        deadline = time.monotonic() + 60
        while connection.scalar(text(waiting)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        assert "counted" not in inspect(connection).get_table_names()
    told = sorted(process.communicate(timeout=60) for process in started)
    assert [output for output, _ in told] == ["Revision none → only.\n", "The database is at revision only.\n"], told
    assert rows(engine) == RESULT


@pytest.mark.parametrize("engine", ["sqlite"], indirect=True)
def test_two_upgrades_of_one_file_at_once(engine: Engine, settings: Settings, scratch: Scratch) -> None:
    scratch.write("only", *COUNTED)
    started = [parley(scratch, settings, "db", "upgrade") for _ in range(2)]
    told = sorted(process.communicate(timeout=60) for process in started)
    assert [output for output, _ in told] == ["Revision none → only.\n", "The database is at revision only.\n"], told
    assert rows(engine) == RESULT
