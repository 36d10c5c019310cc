"""A worker dies, or is taken for dead, in the middle of an answer that people follow through another one."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable

import pytest

from tests.fixtures.client import Frame, Person, Tab
from tests.fixtures.upstream import DONE, HANG, Gate, delta, finish
from tests.guarantees.conftest import Workers

pytestmark = [pytest.mark.anyio, pytest.mark.mysql, pytest.mark.redis]

SECONDS = 60
"""For what takes 15 at most on a machine that has nothing else to do."""


async def end_of(tab: Tab, turn: str) -> Frame:
    """The message of its only end, when it has come."""

    def ends() -> list[Frame]:
        return [event["message"] for event in tab.of_type("turn.finished") if event["message"]["id"] == turn]

    await until(lambda: bool(ends()))
    (message,) = ends()
    return message


async def until(condition: Callable[[], bool]) -> None:
    """Longer than a tab waits by itself: others must be sure that a worker is dead."""
    async with asyncio.timeout(SECONDS):
        while not condition():  # noqa: ASYNC110 -- asked of what a tab holds
            await asyncio.sleep(0.05)


async def test_a_worker_that_thaws_cannot_end_its_turn_a_second_time(workers: Workers) -> None:
    """It was silent for longer than the others wait, and its turn is over. What it has still to say is not heard."""
    gate = Gate()
    workers.upstream.script(delta("first "), gate, delta("and more"), HANG)
    ann = await Person.register(workers.first.url)
    there = await Person.log_in(workers.second.url)
    async with ann.tab() as asking, there.tab() as following:
        sent = await asking.send("Why?")
        await following.call("open", conversation=sent["conversation"], format="text")
        await following.until(lambda: following.joined_from_snapshot(sent["turn"]) == "first ")
        workers.first.send_signal(signal.SIGSTOP)
        try:
            await end_of(following, sent["turn"])
        finally:
            workers.first.send_signal(signal.SIGCONT)
        gate.open()
        assert await asyncio.to_thread(workers.upstream.hung_up.wait, SECONDS), "it has not given up"
        workers.upstream.script(delta("all of it"), finish(), DONE)
        again = await following.call("regenerate", turn=sent["turn"])
        assert (await following.finished(again["turn"]))["text"] == "all of it"
        message = await end_of(following, sent["turn"])
        assert (message["status"], message["text"]) == ("interrupted", "first ")
        opened = await following.call("open", conversation=sent["conversation"])
        assert [row["id"] for row in opened["snapshot"]["messages"]] == [sent["message"], again["turn"]]


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
        await until(lambda: bool(following.of_type("reset", conversation=sent["conversation"])))
        # The user's log may begin anew after the conversation's has been opened: then it is opened once more.
        await following.call("sync")
        assert await following.ended(sent["turn"]) == "interrupted"
        opened = await following.call("open", conversation=sent["conversation"])
        answer = opened["snapshot"]["messages"][-1]
        assert (answer["status"], answer["text"]) == ("interrupted", "first ")
