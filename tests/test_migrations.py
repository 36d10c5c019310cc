"""The migrations make the tables that the code describes, on both engines, and go back."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, inspect, make_url, text
from sqlmodel import Session, SQLModel, select

from server import db, migrations
from server.errors import StartupError
from server.migrations.comparing import virtual_tables
from server.protocol.codes import AccountRole
from server.tables import Setting, User
from tests.fixtures.databases import ENGINES, create_mysql, settings_for


@pytest.fixture(params=ENGINES)
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Engine, Engine]]:
    """Two empty databases of the same kind."""
    if request.param == "sqlite":
        urls = [f"sqlite:///{tmp_path / name}.db" for name in ("one", "two")]
    else:
        server = request.getfixturevalue("mysql_server")
        urls = [create_mysql(server, name) for name in ("scratch_one", "scratch_two")]
    one, two = (db.engine_of(db.address(settings_for(url, tmp_path))) for url in urls)
    yield one, two
    one.dispose()
    two.dispose()


@pytest.fixture
def engine(pair: tuple[Engine, Engine]) -> Engine:
    return pair[0]


def config_for(engine: Engine) -> Config:
    config = Config(str(migrations.ROOT / "alembic.ini"))
    config.attributes["connection"] = engine.connect()
    return config


def run(engine: Engine, name: str, *arguments: str) -> None:
    """An Alembic command on this database."""
    config = config_for(engine)
    try:
        getattr(command, name)(config, *arguments)
    finally:
        config.attributes["connection"].close()


def statements(engine: Engine) -> dict[str, list[str]]:
    """What made each table and index, as the database tells it. The order of its clauses says nothing."""
    with engine.connect() as connection:
        if engine.dialect.name == "sqlite":
            rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")).all()
            return {name: clauses(sql) for name, sql in rows if name != "alembic_version"}
        names = [name for name in inspect(connection).get_table_names() if name != "alembic_version"]
        made = (connection.execute(text(f"SHOW CREATE TABLE {name}")).one() for name in names)
        return {name: clauses(sql) for name, sql in made}


def clauses(sql: str) -> list[str]:
    """What stands between the commas outside inner parentheses; SQLite appends a new column to the last line."""
    head, _, body = " ".join(sql.split()).partition("(")
    inner = body.rpartition(")")[0]
    return [head.strip(), *sorted(clause.strip() for clause in re.split(r",(?![^(]*\))", inner))]


def test_from_nothing_to_the_newest_and_no_second_time(engine: Engine) -> None:
    assert migrations.upgrade(engine) == (None, migrations.head())
    assert migrations.upgrade(engine) == (migrations.head(), migrations.head())
    with engine.connect() as connection:
        made = set(inspect(connection).get_table_names()) - virtual_tables(connection)
    assert made == {*SQLModel.metadata.tables, "alembic_version"}


def test_nothing_in_the_code_is_without_a_migration(engine: Engine) -> None:
    migrations.upgrade(engine)
    run(engine, "check")


def test_the_migrations_make_what_the_tables_say(pair: tuple[Engine, Engine]) -> None:
    """To the letter: what Alembic's own comparison does not see, such as the values of a CHECK, included."""
    migrated, described = pair
    migrations.upgrade(migrated)
    SQLModel.metadata.create_all(described)
    assert statements(migrated) == statements(described)


def test_the_way_back_leaves_no_table(engine: Engine) -> None:
    migrations.upgrade(engine)
    run(engine, "downgrade", "base")
    assert inspect(engine).get_table_names() == ["alembic_version"]
    migrations.upgrade(engine)


def test_a_newer_database_is_refused(engine: Engine) -> None:
    migrations.upgrade(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'tomorrow'"))
    with pytest.raises(StartupError, match="tomorrow"):
        migrations.upgrade(engine)


def test_a_server_that_is_away_is_one_line(tmp_path: Path) -> None:
    engine = db.engine_of(db.address(settings_for("mysql://root@127.0.0.1:1/parley", tmp_path)))
    with pytest.raises(StartupError, match="does not answer"):
        migrations.upgrade(engine)
    engine.dispose()


def test_every_revision_says_what_it_does() -> None:
    for path in (migrations.ROOT / "schema" / "versions").glob("*.py"):
        assert re.match(r'"""[A-Z].{10,}', path.read_text(encoding="utf-8")), path.name


REBUILD = """
from alembic import op

revision = "rebuild"
down_revision = {head!r}


def upgrade() -> None:
    with op.batch_alter_table("users", recreate="always"):
        pass
"""


def add_user_with_setting(engine: Engine) -> None:
    user = User(email="a@b.c", username="a", username_key="a", password_hash="", role=AccountRole.USER)
    with Session(engine) as session, session.begin():
        session.add(user)
        session.flush()
        session.add(Setting(user_id=user.id, key="theme", value="dark"))


def settings_in(engine: Engine) -> int:
    with Session(engine) as session:
        return len(session.exec(select(Setting)).all())


def test_a_rebuilt_table_keeps_the_rows_that_refer_to_it(tmp_path: Path) -> None:
    """SQLite changes a table by making another and dropping the first, which must not cascade to its children."""
    engine = db.engine_of(make_url(f"sqlite:///{tmp_path / 'parley.db'}"))
    migrations.upgrade(engine)
    add_user_with_setting(engine)
    later = tmp_path / "versions"
    later.mkdir()
    (later / "rebuild.py").write_text(REBUILD.format(head=migrations.head()), encoding="utf-8")
    with engine.connect() as connection:
        config = Config(str(migrations.ROOT / "alembic.ini"))
        config.attributes["connection"] = connection
        config.set_main_option("version_locations", f"{migrations.ROOT / 'schema' / 'versions'}{os.pathsep}{later}")
        command.upgrade(config, "head")
        assert migrations.current(connection) == "rebuild"
    assert settings_in(engine) == 1
    engine.dispose()


def test_foreign_keys_hold_after_a_migration(engine: Engine) -> None:
    migrations.upgrade(engine)
    add_user_with_setting(engine)
    with Session(engine) as session, session.begin():
        session.delete(session.exec(select(User)).one())
    assert settings_in(engine) == 0


def test_the_address_hides_no_driver_behind_another(tmp_path: Path) -> None:
    url = db.address(settings_for("mysql://user:secret@db.example/parley", tmp_path))
    assert url.drivername == "mysql+pymysql"
    assert make_url(str(url)).database == "parley"
