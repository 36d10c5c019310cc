"""`parley db check` finds what no foreign key holds, and nothing in a database that is well."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import text

from server import db
from server.errors import StartupError
from server.migrations import foreign_keys
from server.operations.integrity import problems
from server.settings import Settings
from tests.operations.conftest import Blank
from tests.operations.rows import fill


def test_a_database_that_is_well(filled: Settings) -> None:
    assert problems(filled) == []


ONE = "WHERE text = 'null'"


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM users", "1 rows of conversations refer to users that are not there (user_id), such as "),
        (f"UPDATE messages SET parent_id = 'nobody' {ONE}", "1 messages follow one that their conversation"),
        ("UPDATE conversations SET leaf_id = 'nobody'", "1 conversations end with a message that they do not have"),
        ("UPDATE conversations SET leaf_id = NULL", "1 conversations show none of their messages"),
        ("UPDATE conversations SET folder_id = 'none'", "1 conversations are in a folder that does not exist"),
        ("UPDATE conversations SET live_turn_id = leaf_id", "1 conversations wait for an answer that nobody writes"),
        (f"UPDATE messages SET status = 'streaming', owner = 'w' {ONE}", "1 answers are being written without their"),
        (f"UPDATE messages SET status = 'pending' {ONE}", "1 answers are being written by nobody"),
        ("DELETE FROM search_entries WHERE message_id IS NULL", "1 titles cannot be found by searching, such as "),
        (
            f"DELETE FROM search_entries WHERE message_id = (SELECT id FROM messages {ONE})",
            "1 messages cannot be found by searching, such as ",
        ),
        (
            f"UPDATE messages SET parent_id = (SELECT leaf_id FROM conversations) {ONE}",
            " follow each other in a circle",
        ),
    ],
)
def test_what_does_not_fit_together(statement: str, told: str, filled: Settings) -> None:
    with db.engine_for(filled) as engine, engine.connect() as connection, foreign_keys.off(connection):
        connection.execute(text(statement))
        connection.commit()
    found = problems(filled)
    assert any(told in problem for problem in found), found


def test_an_answer_that_is_being_written_is_well(filled: Settings) -> None:
    with db.engine_for(filled) as engine, engine.begin() as connection:
        connection.execute(text(f"UPDATE messages SET status = 'streaming', owner = 'w' {ONE}"))
        connection.execute(text(f"UPDATE conversations SET live_turn_id = (SELECT id FROM messages {ONE})"))
    assert problems(filled) == []


def test_a_parent_in_another_conversation(filled: Settings) -> None:
    fill(filled, "别")
    with db.engine_for(filled) as engine, engine.begin() as connection:
        ids = connection.execute(text(f"SELECT id FROM messages {ONE}")).scalars().all()
        connection.execute(
            text("UPDATE messages SET parent_id = :other WHERE id = :id"), {"id": ids[0], "other": ids[1]}
        )
    (problem,) = problems(filled)
    assert problem == f"1 messages follow one that their conversation does not have, such as {ids[0]}."


def test_a_file_that_is_damaged(blank: Blank) -> None:
    """An index that lacks a row, as a disk that lies leaves it."""
    settings = blank("sqlite")
    fill(settings)
    path = settings.data_dir / "parley.db"
    with sqlite3.connect(path) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_messages_status'").fetchone()
        (size,) = connection.execute("PRAGMA page_size").fetchone()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size + 3)
        file.write(b"\x00\x01")
    found = problems(settings)
    assert found
    assert all(problem.startswith("The database file is damaged: ") for problem in found)


def test_tables_of_another_revision(filled: Settings, tmp_path: Path) -> None:
    with db.engine_for(filled) as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    with pytest.raises(StartupError, match="run `parley db upgrade` first"):
        problems(filled)
