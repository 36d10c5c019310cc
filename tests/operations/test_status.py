"""What `parley db status` knows of a database, and what it takes for something to be done."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from server import db, migrations
from server.migrations import mark
from server.operations.status import Status, status
from server.settings import Settings
from tests.fixtures.server import settings_for
from tests.migrations.scratch import Scratch
from tests.operations.conftest import Blank


def changed(settings: Settings, *statements: str) -> Status:
    """A migrated database after somebody was at it."""
    with db.engine_for(settings) as engine:
        migrations.upgrade(engine)
        with engine.begin() as connection:
            for statement in statements:
                connection.execute(text(statement))
    return status(settings)


def test_a_database_as_it_should_be(filled: Settings) -> None:
    found = status(filled)
    assert found.ok
    assert found.revision == found.head == migrations.head()
    assert found.kind
    assert found.kind.split()[0] in {"SQLite", "MariaDB", "MySQL"}
    assert found.drift.differences == found.drift.strangers == []


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    """And it is not made by looking."""
    found = status(settings_for(tmp_path / "data"))
    assert not found.ok
    assert "`parley db upgrade` makes one" in str(found.trouble)
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_and_a_password(tmp_path: Path) -> None:
    found = status(settings_for(tmp_path, database_url="mysql://me:hunter2@127.0.0.1:1/parley"))
    assert not found.ok
    assert found.place == "127.0.0.1:1/parley"
    assert "does not answer" in str(found.trouble)
    assert "hunter2" not in repr(found)


def test_a_file_that_is_no_database(tmp_path: Path) -> None:
    (tmp_path / "parley.db").write_bytes(b"hello" * 1000)
    assert "file is not a database" in str(status(settings_for(tmp_path)).trouble)


def test_what_is_to_be_run(filled: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = Scratch(tmp_path, own=True)
    program.write("later", title="Makes all faster.")
    program.write("last", title="And safer.")
    monkeypatch.setattr(migrations.revisions, "ROOT", program.root)
    found = status(filled)
    assert not found.ok
    assert [(step.revision, step.title) for step in found.pending] == [
        ("later", "Makes all faster."),
        ("last", "And safer."),
    ]


def test_a_database_that_is_newer(filled: Settings) -> None:
    found = changed(filled, "UPDATE alembic_version SET version_num = 'tomorrow'")
    assert found.revision == "tomorrow"
    assert "newer than this program" in str(found.trouble)


class TestDrift:
    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            ("DROP TABLE settings", "the table settings is missing"),
            ("ALTER TABLE messages DROP COLUMN run", "messages.run is missing"),
            ("ALTER TABLE messages ADD COLUMN extra INTEGER", "messages.extra is one column too many"),
            ("CREATE INDEX mine ON messages (model)", "messages has the index mine, which the program does not know"),
        ],
    )
    def test_on_both(self, statement: str, told: str, empty: Settings) -> None:
        found = changed(empty, statement)
        assert told in found.drift.differences
        assert not found.ok

    def test_a_table_of_somebody_else_is_no_trouble(self, empty: Settings) -> None:
        found = changed(empty, "CREATE TABLE of_another (a INTEGER)")
        assert found.drift.strangers == ["of_another"]
        assert found.ok

    def test_an_index_of_words_is_no_table_of_somebody_else(self, blank: Blank) -> None:
        found = changed(blank("sqlite"), "CREATE VIRTUAL TABLE found USING fts5(words)")
        assert found.drift.strangers == []

    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            ("DROP TABLE search_index", "search_index, by which is searched, is missing"),
            ("DROP TRIGGER search_entries_deleted", "search_entries_deleted, by which is searched, is missing"),
        ],
    )
    def test_the_index_of_words_on_sqlite(self, statement: str, told: str, blank: Blank) -> None:
        found = changed(blank("sqlite"), statement)
        assert found.drift.differences == [told]
        assert not found.ok

    def test_the_mark_of_unfinished_work_is_no_drift(self, blank: Blank) -> None:
        settings = blank("sqlite")
        with db.engine_for(settings) as engine, engine.begin() as connection:
            mark.MARK.create(connection)
        assert changed(settings).drift.strangers == []

    def test_values_that_a_check_allows(self, blank: Blank) -> None:
        settings = blank("sqlite")
        found = changed(
            settings,
            "PRAGMA writable_schema=ON",
            "UPDATE sqlite_master SET sql = replace(sql, '''truncated''', '''cut''') WHERE name = 'messages'",
        )
        assert found.drift.differences == [
            "messages: the check ck_messages_status allows other values than the program writes"
        ]

    @pytest.mark.mysql
    @pytest.mark.parametrize(
        ("statement", "told"),
        [
            (
                "ALTER TABLE messages DROP CONSTRAINT ck_messages_status, ADD CONSTRAINT ck_messages_status "
                "CHECK (status IN ('pending', 'complete'))",
                "messages: the check ck_messages_status allows other values than the program writes",
            ),
            ("ALTER TABLE messages DROP CONSTRAINT ck_messages_status", "messages lacks the check ck_messages_status"),
            (
                "ALTER TABLE messages MODIFY created_at DATETIME NOT NULL",
                "messages.created_at keeps 0 digits of a second, and should keep 6",
            ),
            (
                "ALTER TABLE users MODIFY email VARCHAR(254) COLLATE utf8mb4_unicode_ci NOT NULL",
                "users.email has the collation utf8mb4_unicode_ci, and should have utf8mb4_bin",
            ),
            (
                "ALTER TABLE settings DROP CONSTRAINT fk_settings_user_id_users; ALTER TABLE settings ENGINE = Aria",
                "the table settings is kept by Aria, which has no transactions; it should be InnoDB",
            ),
        ],
    )
    def test_on_mysql(self, statement: str, told: str, blank: Blank) -> None:
        found = changed(blank("mysql"), *statement.split("; "))
        assert told in found.drift.differences
        assert not found.ok


@pytest.mark.mysql
class TestUnfinished:
    def test_an_upgrade_that_is_running_is_told_from_one_that_is_not(self, blank: Blank) -> None:
        settings = blank("mysql")
        with db.engine_for(settings) as engine, engine.connect() as connection:
            mark.begin(connection, mark.Work.UPGRADE, "0001", None)
            with migrations.alone(connection):
                found = status(settings)
                assert found.unfinished
                assert found.running
        found = status(settings)
        assert found.unfinished
        assert not found.running
        assert not found.ok
