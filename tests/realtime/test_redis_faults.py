"""Redis stops, freezes, forgets, comes back as another: nobody waits for long, followers are told, nothing is wrong."""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress

import anyio
import pytest

from server.errors import StartupError, Unavailable
from server.protocol.codes import Part
from server.realtime import redis_service
from server.realtime.bus import StopTurn
from server.realtime.event_log import HistoryLost, Outcome
from server.realtime.redis_connection import ANSWER_SECONDS
from server.realtime.redis_service import RedisService
from server.realtime.tail import Position
from tests.fixtures.redis import RedisServer, redis_program
from tests.fixtures.server import ROOT
from tests.realtime.conftest import furnished
from tests.realtime.units import (
    LOG,
    MINE,
    OWNER,
    RUN,
    SECONDS,
    Follower,
    House,
    delta,
    ignore,
    numbers,
    status,
    texts,
    until,
)

pytestmark = [pytest.mark.anyio, pytest.mark.redis]

NOTHING = {Part.ANSWER: 0, Part.REASONING: 0}


@pytest.fixture
async def service(own_redis: RedisServer) -> AsyncIterator[RedisService]:
    async with RedisService(own_redis.url, "parley") as service:
        yield service


@pytest.fixture
async def house(service: RedisService) -> House:
    return await furnished(House(service.event_log))


async def answers(ask: Callable[[], Awaitable[object]]) -> None:
    """Waits until it does."""
    with anyio.fail_after(SECONDS):
        while True:
            try:
                await ask()
            except Unavailable:
                await anyio.sleep(0.01)
            else:
                return


async def silent(ask: Callable[[], Awaitable[object]]) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        await ask()
    return caught.value


async def test_frozen_it_is_soon_known_to_be_away_and_goes_on_when_it_thaws(
    service: RedisService, house: House, own_redis: RedisServer
) -> None:
    """Nothing arrives and nothing fails: somebody has to notice."""
    follower = Follower()
    tail = follower.tail = await house.log.follow(LOG, follower.wake)
    await house.append("a")
    await until(lambda: follower.seen == [1])
    own_redis.freeze()
    await until(lambda: tail.lost)
    assert len(follower.seen) == 2
    asked = (
        service.ping,
        lambda: house.log.ledger(OWNER),
        lambda: house.log.position(LOG),
        lambda: house.log.follow(LOG, ignore),
        lambda: house.log.announce(OWNER, 1, [(MINE, status(1))]),
        lambda: house.say("any", delta("a")),
        lambda: house.append("b"),
        lambda: house.log.resume(RUN, NOTHING),
        lambda: house.log.seize(RUN),
        lambda: house.log.renew(OWNER, 1, instead_of=None),
    )
    began = time.monotonic()
    for ask in asked:
        error = await silent(ask)
        assert (error.retry_after, "Try again" in error.message) == (1, True)
    assert time.monotonic() - began < 1  # it is known, and nobody waits any more
    own_redis.thaw()
    await answers(service.ping)
    again = await house.log.follow(LOG, ignore)
    assert (again.position, texts(again.after(0))) == (tail.position, ["a"])


async def test_who_asks_before_that_is_known_waits_for_a_moment(house: House, own_redis: RedisServer) -> None:
    """Those who wait at the same time wait together, and those behind them not at all."""
    own_redis.freeze()
    with anyio.fail_after(SECONDS):
        await asyncio.gather(*(silent(lambda: house.log.position(LOG)) for _ in range(100)))
        for _ in range(100):
            await silent(lambda: house.log.position(LOG))


async def test_a_process_that_had_no_turn_for_long_blames_nobody_else(house: House) -> None:
    """It was frozen, or the machine is overloaded: what has come meanwhile counts."""
    tail = await house.log.follow(LOG, ignore)
    asking = [asyncio.create_task(house.log.position(LOG)) for _ in range(3)]
    await asyncio.sleep(0)
    time.sleep(ANSWER_SECONDS / 3)  # noqa: ASYNC251 -- nobody else has a turn
    await asyncio.sleep(0)
    time.sleep(ANSWER_SECONDS)  # noqa: ASYNC251
    assert len(await asyncio.gather(*asking)) == 3
    await house.append("a")
    await until(lambda: texts(tail.after(0)) == ["a"])
    assert not tail.lost


