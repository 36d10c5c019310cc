"""Which devices are here: login sessions with an open socket."""

from __future__ import annotations

import anyio
import pytest

from server.accounts import presence
from server.db import Database
from server.journal import Journal
from server.realtime.event_log_memory import MemoryEventLog
from tests.fixtures.client import Person, Tab
from tests.fixtures.server import Running

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def no_grace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "GRACE", 0.0)
    monkeypatch.setattr(presence, "STEP", 0.01)


def here(tab: Tab) -> list[str]:
    """The devices as a tab knows them: those of its snapshot, and what came since."""
    sessions = [session["id"] for session in tab.synced["snapshot"]["sessions"]]
    for event in tab.of_type("session.opened", "session.closed"):
        if event["type"] == "session.opened":
            sessions.append(event["session"]["id"])
        else:
            sessions.remove(event["session"])
    return sessions


async def test_a_device_comes_with_its_first_socket_and_goes_with_its_last(server: Running) -> None:
    desk = await Person.register(server.url)
    phone = await Person.log_in(server.url)
    async with desk.tab() as tab:
        mine = tab.hello["session"]
        assert here(tab) == [mine]
        async with phone.tab() as first:
            theirs = first.hello["session"]
            await tab.until(lambda: here(tab) == [mine, theirs])
            assert sorted(here(first)) == sorted([mine, theirs])
            async with phone.tab():
                pass
            async with phone.tab() as third:
                assert sorted(here(third)) == sorted([mine, theirs])
        await tab.until(lambda: here(tab) == [mine])
        assert len(tab.of_type("session.opened")) == len(tab.of_type("session.closed")) == 1


async def test_a_page_that_is_loaded_anew_never_left(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(presence, "GRACE", 3600.0)
    desk = await Person.register(server.url)
    phone = await Person.log_in(server.url)
    async with desk.tab() as tab:
        for _ in range(3):
            async with phone.tab() as other:
                theirs = other.hello["session"]
        await tab.until(lambda: here(tab) == [tab.hello["session"], theirs])
        assert tab.of_type("session.closed") == []


async def test_logging_out_is_leaving_at_once(server: Running) -> None:
    desk = await Person.register(server.url)
    phone = await Person.log_in(server.url)
    async with desk.tab() as tab, phone.tab() as other:
        await tab.until(lambda: len(here(tab)) == 2)
        await phone.log_out()
        assert await other.closed() == 4401
        await tab.until(lambda: here(tab) == [tab.hello["session"]])
        assert len(tab.of_type("session.closed")) == 1


async def test_a_foreign_device_is_nobody_else_s_business(server: Running) -> None:
    ann, bob = await Person.register(server.url, "ann"), await Person.register(server.url, "bob")
    async with ann.tab() as tab:
        async with bob.tab() as other:
            assert len(here(other)) == 1
        assert len(here(tab)) == 1
        await tab.call("ping")
        assert tab.of_type("session.opened") == []


async def test_leaving_while_the_server_ends(database: Database) -> None:
    """The round that is under way and the last one do not take note of the same socket twice."""
    journal = Journal(database, MemoryEventLog())
    presences = presence.Presences(database, journal, "w" * 24)
    for number in range(3):
        presences.leave("u" * 24, f"{number:024}")
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(presences.end)
        tasks.start_soon(presences.end)
    assert presences.waiting == 0
