"""Who gets a socket, who is told why not, and when one ends."""

from __future__ import annotations

import asyncio
import itertools
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx2
import pytest
from sqlalchemy import make_url
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from server.accounts.tokens import Access, AccessTokens
from server.app import CLIENT
from server.gateway.connections import Connections
from server.http.site import built_client
from server.protocol.codes import CloseCode
from server.realtime.bus import MemoryBus, SessionsEnded
from server.settings import secret_key
from tests.fixtures.client import Frame, Person, Refused
from tests.fixtures.server import Running, running, settings_for

pytestmark = pytest.mark.anyio

NUMBERS = itertools.count(1)
FOREIGN = "https://evil.example"
COMMANDS: dict[str, Frame] = {
    "sync": {},
    "open": {"conversation": "c"},
    "close": {"conversation": "c"},
    "send": {"conversation": None, "text": "x", "client_id": "c"},
    "stop": {"turn": "t"},
    "regenerate": {"turn": "t"},
    "title": {"conversation": "c"},
    "list": {},
    "history": {"conversation": "c", "before": "m"},
    "update": {"conversation": "c"},
    "delete": {"conversations": ["c"]},
    "read": {"conversation": "c", "message": "m"},
    "settings": {"key": "k", "value": 1},
    "models": {},
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(settings_for(tmp_path_factory.mktemp("handshake"))) as server:
        yield server


@pytest.fixture
async def person(house: Running) -> Person:
    return await Person.register(house.url, f"person{next(NUMBERS)}")


@asynccontextmanager
async def socket(house: Running, headers: dict[str, str], **options: Any) -> AsyncIterator[ClientConnection]:
    async with connect(house.socket_url, additional_headers=headers, proxy=None, **options) as opened:
        yield opened


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def cookie(token: str) -> dict[str, str]:
    return {"Cookie": f"access={token}"}


async def refused(house: Running, headers: dict[str, str]) -> int:
    """The status of a handshake that fails."""
    with pytest.raises(InvalidStatus) as caught:
        async with socket(house, headers):
            pass
    return caught.value.response.status_code


async def turned_away(house: Running, headers: dict[str, str]) -> int | None:
    """The close code of a socket that is closed before any frame."""
    async with socket(house, headers) as opened:
        with pytest.raises(ConnectionClosed):
            await opened.recv()
        return opened.close_code


async def call(person: Person, path: str, **body: Any) -> httpx2.Response:
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.post(f"{person.url}/api/auth/{path}", headers=bearer(person.token), json=body)
    assert answer.is_success, answer.text
    return answer


def change(house: Running, statement: str, *values: object) -> None:
    """In the database, behind the server's back."""
    path = make_url(house.settings.database).database
    assert path is not None
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement, values)
    connection.close()


async def test_hello_is_the_first_frame(house: Running, person: Person) -> None:
    async with person.tab() as tab:
        hello = tab.frames[0]
        assert hello == tab.hello
        assert (hello["type"], hello["protocol"], hello["user"]) == ("hello", 1, person.user)
        assert hello["server"].get("client") == built_client(CLIENT)
        assert hello["limits"] == {
            "frame_bytes": house.settings.frame_bytes,
            "message_chars": house.settings.message_chars,
            "attachments": {},
            "active_turns": house.settings.active_turns,
        }
        (login,) = tab.synced["snapshot"]["sessions"]
        assert hello["session"] == login["id"]
        async with person.tab(sync=False) as other:
            assert other.hello["connection"] != hello["connection"]
            assert other.hello["session"] == hello["session"]


async def test_a_foreign_page_gets_no_socket(house: Running, person: Person) -> None:
    """However it got the token: a page that may not ask is refused before anything is said."""
    for token in (cookie(person.token), bearer(person.token), {}):
        assert await refused(house, {**token, "Origin": FOREIGN}) == 403
        assert await refused(house, {**token, "Origin": "null"}) == 403


async def test_a_cookie_needs_a_page_and_a_bearer_none(house: Running, person: Person) -> None:
    assert await refused(house, cookie(person.token)) == 403
    assert await refused(house, cookie("nonsense")) == 403
    async with socket(house, {**cookie(person.token), "Origin": house.url}) as opened:
        assert '"hello"' in str(await opened.recv())
    async with socket(house, bearer(person.token)) as opened:
        assert '"hello"' in str(await opened.recv())


async def test_without_a_good_token_the_socket_says_so_before_any_other_frame(house: Running, person: Person) -> None:
    access = AccessTokens(secret_key(house.settings), 900).read(person.token)
    assert access is not None
    forged = AccessTokens("some other key that is long enough", 900)
    ours = AccessTokens(secret_key(house.settings), 900)
    bad = [
        {},
        bearer(""),
        bearer("nonsense"),
        bearer(person.token[:-2]),
        bearer(person.refresh_token),
        bearer(forged.issue(access)),
        bearer(ours.issue(Access(user=access.user, session="nothing"))),
        bearer(ours.issue(Access(user="nobody", session=access.session))),
        {**cookie("nonsense"), "Origin": house.url},
        {**cookie(person.token), **bearer("nonsense")},
    ]
    for headers in bad:
        assert await turned_away(house, headers) == CloseCode.UNAUTHENTICATED