async def test_a_cancellation_in_the_middle_costs_no_connection(house: House) -> None:
    """Of which there is a limited number."""
    for _ in range(100):
        with anyio.CancelScope() as scope:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(house.log.position, LOG)
                tasks.start_soon(house.log.follow, LOG, ignore)
                await asyncio.sleep(0)
                scope.cancel()
    await asyncio.gather(*(house.log.position(LOG) for _ in range(50)))


async def test_killed_and_back_it_is_another(service: RedisService, house: House, own_redis: RedisServer) -> None:
    """And empty: followers look again, and nothing of before is taken for something of now."""
    tail = await house.log.follow(LOG, ignore)
    await house.append("a", "b")
    await house.log.catch_up(tail)
    before = await house.ledger()
    own_redis.kill()
    own_redis.start()
    await until(lambda: tail.lost)
    await answers(service.ping)
    assert await house.log.ledger(OWNER) is None
    with pytest.raises(HistoryLost):
        await house.log.follow(LOG, ignore)
    await house.log.renew(OWNER, 7, instead_of=None)
    after = await house.ledger()
    assert (after.key != before.key, after.version) == (True, 7)
    again = await house.log.follow(LOG, ignore)
    assert (again.position.epoch != tail.position.epoch, again.position.offset) == (True, 0)
    await house.append("c")
    await until(lambda: texts(again.after(0)) == ["c"])


async def test_while_it_is_stopped_followers_are_told(
    service: RedisService, house: House, own_redis: RedisServer
) -> None:
    tail = await house.log.follow(LOG, ignore)
    own_redis.kill()
    await silent(lambda: house.log.position(LOG))
    await until(lambda: tail.lost)
    await silent(lambda: house.log.follow(LOG, ignore))
    assert house.log.followed() == []
    own_redis.start()
    await answers(service.ping)
    await furnished(house)
    assert not (await house.log.follow(LOG, ignore)).lost


async def test_come_back_with_an_older_state_it_is_not_believed(
    service: RedisService, house: House, own_redis: RedisServer
) -> None:
    """As after a failover to a replica that lagged behind, or a restart from what was saved last.

    The log goes on from offset 2. A client that had come to offset 4 must not be told that it has missed nothing, when
    the log has come to 4 again by other entries.
    """
    tail = await house.log.follow(LOG, ignore)
    await house.append("a", "b")
    own_redis("SAVE")
    await house.append("c", "d")
    await house.log.catch_up(tail)
    own_redis.kill()
    own_redis.start()
    assert own_redis("HGET", f"parley:log:{OWNER}:c", "offset") == "2"
    await until(lambda: tail.lost)
    await answers(service.ping)
    assert await house.log.ledger(OWNER) is None
    await furnished(house)
    await house.append("x", "y", "z", "!")
    again = await house.tail()
    assert not again.holds(Position(tail.position.epoch, 4))


async def test_what_is_written_to_another_server_is_refused(house: House, own_redis: RedisServer) -> None:
    """The run was live when the state was saved that comes back."""
    epoch = await house.begin()
    own_redis("SAVE")
    await house.say(epoch, delta("a"))
    own_redis.kill()
    own_redis.start()
    outcomes: list[Outcome] = []

    async def say() -> None:
        outcomes.append(await house.say(epoch, delta("b", 0)))

    await answers(say)
    assert outcomes == [Outcome.LOST]


