"""A backup holds everything as of one moment, to the letter, and nobody else may read it."""

from __future__ import annotations

import gzip
import json
import stat
from datetime import UTC, date, datetime
from decimal import Decimal
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Float,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    Table,
    event,
    select,
    text,
)
from sqlmodel import Session

from server import db, migrations
from server.errors import StartupError
from server.operations import backup
from server.operations.restore import restore
from server.protocol.codes import AccountRole
from server.settings import Settings
from server.tables import Setting, User, UtcDateTime
from tests.fixtures.databases import ENGINES
from tests.migrations.scratch import Scratch
from tests.operations.conftest import Blank
from tests.operations.rows import contents, fill, saved


@pytest.mark.parametrize("source", ENGINES)
@pytest.mark.parametrize("target", ENGINES)
def test_what_is_restored_is_what_was_saved(source: str, target: str, blank: Blank, tmp_path: Path) -> None:
    one, other = blank(source), blank(target)
    fill(one)
    restore(other, saved(one, tmp_path / "b"))
    assert contents(other) == contents(one)
    assert len(contents(one)["messages"]) > 10


KINDS = Table(
    "kinds",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("order", BigInteger),
    Column("raw", LargeBinary),
    Column("half", Float(53)),
    Column("exact", Numeric(20, 4)),
    Column("day", Date),
    Column("moment", UtcDateTime),
    Column("yes", Boolean),
    Column("data", JSON),
)
MOMENT = datetime(2026, 11, 20, 23, 59, 59, 999999, UTC)
ROWS = [
    (
        1,
        2**63 - 1,
        bytes(range(256)),
        0.1,
        Decimal("1234.5"),
        date(2026, 11, 20),
        MOMENT,
        True,
        {"深": [1, None, "🌙"]},
    ),
    (2, -(2**63), b"", -1e300, Decimal("-0.5"), date(1000, 1, 1), MOMENT.replace(1000), False, [0.1]),
    (3, None, None, None, None, None, None, None, None),
]


@pytest.mark.mysql
@pytest.mark.parametrize(("source", "target"), [("sqlite", "mysql"), ("mysql", "sqlite")])
def test_all_types_of_columns(source: str, target: str, blank: Blank, scratch: Scratch, tmp_path: Path) -> None:
    """Also of tables that this program has yet to get."""
    scratch.write("kinds", "from tests.operations.test_backup import KINDS", "KINDS.create(op.get_bind())")
    one, other = blank(source), blank(target)
    with db.engine_for(one) as engine:
        migrations.upgrade(engine)
        with engine.begin() as connection:
            connection.execute(KINDS.insert(), [dict(zip(KINDS.columns.keys(), row, strict=True)) for row in ROWS])
    restore(other, saved(one, tmp_path / "b"))
    with db.engine_for(other) as engine, engine.connect() as connection:
        assert [tuple(row) for row in connection.execute(select(KINDS).order_by(KINDS.c.id))] == ROWS


INDEXED = [
    'op.create_table("texts", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("words", sa.Text()))',
    'if op.get_context().dialect.name == "sqlite":',
    """    op.execute("CREATE VIRTUAL TABLE found USING fts5(words, content='texts', content_rowid='id')")""",
    '    op.execute("CREATE TRIGGER told AFTER INSERT ON texts BEGIN "',
    '        "INSERT INTO found (rowid, words) VALUES (new.id, new.words); END")',
]


@pytest.mark.parametrize("source", ENGINES)
def test_an_index_that_only_sqlite_has(source: str, blank: Blank, scratch: Scratch, tmp_path: Path) -> None:
    """It is no part of the backup, and fills itself."""
    scratch.write("texts", *INDEXED)
    one, other = blank(source), blank("sqlite")
    with db.engine_for(one) as engine:
        migrations.upgrade(engine)
        with engine.begin() as connection:
            connection.execute(text("INSERT INTO texts (id, words) VALUES (1, 'good morning'), (2, 'good night')"))
    restore(other, saved(one, tmp_path / "b"))
    with db.engine_for(other) as engine, engine.connect() as connection:
        assert connection.scalars(text("SELECT rowid FROM found WHERE found MATCH 'night'")).all() == [2]


