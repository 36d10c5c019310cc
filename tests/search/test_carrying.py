"""The index of words goes where the rows go: from before there was one, and from one kind of database to the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, column, table, text
from sqlmodel import Session

from server import db, migrations
from server.operations.integrity import problems
from server.operations.restore import restore
from server.operations.status import status
from server.search import index
from server.search.service import Search
from server.settings import Settings
from server.tables import Conversation, new_id
from tests.fixtures.databases import settings_for
from tests.migrations.conftest import engine
from tests.migrations.death import Death, Died
from tests.migrations.scratch import mysql_alone
from tests.operations.conftest import Blank, blank
from tests.operations.rows import fill, saved

__all__ = ["blank", "engine"]

BEFORE = next(one.revision for one, other in pairwise(migrations.steps()) if "can be found by" in other.title)
"""The last revision without an index of words."""
LONG_AGO = datetime(2019, 1, 1, tzinfo=UTC)
TEXTS = ["What is 量子?", "量子力学（quantum mechanics）", "", "Crème brûlée 🎉"]


def old_rows(engine: Engine) -> str:
    """A user with more messages than are carried over at once. Gives the user's id."""
    user, talk, never = new_id(), new_id(), moment(0)
    person = {"id": user, "email": "a@b.c", "username": "a", "username_key": "a", "password_hash": "", "role": "user"}
    named = {"id": talk, "user_id": user, "title": "量子 and dessert", "title_source": "person", "system_prompt": ""}
    kept = {"params": "{}", "pinned": 0, "archived": 0, "unread": 0, "created_at": never, "updated_at": never}
    of_talk = {"conversation_id": talk, "run": 1}
    messages = [
        {
            "id": new_id(),
            "role": "assistant",
            "text": content,
            "status": "complete",
            "created_at": moment(10 * number),
            "finished_at": moment(10 * number) if number % 2 else None,
            **of_talk,
        }
        for number, content in enumerate([*TEXTS, *(f"filler {number}" for number in range(250))])
    ]
    messages += [messages[0] | {"id": new_id(), **other} for other in ({"status": "streaming"}, {"role": "system"})]
    with engine.connect() as connection:
        migrations.upgrade_to(connection, BEFORE)
        add(connection, "users", [person | {"created_at": never}])
        add(connection, "conversations", [named | kept])
        add(connection, "messages", messages)
        connection.commit()
    return user


def add(connection: Connection, name: str, rows: Sequence[Mapping[str, object]]) -> None:
    """To the table as it is at the revision."""
    connection.execute(table(name, *map(column, rows[0])).insert(), rows)


def moment(days: int) -> str:
    """As the databases keep it."""
    return f"{LONG_AGO + timedelta(days=days):%Y-%m-%d %H:%M:%S.%f}"


def settings_of(engine: Engine, folder: Path) -> Settings:
    url = engine.url.set(drivername=engine.url.get_backend_name()).render_as_string(hide_password=False)
    return settings_for(url, folder)


async def snippets(settings: Settings, user: str, asked: str) -> list[str]:
    database = db.Database(settings)
    try:
        return [hit.snippet for hit in await Search(database).find(user, asked, 100)]
    finally:
        database.close()


async def check_old_rows(settings: Settings, user: str) -> None:
    assert await snippets(settings, user, "量子") == ["量子 and dessert", TEXTS[1], TEXTS[0]]
    assert await snippets(settings, user, "creme 🎉") == [TEXTS[3]]
    fillers = await snippets(settings, user, "filler")
    assert fillers == [f"filler {number}" for number in reversed(range(150, 250))], "the newest before others"
    assert [problem for problem in problems(settings) if "searching" in problem] == []


@pytest.mark.anyio
async def test_what_was_there_before(engine: Engine, tmp_path: Path) -> None:
    user = old_rows(engine)
    assert migrations.upgrade(engine) == (BEFORE, migrations.head())
    await check_old_rows(settings_of(engine, tmp_path), user)


@mysql_alone
@pytest.mark.anyio
@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
async def test_an_upgrade_that_dies_while_it_reads_them(engine: Engine, tmp_path: Path, number: int) -> None:
    """At each statement that writes to the index: before there is one, in the middle, and when it is built."""
    user = old_rows(engine)
    only = ("INSERT INTO search_entries", "CREATE FULLTEXT")
    with pytest.raises(Died), Death(engine, number, after=number % 2 == 1, only=only):
        migrations.upgrade(engine)
    migrations.upgrade(engine)
    await check_old_rows(settings_of(engine, tmp_path), user)


@pytest.mark.mysql
@pytest.mark.anyio
async def test_from_one_kind_of_database_to_the_other_and_back(blank: Blank, tmp_path: Path) -> None:
    """What was deleted, changed or added on the way is not found by mistake, nor missed."""
    places = [blank("sqlite"), blank("mysql"), blank("sqlite")]
    fill(places[0])
    for number, (here, there) in enumerate(pairwise(places)):
        restore(there, saved(here, tmp_path / f"backup-{number}"))
        with db.engine_for(there) as engine, Session(engine) as session, session.begin():
            talk = session.exec(text("SELECT id FROM conversations")).scalar_one()  # type: ignore[call-overload]
            row = session.get_one(Conversation, talk)
            row.title = f"move {number}"
            index.put_title(session, row)
            user = row.user_id
        assert await snippets(there, user, "天气") == []
        assert await snippets(there, user, "move") == [f"move {number}"]
        assert [shown[:8] for shown in await snippets(there, user, "quotes 长文")] == ["长文🦜 with"]
        assert await snippets(there, user, "野家") == ["𠮷野家"]
        assert problems(there) == []
        assert status(there).ok