async def test_flushed_it_is_found_out_by_the_next_who_tells(house: House, own_redis: RedisServer) -> None:
    tail, mine = await house.log.follow(LOG, ignore), await house.log.follow(MINE, ignore)
    epoch = await house.begin()
    await house.log.announce(OWNER, 1, [(MINE, status(1))])
    own_redis("FLUSHALL")
    assert await house.log.announce(OWNER, 2, [(MINE, status(2))]) is Outcome.LOST
    assert await house.say(epoch, delta("a")) is Outcome.LOST
    with pytest.raises(HistoryLost):
        await house.log.resume(RUN, NOTHING)
    with pytest.raises(HistoryLost):
        await house.log.catch_up(mine)
    assert mine.lost
    await house.log.renew(OWNER, 2, instead_of=None)
    await until(lambda: tail.lost)
    position = await house.log.resume(RUN, NOTHING)
    assert position.epoch != epoch
    assert await house.say(position.epoch, delta("a")) is Outcome.DONE


async def test_the_memory_of_its_life_may_be_lost_alone(house: House, own_redis: RedisServer) -> None:
    """Then nothing holds, and all begins anew."""
    await house.append("a")
    own_redis("DEL", "parley:server")
    assert await house.log.ledger(OWNER) is None
    await house.log.renew(OWNER, 0, instead_of=None)
    assert (await house.log.position(LOG)).offset == 0
    assert await house.log.ledger(OWNER) is not None


