"""Tabs of one person on two workers."""

from __future__ import annotations

import asyncio

import pytest

from tests.fixtures.client import Person
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
