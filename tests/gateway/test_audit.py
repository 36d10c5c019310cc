"""What no signal has told, such as a change in the database itself, reaches open sockets all the same."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from server import db
from server.gateway import connections
from tests.fixtures.client import Person, Refused, Tab
from tests.fixtures.server import Running

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "AUDIT_SECONDS", 0.02)


def change(server: Running, statement: str, **values: str) -> None:
    with db.engine_for(server.settings) as engine, engine.begin() as connection:
        connection.execute(text(statement), values)


def give_role(server: Running, person: Person, role: str) -> None:
    change(server, "UPDATE users SET role = :role WHERE id = :id", role=role, id=person.user["id"])


async def refused(tab: Tab) -> str | None:
    try:
        await tab.call("list")
    except Refused as error:
        return error.code
    return None


async def test_a_login_session_that_is_gone(server: Running) -> None:
    desk, phone = await Person.register(server.url), await Person.log_in(server.url)
    async with desk.tab() as tab, phone.tab() as other:
        change(server, "DELETE FROM login_sessions WHERE id = :id", id=other.hello["session"])
        assert await other.closed() == 4401
        assert await refused(tab) is None


async def test_an_account_that_is_suspended(server: Running) -> None:
    ann, bob = await Person.register(server.url, "ann"), await Person.register(server.url, "bob")
    async with ann.tab() as tab, bob.tab() as one, bob.tab() as two:
        give_role(server, bob, "suspended")
        assert await one.closed() == await two.closed() == 4403
        assert await refused(tab) is None


async def test_an_account_that_waits_and_is_admitted(server: Running) -> None:
    """On the open socket, without connecting anew; and the other way round."""
    await Person.register(server.url, "ann")
    bob = await Person.register(server.url, "bob")
    async with bob.tab() as tab:
        for role, answer in (("pending", "forbidden"), ("user", None)):
            give_role(server, bob, role)
            while await refused(tab) != answer:
                pass
