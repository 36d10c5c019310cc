"""An upgrade that breaks off is gone on with by the next, wherever it was, and changes every row once."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect

from server import db, migrations
from server.errors import StartupError
from tests.fixtures.databases import create_mysql, settings_for
from tests.migrations.death import Death, Died
from tests.migrations.scratch import COUNTED, RESULT, Scratch, left, mysql_alone, rows, tables


@mysql_alone
@pytest.mark.parametrize("after", [False, True])
def test_death_at_any_statement(after: bool, engine: Engine, scratch: Scratch, mysql_server: str) -> None:
    scratch.write("counted", *COUNTED)
    number = 0
    while True:
        number += 1
        create_mysql(mysql_server, "resumed")
        engine.dispose()
        try:
            with Death(engine, number, after=after):
                migrations.upgrade(engine)
        except Died:
            assert number == 1 or left(engine), "the version table comes before all else"
            migrations.upgrade(engine)
        else:
            break
        assert rows(engine) == RESULT, number
        assert set(tables(engine)) == {"alembic_version", "counted"}
        assert inspect(engine).get_indexes("counted")[0]["name"] == "ix_counted_n"
    assert number > 10


@mysql_alone
def test_the_programs_own_migrations_go_on_anywhere(engine: Engine, mysql_server: str, tmp_path: Path) -> None:
    """Dying again and again: before the next statement that changes the schema, then after it."""
    deaths = 0
    while True:
        try:
            with Death(engine, 1, after=deaths % 2 == 1, only=("CREATE", "ALTER", "DROP")):
                migrations.upgrade(engine)
        except Died:
            deaths += 1
        else:
            break
    assert deaths > 20
    undisturbed = db.engine_of(db.address(settings_for(create_mysql(mysql_server, "undisturbed"), tmp_path)))
    migrations.upgrade(undisturbed)
    assert tables(engine) == tables(undisturbed)
    undisturbed.dispose()


def test_a_revision_that_fails_can_be_mended(engine: Engine, scratch: Scratch) -> None:
    scratch.write("first", *COUNTED[:2])
    scratch.write("second", *COUNTED[2:6], 'op.execute("UPDATE nowhere SET n = 1")')
    with pytest.raises(StartupError, match=r"The upgrade to revision second \(.*\) failed: .*nowhere") as caught:
        migrations.upgrade(engine)
    assert ("again" in str(caught.value)) == (engine.dialect.name == "mysql")
    with engine.connect() as connection:
        assert migrations.current(connection) == "first", "what was done before stays"
    scratch.write("second", *COUNTED[2:])
    assert migrations.upgrade(engine) == ("first", "second")
    assert rows(engine) == RESULT
