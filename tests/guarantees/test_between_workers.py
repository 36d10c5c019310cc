"""Tabs of one person on two workers."""

from __future__ import annotations

import asyncio

import pytest

from tests.fixtures.client import Person
from tests.fixtures.upstream import DONE, HANG, Gate, delta, finish
from tests.guarantees.conftest import Workers

pytestmark = [pytest.mark.anyio, pytest.mark.mysql]


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


async def test_a_tab_moves_to_another_worker_in_the_middle_of_an_answer(workers: Workers) -> None:
    """It goes on from its offset: each delta once, in order, and joined they are the stored text."""
    gates = [Gate() for _ in range(3)]
    workers.upstream.script(
        delta("one "), gates[0], delta("two 🌊 "), gates[1], delta("three "), gates[2], delta("four"), finish(), DONE
    )
    ann = await Person.register(workers.first.url)
    there = Person(workers.second.url, {"user": ann.user, "access_token": ann.token, "refresh_token": ""})
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.until(lambda: tab.joined(sent["turn"]) == "one ")
        known = tab.joined(sent["turn"])
        place = {"epoch": sent["epoch"], "offset": tab.of_type("turn.delta")[-1]["offset"]}
    for gate in gates[:2]:
        gate.open()
    async with there.tab() as tab:
        opened = await tab.call("open", conversation=sent["conversation"], format="text", **place)
        assert opened["recovered"] is True
        gates[2].open()
        message = await tab.finished(sent["turn"])
        for event in tab.of_type("turn.delta"):
            assert event["from"] == len(known)
            known += event["text"]
        assert known == message["text"] == "one two 🌊 three four"


async def test_stop_from_another_worker(workers: Workers) -> None:
    """The request to the model is cut, and nothing follows the final event."""
    workers.upstream.script(delta("first "), HANG)
    ann = await Person.register(workers.first.url)
    there = await Person.log_in(workers.second.url)
    async with ann.tab() as asking, there.tab() as beyond:
        sent = await asking.send("Why?")
        await asking.until(lambda: asking.joined(sent["turn"]) == "first ")
        await beyond.call("stop", turn=sent["turn"])
        message = await asking.finished(sent["turn"])
        assert (message["status"], message["text"]) == ("stopped", "first ")
        assert await asyncio.to_thread(workers.upstream.hung_up.wait, 20)
        await asking.call("ping")
        ends = [event for event in asking.events if event.get("conversation") == sent["conversation"]]
        assert [event["type"] for event in ends if "offset" in event and "delta" not in event["type"]].count(
            "turn.finished"
        ) == 1


async def test_a_log_out_reaches_the_other_worker(workers: Workers) -> None:
    """The sockets of the login session are closed there as well, and its token opens none."""
    ann = await Person.register(workers.first.url)
    there = Person(workers.second.url, {"user": ann.user, "access_token": ann.token, "refresh_token": ""})
    async with there.tab() as beyond:
        await ann.log_out()
        assert await beyond.closed() == 4401


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