async def test_a_token_that_has_expired_is_none(
    house: Running, person: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with socket(house, bearer(person.token)) as opened:
        await opened.recv()
        monkeypatch.setattr("itsdangerous.timed.TimestampSigner.get_timestamp", lambda _self: 2**32)
        assert await turned_away(house, bearer(person.token)) == CloseCode.UNAUTHENTICATED
        await opened.send('{"type":"ping","id":"r"}')  # an open socket lives as long as its login, not as its token
        assert '"reply"' in str(await opened.recv())


@pytest.mark.parametrize("offered", [["parley.v1"], ["other", "parley.v1"], ["other"], None])
async def test_the_subprotocol_is_ours_or_none(house: Running, person: Person, offered: list[str] | None) -> None:
    chosen = "parley.v1" if offered and "parley.v1" in offered else None
    wanted = [Subprotocol(name) for name in offered] if offered else None
    async with socket(house, bearer(person.token), subprotocols=wanted) as opened:
        assert opened.subprotocol == chosen


async def test_a_suspended_user_is_cut_off(house: Running, person: Person) -> None:
    change(house, "UPDATE users SET role = 'suspended' WHERE id = ?", person.user["id"])
    assert await turned_away(house, bearer(person.token)) == CloseCode.CUT_OFF


async def test_who_waits_for_admission_may_ping_and_nothing_else(house: Running, person: Person) -> None:
    change(house, "UPDATE users SET role = 'pending' WHERE id = ?", person.user["id"])
    async with person.tab(sync=False) as tab:
        assert tab.hello["user"]["role"] == "pending"
        assert await tab.call("ping") == {}
        for command, fields in COMMANDS.items():
            with pytest.raises(Refused) as caught:
                await tab.call(command, **fields)
            assert caught.value.code == "forbidden"
        assert tab.events == []


async def test_logging_out_closes_the_sockets_of_that_login(house: Running, person: Person) -> None:
    again = await Person.log_in(house.url, person.user["username"])
    async with person.tab() as first, person.tab() as second, again.tab() as other:
        await call(person, "logout")
        assert await first.closed() == CloseCode.UNAUTHENTICATED
        assert await second.closed() == CloseCode.UNAUTHENTICATED
        assert (await other.event("session.closed"))["session"] == first.hello["session"]
        assert await other.call("ping") == {}
        assert await turned_away(house, bearer(person.token)) == CloseCode.UNAUTHENTICATED


async def test_a_new_password_closes_the_sockets_of_all_other_logins(house: Running, person: Person) -> None:
    others = [await Person.log_in(house.url, person.user["username"]) for _ in range(2)]
    async with person.tab() as mine, others[0].tab() as first, others[1].tab() as second:
        await call(person, "password", current_password="correct horse", new_password="battery staple")
        assert await first.closed() == CloseCode.UNAUTHENTICATED
        assert await second.closed() == CloseCode.UNAUTHENTICATED
        assert await mine.call("ping") == {}


@dataclass(eq=False)
class Arriving:
    """A connection of some login."""

    session: SimpleNamespace
    closed: list[CloseCode] = field(default_factory=list)

    def close(self, code: CloseCode, _reason: str) -> None:
        self.closed.append(code)


async def test_a_login_that_ends_while_its_socket_is_let_in_has_no_socket() -> None:
    """Between the look at the login and the socket's entry into the list, the end may come."""
    bus = MemoryBus()
    connections = Connections(bus)
    before, late, other = (Arriving(SimpleNamespace(id=login)) for login in ("ended", "ended", "other"))
    connections.add(cast(Any, before))
    await bus.publish(SessionsEnded(frozenset({"ended"})))
    connections.add(cast(Any, late))
    connections.add(cast(Any, other))
    assert (before.closed, late.closed, other.closed) == (
        [CloseCode.UNAUTHENTICATED],
        [CloseCode.UNAUTHENTICATED],
        [],
    )


async def test_while_the_database_is_away_sockets_are_asked_to_come_back(tmp_path: Path) -> None:
    """Not an error of the server's, and not a lost login."""
    with running(settings_for(tmp_path)) as house:
        person = await Person.register(house.url)
        change(house, "ALTER TABLE login_sessions RENAME TO hidden")
        try:
            assert await turned_away(house, bearer(person.token)) == CloseCode.OVER_CAPACITY
        finally:
            change(house, "ALTER TABLE hidden RENAME TO login_sessions")
        async with person.tab() as tab:
            assert await tab.call("ping") == {}


async def test_a_server_that_goes_tells_its_sockets(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """In the middle of an answer, too; and nothing of it is an error."""
    with ExitStack() as house:
        server = house.enter_context(running(settings_for(tmp_path, demo_pace=1.0)))
        person = await Person.register(server.url)
        async with person.tab() as tab, person.tab() as idle:
            sent = await tab.send("/long")
            await tab.event("turn.delta", turn=sent["turn"])
            await asyncio.to_thread(house.close)
            assert await tab.closed() == CloseCode.SERVICE_RESTART
            assert await idle.closed() == CloseCode.SERVICE_RESTART
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
