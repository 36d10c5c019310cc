"""An end that the database refuses, whatever for: the turn ends all the same, and says that something is missing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url, text

from server import db
from server.db import Database
from server.protocol.codes import Status
from server.turns import supervisor
from server.workers import alone
from tests.fixtures.client import Frame, Person, Tab
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = pytest.mark.anyio

REFUSALS = {
    "sqlite": (
        "CREATE TRIGGER refusal BEFORE UPDATE OF text ON messages WHEN NEW.text LIKE '%poison%' "
        "BEGIN SELECT RAISE(ABORT, 'refused'); END"
    ),
    "mysql": (
        "CREATE TRIGGER refusal BEFORE UPDATE ON messages FOR EACH ROW IF NEW.text LIKE '%poison%' "
        "THEN SIGNAL SQLSTATE '22001' SET MYSQL_ERRNO = 1406, MESSAGE_TEXT = 'refused'; END IF"
    ),
}


@pytest.fixture
def refusing(scripted: Running) -> Iterator[None]:
    """A database that does not take a certain word."""
    database = Database(scripted.settings)
    with database.engine.begin() as connection:
        connection.execute(text(REFUSALS[database.kind]))
    yield
    with database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER refusal"))
    database.close()


async def opened(tab: Tab, conversation: str) -> tuple[Frame, Frame]:
    """The snapshot, and its last message."""
    snapshot = (await tab.call("open", conversation=conversation, format="text"))["snapshot"]
    return snapshot, snapshot["messages"][-1]


async def test_a_refused_end(scripted: Running, upstream: Upstream, refusing: None) -> None:
    """With the words of the last checkpoint; another question can be asked."""
    gate = Gate()
    upstream.script(delta("good "), gate, delta("poison"), finish(), DONE)
    upstream.script(delta("well"), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.call("title", conversation=sent["conversation"], title="Mine")
        await tab.event("turn.status", turn=sent["turn"], status="streaming")
        gate.open()
        await tab.event("reset", conversation=sent["conversation"])
        snapshot, row = await opened(tab, sent["conversation"])
        while row["status"] == Status.STREAMING:
            snapshot, row = await opened(tab, sent["conversation"])
        assert (row["status"], row["text"], row["error"]["code"]) == ("failed", "good ", "internal")
        assert snapshot["live"] == []
        await tab.call("continue", turn=sent["turn"])
        await tab.until(lambda: "good well" in [end["message"]["text"] for end in tab.of_type("turn.finished")])


async def test_a_database_that_is_away_keeps_no_server_from_ending(
    tmp_path: Path, sqlite_url: str, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An end that cannot be stored is left to the next start. Here another process holds the lock of the database."""
    monkeypatch.setattr(supervisor, "STOPPING", 0.5)
    monkeypatch.setattr(db, "BUSY_SECONDS", 0.1)
    gate = Gate()
    upstream.script(delta("first words "), gate, finish(), DONE)
    settings = settings_for(
        tmp_path,
        database_url=sqlite_url,
        openai_api_key="sk-canary",
        openai_base_url=upstream.base_url,
        drain_seconds=0.0,
    )
    with closing(sqlite3.connect(make_url(sqlite_url).database or "", isolation_level=None)) as other:
        with running(settings) as server:
            ann = await Person.register(server.url)
            async with ann.tab() as tab:
                sent = await tab.send("Why?")
                await tab.event("turn.status", status="streaming")
            other.execute("BEGIN IMMEDIATE")
        other.execute("ROLLBACK")
    gate.open()
    with db.engine_for(settings) as engine:
        alone.ensure(engine)  # as each start does
    with running(settings) as server:
        ann = await Person.log_in(server.url)
        async with ann.tab() as tab:
            _, row = await opened(tab, sent["conversation"])
            assert (row["status"], row["text"]) == (Status.INTERRUPTED, "first words ")
