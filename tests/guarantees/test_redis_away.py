"""Redis is frozen, killed or flushed while an answer is written. It holds nothing that is not stored elsewhere."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine

import pytest

from tests.fixtures.client import Person, Refused, Tab
from tests.fixtures.redis import RedisServer
from tests.fixtures.upstream import DONE, Gate, delta, finish
from tests.guarantees.conftest import Workers

pytestmark = [pytest.mark.anyio, pytest.mark.mysql]

Fault = Callable[[RedisServer], Coroutine[None, None, None]]
SECONDS = 60


async def flushed(redis: RedisServer) -> None:
    redis("FLUSHALL")


async def killed(redis: RedisServer) -> None:
    redis.kill()
    await asyncio.sleep(1)
    redis.start()


async def frozen(redis: RedisServer) -> None:
    redis.freeze()
    await asyncio.sleep(3)
    redis.thaw()


async def opened(tab: Tab, conversation: str) -> dict[str, object]:
    """A snapshot, as soon as there is one to be had."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                snapshot: dict[str, object] = (await tab.call("open", conversation=conversation, format="text"))["snapshot"]
            except Refused as refused:
                assert refused.code == "unavailable"
                await asyncio.sleep(0.2)
            else:
                return snapshot


@pytest.mark.parametrize("fault", [flushed, killed, frozen])
async def test_all_tabs_agree_after_its_return(workers: Workers, fault: Fault) -> None:
    """The answer is complete, and both tabs, told to open anew or not, come to hold what is stored."""
    before, after = Gate(), Gate()
    workers.upstream.script(delta("one "), before, delta("two "), after, delta("three"), finish(), DONE)
    ann = await Person.register(workers.first.url)
    there = await Person.log_in(workers.second.url)
    async with ann.tab() as here, there.tab() as beyond:
        sent = await here.send("Why?")
        await beyond.call("open", conversation=sent["conversation"], format="text")
        await beyond.until(lambda: beyond.joined_from_snapshot(sent["turn"]) == "one ")
        happening = asyncio.create_task(fault(workers.redis))
        before.open()
        await happening
        after.open()
        for tab in (here, beyond):
            async with asyncio.timeout(SECONDS):
                while True:
                    snapshot = await opened(tab, sent["conversation"])
                    (_, answer) = snapshot["messages"]  # type: ignore[misc]
                    if answer["status"] == "complete":
                        break
                    await asyncio.sleep(0.1)
            assert answer["text"] == "one two three"
        again = await beyond.send("And now?", sent["conversation"])
        assert (await beyond.finished(again["turn"]))["status"] == "complete"
