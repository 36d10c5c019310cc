"""Two servers on one database and one Redis are one: whichever a tab is on, it sees the same."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest

from server.tables import new_id
from tests.fixtures.client import SECONDS, Frame, Person, Refused, Tab
from tests.fixtures.redis import RedisServer
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.redis,
    pytest.mark.parametrize("database_url", [pytest.param("mysql", marks=pytest.mark.mysql)], indirect=True),
]

PIECES = [f"{number} 潮汐 🌊 " for number in range(20)]
TEXT = "".join(PIECES)


@pytest.fixture
def workers(tmp_path: Path, database_url: str, own_redis: RedisServer, upstream: Upstream) -> Iterator[list[Running]]:
    settings = settings_for(
        tmp_path,
        database_url=database_url,
        redis_url=own_redis.url,
        redis_prefix=new_id(),
        drain_seconds=0,
        openai_api_key="sk-canary-7f3a",
        openai_base_url=upstream.base_url,
    )
    with ExitStack() as stack:
        yield [stack.enter_context(running(settings)) for _ in range(2)]


def at(worker: Running, person: Person) -> Person:
    """The same person, whose tabs are on another worker."""
    return Person(worker.url, {"user": person.user, "access_token": person.token, "refresh_token": ""})


async def insist(ask: Callable[[], Awaitable[Frame]]) -> Frame:
    """Asks again while the answer is that it may work later."""
    async with asyncio.timeout(SECONDS):
        while True:
            try:
                return await ask()
            except Refused as refused:
                if refused.code != "unavailable":
                    raise
                await asyncio.sleep(0.1)


async def readiness(worker: Running) -> Any:
    async with httpx2.AsyncClient(trust_env=False) as client:
        return json.loads((await client.get(f"{worker.url}/readyz")).text)


class Reader:
    """A tab that reads one turn, and opens its conversation anew whenever it is told to, as a client does."""

    def __init__(self, tab: Tab, conversation: str, turn: str) -> None:
        self.tab = tab
        self.conversation = conversation
        self.turn = turn
        self.openings = 0

    async def read(self) -> str:
        """The turn's text when it has ended."""
        while True:
            opened = await insist(lambda: self.tab.call("open", conversation=self.conversation, format="text"))
            self.openings += 1
            text = await self._read_on(opened)
            if text is not None:
                return text

    async def _read_on(self, opened: Frame) -> str | None:
        """None: the log has to be opened anew."""
        text: str = opened["snapshot"]["messages"][-1]["text"]
        live = {live["turn"]: live["text"] for live in opened["snapshot"]["live"]}
        if self.turn not in live:
            return text
        text = live[self.turn]
        async for frame in self._frames_after(opened):
            if frame["type"] == "reset":
                return None
            if frame["type"] == "turn.delta":
                assert frame["from"] == len(text)
                text += frame["text"]
            if frame["type"] == "turn.finished":
                assert frame["message"]["text"] == text
                return text
        raise AssertionError("there is always a next frame")

    async def _frames_after(self, opened: Frame) -> AsyncIterator[Frame]:
        frames = self.tab.frames
        position = next(index for index, frame in enumerate(frames) if frame.get("data") is opened)
        while True:
            position += 1
            await self.tab.until(partial(lambda position: len(frames) > position, position))
            if frames[position].get("conversation") == self.conversation:
                yield frames[position]


async def test_a_tab_on_each_sees_the_same(workers: list[Running], upstream: Upstream) -> None:
    """Of a conversation that one of them begins; the other one hears of it, opens it, and has every word."""
    upstream.script(*map(delta, PIECES), finish(), DONE)
    ann = await Person.register(workers[0].url)
    async with ann.tab() as asking, at(workers[1], ann).tab() as looking:
        sent = await asking.send("Why are there tides?")
        await looking.event("conversation.created")
        reader = Reader(looking, sent["conversation"], sent["turn"])
        assert await reader.read() == TEXT
        assert (await asking.finished(sent["turn"]))["text"] == TEXT
        assert asking.joined(sent["turn"]) == TEXT
        assert await looking.ended(sent["turn"]) == await asking.ended(sent["turn"]) == "complete"
        again = await looking.send("And then?", sent["conversation"])
        assert await asking.finished(again["turn"]) == await looking.finished(again["turn"])
        theirs, ours = (
            {
                event["offset"]: event
                for event in tab.of_type("message.created", "turn.finished", conversation=sent["conversation"])
            }
            for tab in (looking, asking)
        )
        assert {offset: ours[offset] for offset in theirs} == theirs


