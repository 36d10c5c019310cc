"""An end that the database refuses, whatever for: the turn ends all the same, and says that something is missing."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from server.db import Database
from server.protocol.codes import Status
from tests.fixtures.client import Frame, Person, Tab
from tests.fixtures.server import Running
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
