"""Programs with a token of their own on the socket, and what is left when an account is deleted; on both engines."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text
from sqlmodel import SQLModel

from server import db
from server.gateway import connections
from tests.fixtures.client import Person, Tab
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = pytest.mark.anyio

VOLATILE = {"workers"}


async def test_a_program_is_a_device_like_any_other(server: Running) -> None:
    ann = await Person.register(server.url)
    program = await ann.program("nightly")
    async with ann.tab() as tab:
        async with program.tab() as script:
            assert script.hello["user"] == tab.hello["user"]
            opened = await tab.event("session.opened")
            shown = opened["session"]
            assert (shown["id"], shown["kind"], shown["device"]) == (script.hello["session"], "token", "nightly")
            sent = await script.send("Why?")
            await script.finished(sent["turn"])
            await tab.event("turn.status", turn=sent["turn"], status="complete")
            assert (await ann.ask("DELETE", f"/api/auth/sessions/{shown['id']}")).status_code == 204
            assert await script.closed() == 4401
        await tab.event("session.closed", session=shown["id"])
    assert (await program.ask("GET", "/api/auth/me")).status_code == 401


async def test_a_token_that_is_gone_from_the_database(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """What no signal has told is found out all the same."""
    monkeypatch.setattr(connections, "AUDIT_SECONDS", 0.02)
    ann = await Person.register(server.url)
    program = await ann.program()
    async with program.tab() as script, ann.tab() as tab:
        with db.engine_for(server.settings) as engine, engine.begin() as connection:
            connection.execute(text("DELETE FROM login_sessions WHERE token_hash IS NOT NULL"))
        assert await script.closed() == 4401
        await tab.call("ping")


async def test_a_new_password_ends_programs(server: Running) -> None:
    ann = await Person.register(server.url)
    program = await ann.program()
    async with program.tab() as script, ann.tab() as tab:
        passwords = {"current_password": "correct horse", "new_password": "battery staple"}
        assert (await ann.ask("POST", "/api/auth/password", **passwords)).status_code == 200
        assert await script.closed() == 4401
        await tab.event("session.closed", session=script.hello["session"])


def contents(server: Running) -> dict[str, list[str]]:
    """Every row of every table, but those of what comes and goes by itself."""
    tables = [table for table in SQLModel.metadata.sorted_tables if table.name not in VOLATILE]
    with db.engine_for(server.settings) as engine, engine.connect() as connection:
        return {table.name: sorted(repr(row) for row in connection.execute(select(table))) for table in tables}


async def titled(tab: Tab, title: str) -> None:
    """The answer is there, and the model has written the title too: nothing more is going to happen."""
    await tab.until(lambda: title in [event["conversation"]["title"] for event in tab.of_type("conversation.updated")])


async def test_of_a_deleted_account_nothing_stays(scripted: Running, upstream: Upstream) -> None:
    """An answer that runs is stopped first; all sockets are closed; other people's rows are as they were."""
    admin = await Person.register(scripted.url, "admin")
    upstream.script(delta("Hello"), finish(), DONE)
    upstream.script(delta("Mine"), finish(), DONE)
    async with admin.tab() as tab:
        await tab.send("Hello")
        await titled(tab, "Mine")
    before = contents(scripted)

    gate = Gate()
    upstream.script(delta("Done"), finish(), DONE)
    upstream.script(delta("Hers"), finish(), DONE)
    upstream.script(delta("On and on"), gate, finish(), DONE)
    ann = await Person.register(scripted.url)
    phone, program = await Person.log_in(scripted.url), await ann.program()
    async with ann.tab() as tab, phone.tab() as other, program.tab() as script:
        await tab.send("Why?")
        await titled(tab, "Hers")
        await tab.call("settings", key="theme", value="dark")
        await tab.call("draft", conversation=None, text="And why")
        live = await other.send("And now?")
        await other.event("turn.delta", turn=live["turn"])
        assert (await ann.ask("POST", "/api/auth/delete", current_password="correct horse")).status_code == 204
        assert [await one.closed() for one in (tab, other, script)] == [4401] * 3
    assert upstream.hung_up.is_set()
    for person in (ann, phone, program):
        assert (await person.ask("GET", "/api/auth/me")).status_code == 401
    after = contents(scripted)
    assert {name: rows for name, rows in after.items() if rows != before[name]} == {}
