"""What titles and messages can be found by, those that are there included.

Revision: 0006, after 0005
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

from server import tables
from server.search import index

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

AT_ONCE = 100
"""Texts can be long."""

ENTRIES = sa.table("search_entries", *map(sa.column, ("conversation_id", "message_id", "words")))
CONVERSATIONS = sa.table(
    "conversations", *map(sa.column, ("id", "user_id", "title")), sa.column("updated_at", tables.UtcDateTime())
)
MESSAGES = sa.table(
    "messages",
    *map(sa.column, ("id", "conversation_id", "role", "text", "status")),
    sa.column("created_at", tables.UtcDateTime()),
    sa.column("finished_at", tables.UtcDateTime()),
)
TITLES = sa.select(CONVERSATIONS.c.id, CONVERSATIONS.c.user_id, CONVERSATIONS.c.title)
TEXTS = sa.select(
    MESSAGES.c.id,
    MESSAGES.c.conversation_id,
    MESSAGES.c.text,
    MESSAGES.c.created_at,
    MESSAGES.c.finished_at,
    CONVERSATIONS.c.user_id,
).join(CONVERSATIONS, CONVERSATIONS.c.id == MESSAGES.c.conversation_id)


def upgrade() -> None:
    op.create_table(
        "search_entries",
        sa.Column("id", tables.COUNTED, nullable=False),
        sa.Column("conversation_id", tables.ascii_column(24), nullable=False),
        sa.Column("message_id", tables.ascii_column(24), nullable=True),
        sa.Column("words", tables.ASCII_TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_search_entries_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_entries")),
    )
    op.create_index("ix_search_entries_conversation_id_message_id", "search_entries", ["conversation_id", "message_id"])
    connection = op.get_bind()
    fill(connection)
    if connection.dialect.name == "sqlite":
        op.execute("""CREATE VIRTUAL TABLE search_index USING fts5(words, content='search_entries', content_rowid='id',
            tokenize='ascii', detail='none', columnsize=0)""")
        op.execute("INSERT INTO search_index (search_index) VALUES ('rebuild')")
        op.execute("""CREATE TRIGGER search_entries_inserted AFTER INSERT ON search_entries BEGIN
            INSERT INTO search_index (rowid, words) VALUES (new.id, new.words);
        END""")
        op.execute("""CREATE TRIGGER search_entries_deleted AFTER DELETE ON search_entries BEGIN
            INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.id, old.words);
        END""")
        op.execute("""CREATE TRIGGER search_entries_updated AFTER UPDATE ON search_entries BEGIN
            INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.id, old.words);
            INSERT INTO search_index (rowid, words) VALUES (new.id, new.words);
        END""")
    else:
        # After the rows: to build it at once is quicker than to add to it.
        op.create_index(
            "ix_search_entries_words", "search_entries", ["words"], mysql_prefix="FULLTEXT", mariadb_prefix="FULLTEXT"
        )


def fill(connection: sa.Connection) -> None:
    """Oldest first, as if they had been written one after the other."""
    for rows in parts(connection, CONVERSATIONS.c.updated_at, CONVERSATIONS.c.id, TITLES):
        insert(connection, [entry(row, row.id, None, index.TITLES, row.title) for row in rows])
    ended = MESSAGES.c.status.not_in(("pending", "streaming")) & (MESSAGES.c.role != "system")
    for rows in parts(connection, MESSAGES.c.created_at, MESSAGES.c.id, TEXTS, ended):
        insert(connection, [entry(row, row.conversation_id, row.id, shelf_of(row), row.text) for row in rows])


def parts(
    connection: sa.Connection,
    moment: sa.ColumnClause[datetime],
    key: sa.ColumnClause[str],
    rows: sa.Select[Any],
    *where: sa.ColumnElement[bool],
) -> Iterator[list[sa.Row[Any]]]:
    """All rows by age, some at once."""
    ids = connection.scalars(sa.select(key).where(*where).order_by(moment, key)).all()
    for start in range(0, len(ids), AT_ONCE):
        wanted = ids[start : start + AT_ONCE]
        yield list(connection.execute(rows.where(key.in_(wanted)).order_by(moment, key)))


def shelf_of(message: sa.Row[Any]) -> int:
    return index.quarter(message.finished_at or message.created_at)


def entry(row: sa.Row[Any], conversation: str, message: str | None, shelf: int, content: str) -> dict[str, str | None]:
    found_by = index.entry_words(row.user_id, shelf, content)
    return {"conversation_id": conversation, "message_id": message, "words": found_by}


def insert(connection: sa.Connection, entries: Sequence[dict[str, str | None]]) -> None:
    connection.execute(ENTRIES.insert(), entries)


def downgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        op.execute("DROP TABLE search_index")
    op.drop_table("search_entries")
