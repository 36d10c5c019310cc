"""What the databases' own indexes of words find is what is there, on both engines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session, col, select

from server.db import Database
from server.protocol.codes import AccountRole, Role, Status
from server.search import index, words
from server.search.query import Query
from server.tables import Conversation, Message, SearchEntry, TitleSource, User, now

PIECES = [
    *(
        "the",
        "of",
        "und",
        "la",
        "I",
        "a",
        "aa",
        "aaa",
        "42",
        "4",
        "don't",
        "quantum",
        "quarter",
        "queue",
        "Q",
        "getUserName",
    ),
    *(
        "量",
        "量子",
        "子",
        "量子力学",
        "力学",
        "学力",
        "カタカナ",
        "学교",
        "학교에서",
        "ж",
        "жук",
        "C++",
        "c",
        "🎉",
        "x" * 90,
        "x" * 80,
    ),
]


def add_talk(session: Session, name: str) -> Conversation:
    user = User(email=f"{name}@b.c", username=name, username_key=name, password_hash="", role=AccountRole.USER)
    session.add(user)
    session.flush()
    talk = Conversation(user_id=user.id, title="", title_source=TitleSource.PERSON)
    session.add(talk)
    session.flush()
    return talk


def add_message(session: Session, talk: Conversation, content: str, finished_at: datetime | None = None) -> Message:
    row = Message(
        conversation_id=talk.id, role=Role.USER, text=content, status=Status.COMPLETE, finished_at=finished_at
    )
    session.add(row)
    index.put_message(session, talk, row)
    return row


def found(session: Session, user: str, shelf: int, asked: str) -> list[str | None]:
    query = Query.of(asked)
    ids = index.holding(session, user, shelf, query.terms, query.beginning, 1000)
    rows = dict(session.exec(select(SearchEntry.id, SearchEntry.message_id).where(col(SearchEntry.id).in_(ids))).all())
    return [rows[each] for each in ids]


@pytest.mark.anyio
async def test_exactly_the_texts_that_hold_the_terms(database: Database) -> None:
    """Also short words, and those that MySQL leaves out by itself. What another user has does not get in between."""
    chance = Random(4)
    shelf = index.quarter(now())

    def fill(session: Session) -> tuple[str, dict[str, str]]:
        mine, other = add_talk(session, "ann"), add_talk(session, "bob")
        texts = {}
        for _ in range(150):
            content = " ".join(chance.choices(PIECES, k=chance.randint(1, 6)))
            texts[add_message(session, mine, content).id] = content
            add_message(session, other, content)
        return mine.user_id, texts

    user, texts = await database.write(fill)

    def look(session: Session) -> None:
        for _ in range(150):
            asked = " ".join(chance.choices([*PIECES, "qu", "x", "ge", "ка"], k=chance.randint(1, 3)))
            query = Query.of(asked)
            held = {message: set(words.terms(content)) for message, content in texts.items()}
            expected = [
                message
                for message, terms in reversed(held.items())
                if terms >= set(query.terms)
                and (query.beginning is None or any(term.startswith(query.beginning) for term in terms))
            ]
            assert found(session, user, shelf, asked) == expected, asked

    await database.read(look)


@pytest.mark.anyio
async def test_each_quarter_has_a_shelf(database: Database) -> None:
    """What is older than all of them is on the first, what comes from the future on the present one."""
    moments = [
        datetime(1999, 5, 5, tzinfo=UTC),
        datetime(2024, 3, 31, tzinfo=UTC),
        datetime(2024, 4, 1, tzinfo=UTC),
        None,
    ]
    moments.append(now() + timedelta(days=500))
    assert [index.quarter(moment) for moment in moments if moment] == [1, 9, 10, index.quarter(now())]

    def work(session: Session) -> tuple[str, list[str]]:
        talk = add_talk(session, "ann")
        return talk.user_id, [add_message(session, talk, "quantum", moment).id for moment in moments]

    user, ids = await database.write(work)

    def look(session: Session) -> None:
        assert found(session, user, 1, "quantum") == [ids[0]]
        assert found(session, user, 9, "quantum") == [ids[1]]
        assert found(session, user, 10, "quantum") == [ids[2]]
        assert found(session, user, index.quarter(now()), "quantum") == [ids[4], ids[3]]

    await database.read(look)


@pytest.mark.anyio
async def test_the_database_looks_into_its_index(database: Database) -> None:
    """Never at every row."""

    def plans(session: Session) -> str:
        connection = session.connection()
        sent: list[tuple[str, Any]] = []

        def note(_connection: object, _cursor: object, statement: str, parameters: Any, *_: object) -> None:
            sent.append((statement, parameters))

        event.listen(connection, "before_cursor_execute", note)
        index.holding(session, "nobody", index.quarter(now()), ["aone", "atwo"], "athr", 10)
        event.remove(connection, "before_cursor_execute", note)
        ((statement, parameters),) = sent
        explain = "EXPLAIN QUERY PLAN" if database.kind == "sqlite" else "EXPLAIN"
        return str(connection.exec_driver_sql(f"{explain} {statement}", parameters).all())

    assert ("VIRTUAL TABLE INDEX" if database.kind == "sqlite" else "'fulltext'") in await database.read(plans)