async def test_cut_connections_are_made_anew(house: House, own_redis: RedisServer) -> None:
    for number in range(10):
        own_redis("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        await answers(lambda: house.log.position(LOG))
        await answers(lambda number=number: house.append(str(number)))  # type: ignore[misc]
    tail = await house.log.follow(LOG, ignore)
    await house.append("last")
    await until(lambda: texts(tail.after(0))[-1:] == ["last"])


async def test_scripts_that_were_forgotten_are_loaded_again(house: House, own_redis: RedisServer) -> None:
    own_redis("SCRIPT", "FLUSH")
    await answers(lambda: house.append("a"))
    assert texts((await house.tail()).after(0)) == ["a"]


async def test_without_memory_it_takes_nothing(house: House, own_redis: RedisServer) -> None:
    await house.append("a")
    await house.append("a", log=MINE)
    own_redis("CONFIG", "SET", "maxmemory", 1)
    await silent(lambda: house.append("b"))
    await silent(lambda: house.log.announce(OWNER, 1, [(MINE, status(1))]))
    own_redis("CONFIG", "SET", "maxmemory", 0)
    assert (await house.ledger()).version == 0
    await house.append("c")
    assert texts((await house.tail()).after(0)) == ["a", "c"]


async def test_a_replica_takes_nothing_and_once_promoted_it_is_another(house: House, own_redis: RedisServer) -> None:
    """It may lack what its master had told of last."""
    await house.append("a")
    own_redis("REPLICAOF", "127.0.0.1", 9)
    await silent(lambda: house.append("b"))
    own_redis("REPLICAOF", "NO", "ONE")
    with anyio.fail_after(SECONDS), suppress(HistoryLost):
        while True:
            await answers(lambda: house.log.position(LOG))
    assert await house.log.ledger(OWNER) is None


async def test_a_user_of_redis_needs_no_more_rights_than_the_documentation_says(own_redis: RedisServer) -> None:
    (line,) = re.findall(r"ACL SETUSER parley .*", (ROOT / "docs" / "architecture.md").read_text())
    own_redis(*line.split())
    url = own_redis.url.replace("//", "//parley:secret@")
    async with RedisService(url, "parley") as one, RedisService(url, "parley") as other:
        house = await furnished(House(one.event_log))
        tail = await other.event_log.follow(LOG, ignore)
        epoch = await house.begin()
        assert await house.say(epoch, delta("a")) is Outcome.DONE
        await until(lambda: texts(tail.after(0)) == ["a"])
        await house.log.announce(OWNER, 1, [(MINE, status(1))])
        assert len(await house.log.seize(RUN)) == 2
        await house.log.resume(RUN, NOTHING)
        await until(lambda: tail.lost)
        await one.bus.publish(StopTurn("t", 1))


async def test_an_announcement_that_takes_effect_late_is_told_once(
    service: RedisService, house: House, own_redis: RedisServer
) -> None:
    tail = await house.log.follow(MINE, ignore)
    own_redis.freeze()
    await silent(lambda: house.log.announce(OWNER, 1, [(MINE, status(1))]))
    await until(lambda: tail.lost)
    own_redis.thaw()
    await answers(service.ping)
    with anyio.fail_after(SECONDS):
        while (await house.ledger()).version != 1:  # noqa: ASYNC110 -- Redis tells nobody
            await anyio.sleep(0.01)
    assert await house.log.announce(OWNER, 1, [(MINE, status(1))]) is Outcome.DONE
    assert await house.log.announce(OWNER, 2, [(MINE, status(2))]) is Outcome.DONE
    assert numbers(await house.tail(MINE)) == [1, 2]


async def test_words_that_take_effect_late_do_not_stand_beside_those_that_replace_them(
    service: RedisService, house: House, own_redis: RedisServer
) -> None:
    """The run has been resumed meanwhile, in another epoch, on top of what the database has."""
    epoch = await house.begin()
    own_redis.freeze()
    await silent(lambda: house.say(epoch, delta("a")))
    own_redis.thaw()
    await answers(service.ping)
    position = await house.log.resume(RUN, {Part.ANSWER: 1, Part.REASONING: 0})
    assert await house.say(position.epoch, delta("b", 1)) is Outcome.DONE
    assert await house.say(epoch, delta("a")) is Outcome.LOST
    tail = await house.tail()
    assert (tail.position.epoch, texts(tail.after(0))) == (position.epoch, ["b"])


async def test_a_slow_reader_that_is_cut_off_reads_what_it_missed(house: House, own_redis: RedisServer) -> None:
    """Redis drops a subscriber for whom too much is waiting."""
    own_redis("CONFIG", "SET", "client-output-buffer-limit", "pubsub 4096 1024 1")
    tail = await house.log.follow(LOG, ignore)
    large = "x" * 10_000
    for _ in range(20):
        await house.append(*[large] * 20)
    await until(lambda: tail.position.offset == 400)
    assert texts(tail.after(0)) == [large] * 400


async def test_out_of_reach_at_the_start_it_is_found_when_it_comes(tmp_path_factory: pytest.TempPathFactory) -> None:
    server = RedisServer(redis_program(), tmp_path_factory.mktemp("redis"))
    async with RedisService(server.url, "parley") as service:
        await silent(service.ping)
        await silent(lambda: service.event_log.position(LOG))
        with server:
            await answers(service.ping)
            house = await furnished(House(service.event_log))
            tail = await house.log.follow(LOG, ignore)
            await house.append("a")
            await until(lambda: texts(tail.after(0)) == ["a"])


@pytest.mark.parametrize("url", ["http://localhost", "localhost:6379", "redis://h:port", "redis://h?colour=red"])
def test_an_address_that_is_none_is_told_at_once(url: str) -> None:
    with pytest.raises(StartupError, match="PARLEY_REDIS_URL"):
        RedisService(url, "parley")


def test_a_wrong_password_is_told_at_once_and_not_repeated(own_redis: RedisServer) -> None:
    own_redis("CONFIG", "SET", "requirepass", "right")
    url = own_redis.url
    redis_service.ensure_admitted(url.replace("//", "//:right@"))
    for wrong in (url, url.replace("//", "//:canary@"), url.replace("//", "//ann:canary@")):
        with pytest.raises(StartupError, match="PARLEY_REDIS_URL") as caught:
            redis_service.ensure_admitted(wrong)
        assert "canary" not in str(caught.value)


def test_silence_is_no_reason_not_to_start(own_redis: RedisServer) -> None:
    own_redis.kill()
    redis_service.ensure_admitted(own_redis.url)