def test_it_is_of_one_moment(filled: Settings, blank: Blank, tmp_path: Path) -> None:
    """Between any two of its statements somebody adds a user with settings, in two transactions."""
    users = 0

    def write(*_: object) -> None:
        nonlocal users
        users += 1
        name = f"u{users}"
        user = User(email=name, username=name, username_key=name, password_hash="", role=AccountRole.USER)
        with Session(writing, expire_on_commit=False) as session, session.begin():
            session.add(user)
        with Session(writing) as session, session.begin():
            session.add(Setting(user_id=user.id, key="k", value=name))

    before = contents(filled)
    with db.engine_for(filled) as engine, db.engine_for(filled) as writing:
        event.listen(engine, "after_cursor_execute", write)
        backup.save(engine, tmp_path / "b")
    assert users > 10
    other = blank("sqlite")
    restore(other, tmp_path / "b")
    of_one_moment = contents(other)
    assert of_one_moment["messages"] == before["messages"]
    assert len(of_one_moment["users"]) == len(of_one_moment["settings"]) - 1


def test_its_format_can_be_read_with_nothing_but_the_documentation(filled: Settings, tmp_path: Path) -> None:
    lines = gzip.decompress(saved(filled, tmp_path / "b").read_bytes()).splitlines(keepends=True)
    header, end = json.loads(lines[0]), json.loads(lines[-1])["end"]
    assert (header["parley_backup"], header["revision"]) == (1, migrations.head())
    assert end == {"rows": len(lines) - len(header["tables"]) - 2, "sha256": sha256(b"".join(lines[:-1])).hexdigest()}
    found: dict[str, list[dict[str, object]]] = {}
    for line in map(json.loads, lines[1:-1]):
        if isinstance(line, dict):
            rows = found.setdefault(line["table"], [])
        else:
            rows.append(dict(zip(header["tables"][[*found][-1]]["columns"], line, strict=True)))
    assert {name: len(rows) for name, rows in found.items()} == {n: t["rows"] for n, t in header["tables"].items()}
    assert found["users"][0]["email"] == "安@例子.org"
    assert [*found].index("users") < [*found].index("conversations") < [*found].index("messages")


def test_only_its_owner_may_read_it(filled: Settings) -> None:
    folder = backup.folder_of(filled)
    with db.engine_for(filled) as engine:
        path = backup.save(engine, folder).path
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_nothing_is_overwritten(filled: Settings, tmp_path: Path) -> None:
    (tmp_path / "b").write_text("mine")
    with pytest.raises(StartupError, match="is there already"):
        saved(filled, tmp_path / "b")
    assert (tmp_path / "b").read_text() == "mine"
    folder = tmp_path / "folder"
    folder.mkdir()
    with db.engine_for(filled) as engine:
        paths = {backup.save(engine, folder).path for _ in range(5)}
    assert len(paths) == 5, "also within one second"
    assert set(folder.iterdir()) == paths


def test_a_backup_that_fails_leaves_no_file(filled: Settings, tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    with db.engine_for(filled) as engine:
        with engine.begin() as connection:
            connection.execute(text("ALTER TABLE messages DROP COLUMN reasoning"))
        with pytest.raises(StartupError, match="reasoning"):
            backup.save(engine, folder)
    assert list(folder.iterdir()) == []


def test_a_place_that_cannot_be_written(filled: Settings, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match=r"nowhere/b cannot be written \(No such file or directory\)"):
        saved(filled, tmp_path / "nowhere" / "b")


def test_a_database_without_tables(empty: Settings, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="nothing to be saved"):
        saved(empty, tmp_path / "b")