async def test_html_is_the_same_on_each(workers: list[Running], upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(delta("# Tides\n\nThe **moon**"), gate, delta(" pulls.\n\n- one\n- two"), finish(), DONE)
    ann = await Person.register(workers[0].url)
    async with ann.tab() as asking, at(workers[1], ann).tab() as looking:
        sent = await asking.send("Why?", format="html")
        await looking.event("conversation.created")
        await looking.call("open", conversation=sent["conversation"])
        gate.open()
        message = await asking.finished(sent["turn"])
        assert await looking.finished(sent["turn"]) == message
        assert "".join(asking.blocks(sent["turn"])) == message["html"]
        assert "".join(looking.blocks_from_snapshot(sent["turn"])) == message["html"]


async def test_an_answer_is_stopped_from_the_other_worker(workers: list[Running], upstream: Upstream) -> None:
    upstream.script(delta("Because"), Gate())
    ann = await Person.register(workers[0].url)
    async with ann.tab() as asking, at(workers[1], ann).tab() as looking:
        sent = await asking.send("Why?")
        await asking.until(lambda: asking.joined(sent["turn"]) == "Because")
        await looking.call("stop", turn=sent["turn"])
        assert await looking.ended(sent["turn"]) == "stopped"
        message = await asking.finished(sent["turn"])
        assert (message["text"], message["status"]) == ("Because", "stopped")


async def test_who_moves_to_the_other_worker_gets_exactly_what_was_missed(
    workers: list[Running], upstream: Upstream
) -> None:
    gate = Gate()
    upstream.script(*map(delta, PIECES[:5]), gate, *map(delta, PIECES[5:]), finish(), DONE)
    ann = await Person.register(workers[0].url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.until(lambda: tab.joined(sent["turn"]) == "".join(PIECES[:5]))
        last = tab.of_type("turn.delta")[-1]["offset"]
        mine = tab.synced
        seen = [event["offset"] for event in tab.of_type("conversation.created", "turn.status")]
    gate.open()
    async with at(workers[1], ann).tab(sync=False) as back:
        synced = await back.call("sync", epoch=mine["epoch"], offset=max([mine["offset"], *seen]))
        assert synced["recovered"] is True
        opened = await back.call(
            "open", conversation=sent["conversation"], epoch=sent["epoch"], offset=last, format="text"
        )
        assert opened == {"epoch": sent["epoch"], "offset": last, "recovered": True}
        await back.finished(sent["turn"])
        missed = back.of_type("turn.delta", "turn.finished")
        assert tab.joined(sent["turn"]) + "".join(event["text"] for event in missed[:-1]) == TEXT


async def test_when_redis_is_killed_in_the_middle_of_an_answer_nothing_is_lost(
    workers: list[Running], upstream: Upstream, own_redis: RedisServer
) -> None:
    """The answer goes on meanwhile. Whoever follows it is told to open it anew, and has it whole in the end."""
    before, after = Gate(), Gate()
    upstream.script(
        *map(delta, PIECES[:5]), before, *map(delta, PIECES[5:10]), after, *map(delta, PIECES[10:]), finish(), DONE
    )
    ann = await Person.register(workers[0].url)
    async with ann.tab() as asking, at(workers[1], ann).tab() as looking:
        sent = await asking.send("Why?")
        readers = [Reader(tab, sent["conversation"], sent["turn"]) for tab in (asking, looking)]
        async with asyncio.TaskGroup() as tasks:
            reading = [tasks.create_task(reader.read()) for reader in readers]
            await asking.until(lambda: all(reader.openings == 1 for reader in readers))
            await asyncio.to_thread(before.reached.wait, SECONDS)
            own_redis.kill()
            before.open()
            await asyncio.to_thread(after.reached.wait, SECONDS)
            for tab in (asking, looking):
                await tab.event("reset", conversation=sent["conversation"])
                with pytest.raises(Refused, match="unavailable"):
                    await tab.call("open", conversation=sent["conversation"], format="text")
            assert (await readiness(workers[0]))["checks"]["redis"] == "Redis does not answer"
            own_redis.start()
            await asking.until(lambda: all(reader.openings > 1 for reader in readers))
            after.open()
        assert [task.result() for task in reading] == [TEXT, TEXT]
        assert (await readiness(workers[0]))["checks"]["redis"] == "ok"


async def test_while_redis_is_frozen_nothing_is_acknowledged_that_is_not_stored(
    workers: list[Running], upstream: Upstream, own_redis: RedisServer
) -> None:
    ann = await Person.register(workers[0].url)
    async with ann.tab() as tab, at(workers[1], ann).tab() as other:
        own_redis.freeze()
        await tab.event("reset")
        await other.event("reset")
        with pytest.raises(Refused, match="unavailable"):
            await tab.send("Why?")
        own_redis.thaw()
        sent = await insist(lambda: tab.send("Why?"))
        assert (await tab.finished(sent["turn"]))["status"] == "complete"
        synced = await insist(lambda: other.call("sync"))
        assert [row["id"] for row in synced["snapshot"]["conversations"]] == [sent["conversation"]]


async def test_a_log_out_closes_the_sockets_on_the_other_worker(workers: list[Running]) -> None:
    ann = await Person.register(workers[0].url)
    async with at(workers[1], ann).tab() as tab:
        async with httpx2.AsyncClient(trust_env=False) as client:
            answer = await client.post(
                f"{workers[0].url}/api/auth/logout", headers={"Authorization": f"Bearer {ann.token}"}
            )
        assert answer.status_code == 204
        assert await tab.closed() == 4401
