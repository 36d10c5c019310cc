"""A worker dies, or is taken for dead, in the middle of an answer that people follow through another one."""

from __future__ import annotations

import asyncio
import signal

import pytest

from tests.fixtures.client import Person, Tab
from tests.fixtures.upstream import DONE, HANG, delta, finish
from tests.guarantees.conftest import Workers

pytestmark = [pytest.mark.anyio, pytest.mark.mysql]

SECONDS = 60
"""For what takes 15 at most on a machine that has nothing else to do."""


async def ends(tab: Tab, turn: str) -> list[dict[str, object]]:
    return [event["message"] for event in tab.of_type("turn.finished") if event["message"]["id"] == turn]


async def test_what_followers_saw_of_a_dead_worker_s_answer_is_stored(workers: Workers) -> None:
    """kill -9: another worker ends the turn as `interrupted`, once, with every character that the log has."""
    workers.upstream.script(delta("first "), delta("words "), delta("潮汐 🌊"), HANG)
    ann = await Person.register(workers.first.url)
    there = await Person.log_in(workers.second.url)
    async with ann.tab() as asking, there.tab() as following:
        sent = await asking.send("Why?")
        await following.call("open", conversation=sent["conversation"], format="text")
        await following.until(lambda: following.joined_from_snapshot(sent["turn"]) == "first words 潮汐 🌊")
        workers.first.kill()
        await asking.closed()
        async with asyncio.timeout(SECONDS):
            while not await ends(following, sent["turn"]):
                await asyncio.sleep(0.05)
        (message,) = await ends(following, sent["turn"])
        assert (message["status"], message["text"]) == ("interrupted", "first words 潮汐 🌊")
        assert not following.of_type("reset")
        again = await following.call("open", conversation=sent["conversation"])
        assert again["snapshot"]["messages"][-1]["text"] == "first words 潮汐 🌊"
        assert "live_turn" not in again["snapshot"]["conversation"]


async def test_a_worker_that_thaws_cannot_end_its_turn_a_second_time(workers: Workers) -> None:
    """It was silent for longer than the others wait, and its turn is over. What it has still to say is not heard."""
    workers.upstream.script(delta("first "), HANG)
    ann = await Person.register(workers.first.url)
    there = await Person.log_in(workers.second.url)
    async with ann.tab() as asking, there.tab() as following:
        sent = await asking.send("Why?")
        await following.call("open", conversation=sent["conversation"], format="text")
        await following.until(lambda: following.joined_from_snapshot(sent["turn"]) == "first ")
        workers.first.send_signal(signal.SIGSTOP)
        try:
            async with asyncio.timeout(SECONDS):
                while not await ends(following, sent["turn"]):
                    await asyncio.sleep(0.05)
        finally:
            workers.first.send_signal(signal.SIGCONT)
        await asyncio.to_thread(workers.upstream.hung_up.wait, SECONDS)  # it has given up
        workers.upstream.script(delta("all of it"), finish(), DONE)
        again = await following.call("regenerate", turn=sent["turn"])
        assert (await following.finished(again["turn"]))["text"] == "all of it"
        (message,) = await ends(following, sent["turn"])
        assert (message["status"], message["text"]) == ("interrupted", "first ")
        (read,) = [
            row for row in (await following.call("open", conversation=sent["conversation"]))["snapshot"]["messages"][1:]
        ]
        assert read["id"] == again["turn"]


async def test_worker_and_log_die_together(workers: Workers) -> None:
    """Followers are told to open anew; the answer has what the last checkpoint had."""
    workers.upstream.script(delta("first "), HANG)
    ann = await Person.register(workers.first.url)
    there = await Person.log_in(workers.second.url)
    async with ann.tab() as asking, there.tab() as following:
        sent = await asking.send("Why?")
        await following.call("open", conversation=sent["conversation"], format="text")
        await following.event("turn.status", status="streaming")  # told with a checkpoint that has words
        workers.first.kill()
        workers.redis.kill()
        workers.redis.start()
        async with asyncio.timeout(SECONDS):
            while not following.of_type("reset", conversation=sent["conversation"]):
                await asyncio.sleep(0.05)
            while (opened := await following.call("open", conversation=sent["conversation"]))["snapshot"]["live"]:
                await asyncio.sleep(0.2)
        answer = opened["snapshot"]["messages"][-1]
        assert (answer["status"], answer["text"]) == ("interrupted", "first ")
