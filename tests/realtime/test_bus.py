"""Signals reach every worker, whatever happens to its connection meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress

import anyio
import pytest

from server.errors import Unavailable
from server.realtime.bus import Bus, MemoryBus, SessionsEnded, Signal, StopTurn
from server.realtime.redis_service import RedisService
from tests.fixtures.redis import RedisServer
from tests.realtime.units import SECONDS, until

pytestmark = pytest.mark.anyio


class Ear:
    """Keeps what it hears."""

    def __init__(self, bus: Bus) -> None:
        self.heard: list[Signal] = []
        bus.listen(self.hear)

    async def hear(self, signal: Signal) -> None:
        self.heard.append(signal)

    @property
    def turns(self) -> list[str]:
        return [signal.turn for signal in self.heard if isinstance(signal, StopTurn)]


@pytest.fixture
async def here(own_redis: RedisServer) -> AsyncIterator[Bus]:
    async with RedisService(own_redis.url, "parley") as service:
        yield service.bus


@pytest.fixture
async def there(own_redis: RedisServer, here: Bus) -> AsyncIterator[Bus]:
    async with RedisService(own_redis.url, "parley") as service:
        yield service.bus


async def test_in_memory_everybody_here_has_heard_when_it_is_published() -> None:
    bus = MemoryBus()
    one, other = Ear(bus), Ear(bus)
    await bus.publish(StopTurn("t", 1))
    assert one.heard == other.heard == [StopTurn("t", 1)]


@pytest.mark.redis
async def test_a_signal_reaches_this_worker_at_once_and_the_others_soon(here: Bus, there: Bus) -> None:
    mine, theirs = Ear(here), Ear(there)
    signals: list[Signal] = [StopTurn("t", 1), SessionsEnded(frozenset({"a", "b"})), StopTurn("潮 汐", 1)]
    for signal in signals:
        await here.publish(signal)
    assert mine.heard == signals
    await until(lambda: theirs.heard == signals)
    await there.publish(StopTurn("back", 1))
    await until(lambda: mine.turns[-1] == "back")
    assert mine.heard == [*signals, StopTurn("back", 1)]


@pytest.mark.redis
async def test_what_a_worker_misses_while_its_connection_is_cut_it_hears_afterwards(
    here: Bus, there: Bus, own_redis: RedisServer
) -> None:
    ear = Ear(there)
    for number in range(30):
        own_redis("CLIENT", "KILL", "TYPE", "pubsub")
        await here.publish(StopTurn(str(number), 1))
    await until(lambda: ear.turns == [str(number) for number in range(30)])


@pytest.mark.redis
async def test_signals_after_redis_was_another_are_heard(here: Bus, there: Bus, own_redis: RedisServer) -> None:
    ear = Ear(there)
    await here.publish(StopTurn("before", 1))
    own_redis.kill()
    own_redis.start()
    with anyio.fail_after(SECONDS):
        while ear.turns[-1:] != ["after"]:
            with suppress(Unavailable):
                await here.publish(StopTurn("after", 1))
            await anyio.sleep(0.01)


@pytest.mark.redis
async def test_when_the_others_cannot_be_told_that_is_said(here: Bus, own_redis: RedisServer) -> None:
    ear = Ear(here)
    own_redis.kill()
    with pytest.raises(Unavailable):
        await here.publish(StopTurn("t", 1))
    assert ear.turns == ["t"]


@pytest.mark.redis
async def test_a_listener_that_fails_does_not_keep_the_next_signal_away(here: Bus, there: Bus) -> None:
    async def fail(signal: Signal) -> None:
        if signal == StopTurn("bad", 1):
            raise LookupError

    there.listen(fail)
    ear = Ear(there)
    await here.publish(StopTurn("bad", 1))
    await here.publish(StopTurn("good", 1))
    await until(lambda: ear.turns == ["good"])


@pytest.mark.redis
async def test_a_signal_that_only_newer_workers_know_is_passed_over(
    here: Bus, there: Bus, own_redis: RedisServer
) -> None:
    ear = Ear(there)
    own_redis("PUBLISH", "parley:signals", '1-1 someone {"type": "dance"}')
    own_redis("PUBLISH", "parley:signals", "garbage")
    await here.publish(StopTurn("t", 1))
    await until(lambda: ear.turns == ["t"])
