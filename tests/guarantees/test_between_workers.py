"""Tabs of one person on two workers."""

from __future__ import annotations

import asyncio

import pytest

from tests.fixtures.client import Person
from tests.fixtures.upstream import DONE, Gate, delta, finish
from tests.guarantees.conftest import Workers

pytestmark = [pytest.mark.anyio, pytest.mark.mysql, pytest.mark.redis]


async def test_the_same_question_at_once_on_two_workers(workers: Workers) -> None:
    """One row, one request to the model; every tab gets the same ids."""
    ann = await Person.register(workers.first.url)
    there = await Person.log_in(workers.second.url)
    async with ann.tab() as here, there.tab() as beyond:
        asked = {"conversation": None, "text": "Why?", "client_id": "once", "format": "text"}
        sent = await asyncio.gather(*(tab.call("send", **asked) for tab in (here, beyond) * 4))
        assert len({one["turn"] for one in sent}) == 1
        await here.finished(sent[0]["turn"])
        opened = await beyond.call("open", conversation=sent[0]["conversation"])
        assert [row["role"] for row in opened["snapshot"]["messages"]] == ["user", "assistant"]
    questions = [chat.body["messages"][-1]["content"] for chat in workers.upstream.chats]
    assert questions.count("Why?") == 1


async def test_who_is_logged_out_elsewhere_is_so_on_every_worker(workers: Workers) -> None:
    """Devices and programs; from either worker."""
    ann = await Person.register(workers.first.url)
    phone, program = await Person.log_in(workers.second.url), await ann.program()
    program.url = workers.second.url
    async with ann.tab() as desk, phone.tab() as far, program.tab() as script:
        for there in (far, script):
            answer = await ann.ask("DELETE", f"/api/auth/sessions/{there.hello['session']}")
            assert answer.status_code == 204
            assert await there.closed() == 4401
            await desk.event("session.closed", session=there.hello["session"])
        await desk.call("ping")


async def test_an_account_that_is_deleted_is_so_on_every_worker(workers: Workers) -> None:
    """Its answer that runs on the other worker is stopped first, and its sockets are closed on both."""
    await Person.register(workers.first.url, "admin")
    gate = Gate()
    workers.upstream.script(delta("On and on"), gate, finish(), DONE)
    ann = await Person.register(workers.first.url)
    phone = await Person.log_in(workers.second.url)
    async with ann.tab() as here, phone.tab() as there:
        sent = await there.send("Why?")
        await there.event("turn.delta", turn=sent["turn"])
        answer = await ann.ask("POST", "/api/auth/delete", current_password="correct horse")
        assert answer.status_code == 204
        assert await here.closed() == await there.closed() == 4401
    assert workers.upstream.hung_up.is_set()
    assert (await phone.ask("GET", "/api/auth/me")).status_code == 401


async def test_a_spent_refresh_token_ends_its_login_session_on_every_worker(workers: Workers) -> None:
    """Reuse beyond the grace closes the sockets of the family, wherever they are."""
    ann = await Person.register(workers.first.url)
    spent = ann.refresh_token
    there = Person(workers.second.url, {"user": ann.user, "access_token": ann.token, "refresh_token": ""})
    async with there.tab() as beyond:
        assert await ann.refresh() == 200
        assert await ann.refresh() == 200  # the successor is presented: nobody needs the old one any more
        ann.refresh_token = spent
        assert await ann.refresh() == 401
        assert await beyond.closed() == 4401
