"""Looks for what must not be, in one look at the whole database, beside running servers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, and_, exists, func, select, text
from sqlmodel import SQLModel

from server import migrations
from server.errors import StartupError
from server.migrations.running import answering
from server.operations.connecting import existing, snapshot
from server.protocol.codes import Role, Status
from server.settings import Settings

LIVE = (Status.PENDING, Status.STREAMING)
ROWS_AT_ONCE = 1000
EXAMPLES = 3


def problems(settings: Settings) -> list[str]:
    """What is wrong, in words. Raises StartupError when the tables are not those of this program."""
    with existing(settings, answer_seconds=None) as engine, answering(), snapshot(engine) as connection:
        left = migrations.unfinished(connection)
        if left is not None:
            raise StartupError(str(left))
        if migrations.current(connection) != migrations.head():
            raise StartupError("The database is not at the revision of this program: run `parley db upgrade` first.")
        return [
            *_pages(connection),
            *_references(connection),
            *_tree(connection),
            *_search(connection),
            *_circles(connection),
        ]


def _pages(connection: Connection) -> Iterator[str]:
    """The file itself. MySQL's pages have checksums, and the server stops at a wrong one."""
    if connection.dialect.name == "sqlite":
        for (told,) in connection.execute(text("PRAGMA integrity_check(20)")):
            if told != "ok":
                yield f"The database file is damaged: {told}."


def _references(connection: Connection) -> Iterator[str]:
    """What foreign keys should have held: they are off while tables are rebuilt or loaded."""
    for table in SQLModel.metadata.sorted_tables:
        for key in table.foreign_key_constraints:
            parent = key.referred_table.alias()
            columns = [(each.parent, parent.c[each.column.name]) for each in key.elements]
            there = exists().where(*(child == other for child, other in columns))
            set_ = and_(*(child.is_not(None) for child, _ in columns))
            names = " and ".join(child.name for child, _ in columns)
            words = f"rows of {table.name} refer to {key.referred_table.name} that are not there"
            yield from _found(connection, table, columns[0][0], set_ & ~there, f"{words} ({names})")


def _tree(connection: Connection) -> Iterator[str]:
    """What no foreign key holds."""
    tables = SQLModel.metadata.tables
    folder = tables["folders"]
    message, talk, other = tables["messages"], tables["conversations"], tables["messages"].alias()
    inside = exists().where(other.c.conversation_id == talk.c.id)
    beside = exists().where(other.c.conversation_id == message.c.conversation_id)
    live = message.c.status.in_(LIVE)
    known = exists().where(talk.c.id == message.c.conversation_id, talk.c.live_turn_id == message.c.id)
    rules = (
        (
            message,
            message.c.parent_id.is_not(None) & ~beside.where(other.c.id == message.c.parent_id),
            "messages follow one that their conversation does not have",
        ),
        (
            talk,
            talk.c.leaf_id.is_not(None) & ~inside.where(other.c.id == talk.c.leaf_id),
            "conversations end with a message that they do not have",
        ),
        (
            talk,
            talk.c.leaf_id.is_(None) & inside,
            "conversations show none of their messages, because they name no end",
        ),
        (
            talk,
            talk.c.live_turn_id.is_not(None)
            & ~inside.where(other.c.id == talk.c.live_turn_id, other.c.status.in_(LIVE)),
            "conversations wait for an answer that nobody writes, and take no question",
        ),
        (
            talk,
            talk.c.folder_id.is_not(None) & ~exists().where(folder.c.id == talk.c.folder_id),
            "conversations are in a folder that does not exist, and are listed nowhere",
        ),
        (message, live & ~known, "answers are being written without their conversation knowing"),
        (message, live & message.c.owner.is_(None), "answers are being written by nobody"),
    )
    for table, wrong, words in rules:
        yield from _found(connection, table, table.c.id, wrong, words)


def _search(connection: Connection) -> Iterator[str]:
    """What nobody would find, of what is to be found: titles, questions and ended answers that are kept."""
    tables = SQLModel.metadata.tables
    message, talk, entry = tables["messages"], tables["conversations"], tables["search_entries"]
    of_message = exists().where(
        entry.c.conversation_id == message.c.conversation_id, entry.c.message_id == message.c.id
    )
    of_title = exists().where(entry.c.conversation_id == talk.c.id, entry.c.message_id.is_(None))
    kept = exists().where(talk.c.id == message.c.conversation_id, ~talk.c.temporary)
    lost = message.c.status.not_in(LIVE) & (message.c.role != Role.SYSTEM) & kept & ~of_message
    yield from _found(connection, message, message.c.id, lost, "messages cannot be found by searching")
    yield from _found(connection, talk, talk.c.id, ~talk.c.temporary & ~of_title, "titles cannot be found by searching")


def _found(
    connection: Connection, table: FromClause, shown: ColumnElement[Any], wrong: ColumnElement[bool], words: str
) -> Iterator[str]:
    number = connection.scalar(select(func.count()).select_from(table).where(wrong))
    if number:
        rows = connection.scalars(select(shown).where(wrong).limit(EXAMPLES))
        yield f"{number} {words}, such as {', '.join(map(str, rows))}."


def _circles(connection: Connection) -> Iterator[str]:
    """Messages whose way to the first never ends. One conversation at a time, so that memory stays small."""
    message = SQLModel.metadata.tables["messages"]
    query = select(message.c.conversation_id, message.c.id, message.c.parent_id).order_by(message.c.conversation_id)
    rows = connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE})
    for conversation, nodes in groupby(rows, key=itemgetter(0)):
        if circling := _circling({node: parent for _, node, parent in nodes}):
            yield f"{circling} messages of the conversation {conversation} follow each other in a circle."


def _circling(parents: dict[str, str | None]) -> int:
    """How many of the nodes never come to the first, given each node's parent."""
    arriving: set[str] = set()
    circling: set[str] = set()
    for node in parents:
        way: dict[str, None] = {}
        at: str | None = node
        while at in parents and at not in way and at not in arriving and at not in circling:
            way[at] = None
            at = parents[at]
        (circling if at in way or at in circling else arriving).update(way)
    return len(circling)
