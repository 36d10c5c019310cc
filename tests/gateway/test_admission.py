"""A full server says so, takes the next as soon as there is room, and is never kept busy by those it turns away."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from server.errors import Unavailable
from server.gateway import admission
from server.gateway.admission import Admission, Full
from server.protocol.codes import CloseCode
from tests.fixtures.client import SECONDS, Person
from tests.fixtures.server import Running, running, settings_for

pytestmark = pytest.mark.anyio


async def turned_away(house: Running, token: str) -> tuple[int | None, str | None]:
    """Code and reason of a socket that is closed before any frame."""
    headers = {"Authorization": f"Bearer {token}"}
    async with connect(house.socket_url, additional_headers=headers, proxy=None) as opened:
        with pytest.raises(ConnectionClosed):
            await opened.recv()
        return opened.close_code, opened.close_reason


async def let_in(person: Person) -> None:
    """As soon as there is room: the end of another socket takes its time."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                async with person.tab() as tab:
                    assert await tab.call("ping") == {}
                    return
            except AssertionError:
                await asyncio.sleep(0.02)


async def test_a_worker_that_is_full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Says so before it looks anything up."""

    async def not_now(*_: object) -> None:
        raise AssertionError("this takes the database's time")

    with running(settings_for(tmp_path, connections=2)) as house:
        ann, bob = await Person.register(house.url, "ann"), await Person.register(house.url, "bob")
        async with ann.tab(), bob.tab() as tab:
            with monkeypatch.context() as watched:
                watched.setattr("server.accounts.service.Accounts.identify", not_now)
                assert await turned_away(house, bob.token) == (CloseCode.OVER_CAPACITY, "the server is full")
            assert await tab.call("ping") == {}
        await let_in(bob)


async def test_a_user_with_too_many_sockets(tmp_path: Path) -> None:
    with running(settings_for(tmp_path, user_connections=2)) as house:
        ann, bob = await Person.register(house.url, "ann"), await Person.register(house.url, "bob")
        again = await Person.log_in(house.url, "ann")
        async with ann.tab() as tab, again.tab():
            told = (CloseCode.OVER_CAPACITY, "too many connections of this account")
            assert await turned_away(house, ann.token) == told
            async with bob.tab() as other:
                assert await other.call("ping") == {}
            assert await tab.call("ping") == {}
        await let_in(ann)


async def test_the_last_seat_is_given_once(tmp_path: Path) -> None:
    door = Admission(settings_for(tmp_path, connections=3, user_connections=2))
    with door.seat("ann"), door.seat("ann"):
        with pytest.raises(Full, match="of this account"), door.seat("ann"):
            pass
        with door.seat("bob"), pytest.raises(Full, match="the server is full"), door.seat("cid"):
            pass
        with door.seat("cid"):
            pass
    with door.seat("ann"):
        pass


async def test_handshakes_under_way_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that takes too long is given up, and counts until the database has answered after all."""
    monkeypatch.setattr(admission, "HANDSHAKES", 2)
    monkeypatch.setattr(admission, "HANDSHAKE_SECONDS", 0.01)
    door = Admission(settings_for(tmp_path))
    gate = asyncio.Event()

    async def look(name: str) -> str:
        await gate.wait()
        if name == "lost":
            raise Unavailable("The database does not answer.")
        return name

    for name in ("ann", "lost"):
        with pytest.raises(Unavailable):
            await door.look_up(lambda name=name: look(name))  # type: ignore[misc]
    with pytest.raises(Full):
        await door.look_up(lambda: look("bob"))
    gate.set()
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                assert await door.look_up(lambda: look("bob")) == "bob"
            except Full:
                await asyncio.sleep(0)
            else:
                break
