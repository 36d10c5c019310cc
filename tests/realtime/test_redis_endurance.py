"""Two workers on a Redis that is cut off, flushed, killed and frozen under them: a tail is right, or it is lost."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
import pytest

from server.errors import Unavailable
from server.protocol.codes import Part
from server.protocol.events import TurnDelta
from server.realtime.event_log import EventLog, HistoryLost, Outcome, Speech
from server.realtime.redis_service import RedisService
from server.realtime.tail import Tail
from tests.fixtures.redis import RedisServer
from tests.realtime.units import LOG, OWNER, RUN, delta, ignore, until

pytestmark = [pytest.mark.anyio, pytest.mark.redis]

PAUSE = 0.02


@dataclass
class Speaker:
    """Counts aloud, as a recorder writes: where the log does not take it for certain, in another epoch from there."""

    log: EventLog
    text: str = ""
    words: int = 0

    async def speak(self) -> None:
        epoch = "none yet"
        while True:
            word = f"{self.words};"
            try:
                (outcome,) = await self.log.write([Speech(RUN, epoch, [delta(word, len(self.text))])])
            except Unavailable:
                outcome = Outcome.LOST
            self.text += word
            self.words += 1
            while outcome is not Outcome.DONE:
                try:
                    epoch = await self._resume()
                    break
                except (Unavailable, HistoryLost):
                    await anyio.sleep(PAUSE)
            await anyio.sleep(0.001)

    async def _resume(self) -> str:
        if await self.log.ledger(OWNER) is None:
            await self.log.renew(OWNER, 0, instead_of=None)
        chars = {Part.ANSWER: len(self.text), Part.REASONING: 0}
        return (await self.log.resume(RUN, chars)).epoch


@dataclass
class Listener:
    """Follows, and begins again when the tail is lost. Of each tail it keeps what it held in the end."""

    log: EventLog
    heard: list[list[TurnDelta]] = field(default_factory=list)
    tail: Tail | None = None

    async def listen(self) -> None:
        while True:
            try:
                self.tail = await self.log.follow(LOG, ignore)
            except (Unavailable, HistoryLost):
                await anyio.sleep(PAUSE)
                continue
            heard: list[TurnDelta] = []
            self.heard.append(heard)
            while not self.tail.lost:
                await anyio.sleep(PAUSE)
                heard[:] = [entry for entry in self.tail.after(self.tail.first - 1) if isinstance(entry, TurnDelta)]


async def test_what_is_heard_is_what_was_said_in_one_piece(own_redis: RedisServer) -> None:
    async with RedisService(own_redis.url, "parley") as one, RedisService(own_redis.url, "parley") as other:
        speaker, listener = Speaker(one.event_log), Listener(other.event_log)

        async def goes_on() -> None:
            """Some more is said, and some more is heard."""
            said, tails = speaker.words, len(listener.heard)
            await until(lambda: speaker.words >= said + 20)
            await until(lambda: len(listener.heard) >= tails and len(listener.heard[-1]) > 10)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(speaker.speak)
            tasks.start_soon(listener.listen)
            await until(lambda: bool(listener.heard))
            await goes_on()
            own_redis("CLIENT", "KILL", "TYPE", "pubsub")
            await goes_on()
            own_redis("FLUSHALL")
            await goes_on()
            own_redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            await goes_on()
            own_redis("SAVE")
            await goes_on()
            own_redis.kill()
            own_redis.start()
            await goes_on()
            own_redis.freeze()
            await until(lambda: listener.tail is not None and listener.tail.lost)
            own_redis.thaw()
            await goes_on()
            tasks.cancel_scope.cancel()
    assert len(listener.heard) > 3
    for heard in listener.heard:
        text = "".join(entry.text for entry in heard)
        start = heard[0].from_ if heard else 0
        assert speaker.text[start : start + len(text)] == text
        assert [entry.offset for entry in heard] == list(range(1, len(heard) + 1))
