"""Following on Redis: no gap and nothing twice, whatever comes by which way and when; else the tail is lost."""

from __future__ import annotations

import asyncio
from functools import partial

import pytest

from server.realtime import redis_tails
from server.realtime.event_log import conversation_log, user_log
from server.realtime.redis_keys import Keys
from server.realtime.redis_scripts import PAGE
from server.realtime.tail import Log, Position, Tail
from tests.fixtures.redis import RedisServer
from tests.realtime.units import (
    LOG,
    MINE,
    OWNER,
    Follower,
    House,
    delta,
    ignore,
    numbers,
    offsets,
    status,
    texts,
    until,
)

pytestmark = [pytest.mark.anyio, pytest.mark.redis]


class Raw:
    """What somebody does to Redis behind our backs."""

    def __init__(self, server: RedisServer, prefix: str, log: Log = LOG) -> None:
        self.server = server
        self.keys = Keys(prefix)
        self.log, self.entries = self.keys.of_log(log)

    def forge(self, epoch: str, offset: int, event: str, *, publish: bool = True, keep: bool = True) -> None:
        """An entry as the scripts would make it, and of which half may be missing."""
        entry = f"{epoch} {offset} - {event}"
        if keep:
            self.server("HSET", self.log, "offset", offset)
            self.server("XADD", self.entries, f"{offset}-0", "entry", entry)
        if publish:
            self.server("PUBLISH", self.log, entry)


@pytest.fixture
def raw(redis_server: RedisServer, prefix: str) -> Raw:
    return Raw(redis_server, prefix)


NOISE = '{"type": "turn.delta", "conversation": "c", "turn": "t", "part": "answer", "from": 0, "text": "forged"}'


async def test_what_one_worker_appends_the_others_see(here: House, there: House) -> None:
    follower = Follower()
    follower.tail = await there.log.follow(LOG, follower.wake)
    await here.append("a", "b")
    await until(lambda: follower.seen[-1:] == [2])
    assert texts(follower.tail.after(0)) == ["a", "b"]


async def test_many_entries_wake_a_follower_few_times(here: House, there: House) -> None:
    """What comes in one go is looked at in one go."""
    follower = Follower()
    follower.tail = await there.log.follow(LOG, follower.wake)
    await here.append(*["x"] * 500)
    await until(lambda: follower.seen[-1:] == [500])
    assert len(follower.seen) < 100


async def test_a_wake_that_fails_harms_nobody_else(here: House) -> None:
    def fail() -> None:
        raise LookupError

    follower = Follower()
    await here.log.follow(LOG, fail)
    follower.tail = await here.log.follow(LOG, follower.wake)
    await here.append("a")
    await until(lambda: follower.seen == [1])


@pytest.mark.parametrize("head_start", [0, 3, 30, 120])
async def test_who_begins_to_follow_while_entries_rush_in_misses_none(
    here: House, there: House, head_start: int
) -> None:
    """And has none twice: of many logs at once, each at another moment of its rush."""
    logs = [conversation_log(OWNER, str(number)) for number in range(10)]
    rush = 150

    async def append(log: Log) -> None:
        for number in range(rush):
            await here.append(str(number), log=log)

    async def follow(log: Log, lead: int) -> Tail:
        while (await there.log.position(log)).offset < min(lead, rush):  # noqa: ASYNC110 -- not to be followed yet
            await asyncio.sleep(0)
        return await there.log.follow(log, ignore)

    async with asyncio.TaskGroup() as tasks:
        following = [tasks.create_task(follow(log, head_start + n)) for n, log in enumerate(logs)]
        for log in logs:
            tasks.create_task(append(log))
    for task in following:
        tail = task.result()
        await until(lambda tail=tail: tail.position.offset == rush)  # type: ignore[misc]
        assert texts(tail.after(0)) == [str(number) for number in range(rush)]
        assert offsets(tail) == list(range(1, rush + 1))


async def test_a_cut_connection_costs_nothing(here: House, there: House, redis_server: RedisServer) -> None:
    """What was appended meanwhile is read afterwards, also if nothing more comes."""
    tail = await there.log.follow(LOG, ignore)
    for number in range(20):
        redis_server("CLIENT", "KILL", "TYPE", "pubsub")
        await here.append(str(number))
    await until(lambda: tail.position.offset == 20)
    assert texts(tail.after(0)) == [str(number) for number in range(20)]
    assert not tail.lost


async def test_who_begins_to_follow_while_the_connection_is_cut_follows(here: House, redis_server: RedisServer) -> None:
    redis_server("CLIENT", "KILL", "TYPE", "pubsub")
    tail = await here.log.follow(LOG, ignore)
    await here.append("a")
    await until(lambda: texts(tail.after(0)) == ["a"])


async def test_a_thousand_logs_are_heard_by_one_connection(
    here: House, there: House, redis_server: RedisServer
) -> None:
    logs = [conversation_log(OWNER, str(number)) for number in range(1000)]
    tails = [await there.log.follow(log, ignore) for log in logs]
    await here.log.append([(log, delta("a")) for log in logs])
    await until(lambda: all(tail.position.offset == 1 for tail in tails))
    redis_server("CLIENT", "KILL", "TYPE", "pubsub")
    await here.log.append([(log, delta("b")) for log in logs])
    await until(lambda: all(tail.position.offset == 2 for tail in tails))
    assert not any(tail.lost for tail in tails)
    clients = redis_server("CLIENT", "LIST", "TYPE", "pubsub")
    name = here.log._redis.keys.prefix  # type: ignore[attr-defined]
    assert clients.count(f"name={name} ") == 2  # one of each worker


async def test_what_the_channel_did_not_bring_is_read(here: House, raw: Raw) -> None:
    tail = await here.log.follow(LOG, ignore)
    await here.append("a")
    epoch = tail.position.epoch
    raw.forge(epoch, 2, NOISE, publish=False)
    raw.forge(epoch, 3, NOISE, publish=False)
    await here.append("b")
    await until(lambda: tail.position.offset == 4)
    assert texts(tail.after(0)) == ["a", "forged", "forged", "b"]


async def test_what_the_channel_brings_late_is_passed_over(here: House, raw: Raw) -> None:
    """The stream was faster: somebody has caught up."""
    tail = await here.log.follow(LOG, ignore)
    epoch = tail.position.epoch
    raw.forge(epoch, 1, NOISE, publish=False)
    await here.log.catch_up(tail)
    raw.forge(epoch, 1, NOISE, keep=False)
    await here.append("b")
    await until(lambda: tail.position.offset == 2)
    assert texts(tail.after(0)) == ["forged", "b"]


async def test_a_channel_that_goes_back_has_forgotten_something(here: House, raw: Raw) -> None:
    follower = Follower()
    tail = follower.tail = await here.log.follow(LOG, follower.wake)
    await here.append("a", "b")
    await until(lambda: follower.seen[-1:] == [2])
    raw.forge(tail.position.epoch, 2, NOISE, keep=False)
    await until(lambda: tail.lost)
    assert len(follower.seen) >= 2
    again = await here.log.follow(LOG, ignore)
    assert texts(again.after(0)) == ["a", "b"]


async def test_a_stream_that_goes_back_has_forgotten_something(
    here: House, raw: Raw, redis_server: RedisServer
) -> None:
    """As after a failover to a replica that had not heard of it yet."""
    tail = await here.log.follow(LOG, ignore)
    await here.append("a", "b", "c")
    await here.log.catch_up(tail)
    redis_server("HSET", raw.log, "offset", 1)
    redis_server("DEL", raw.entries)
    redis_server("CLIENT", "KILL", "TYPE", "pubsub")
    await until(lambda: tail.lost)


async def test_an_old_epoch_s_last_words_harm_nobody(here: House, raw: Raw) -> None:
    tail = await here.log.follow(LOG, ignore)
    raw.forge("anotherepoch", 17, NOISE, keep=False)
    await here.append("a")
    await until(lambda: texts(tail.after(0)) == ["a"])
    assert not tail.lost


async def test_a_gap_that_the_stream_cannot_fill_is_the_end_of_the_tail(
    here: House, raw: Raw, redis_server: RedisServer
) -> None:
    tail = await here.log.follow(LOG, ignore)
    await here.append("a")
    await here.log.catch_up(tail)
    redis_server("HINCRBY", raw.log, "offset", 5)
    await here.append("z")
    await until(lambda: tail.lost)
    again = await here.log.follow(LOG, ignore)
    assert (again.first, texts(again.after(6))) == (7, ["z"])


async def test_when_the_stream_has_expired_the_offsets_go_on(
    here: House, there: House, raw: Raw, redis_server: RedisServer
) -> None:
    """Whoever followed all along has everything; who comes is given a snapshot."""
    tail = await here.log.follow(LOG, ignore)
    await here.append("a", "b")
    await here.log.catch_up(tail)
    redis_server("DEL", raw.entries)
    epoch = tail.position.epoch
    newcomer = await there.log.follow(LOG, ignore)
    assert (newcomer.first, newcomer.position) == (3, Position(epoch, 2))
    assert [newcomer.holds(Position(epoch, offset)) for offset in range(4)] == [False, False, True, False]
    await here.append("c")
    await until(lambda: tail.position.offset == newcomer.position.offset == 3)
    assert (texts(tail.after(0)), texts(newcomer.after(2))) == (["a", "b", "c"], ["c"])


async def test_the_stream_lives_for_the_window_and_the_rest_for_longer(
    here: House, raw: Raw, redis_server: RedisServer
) -> None:
    await here.begin()
    await here.say((await here.log.position(LOG)).epoch, delta("a"))
    _, ledger = raw.keys.of_user(OWNER)
    assert 120 < redis_server("TTL", raw.entries) <= 150
    for key in (raw.log, ledger):
        assert 80_000 < redis_server("TTL", key) <= 86_400


async def test_a_long_log_is_read_in_pages(here: House, there: House) -> None:
    count = 2 * PAGE + PAGE // 2
    await here.append(*map(str, range(count)))
    tail = await there.log.follow(LOG, ignore)
    assert texts(tail.after(0)) == [str(number) for number in range(count)]


async def test_a_log_that_was_trimmed_begins_where_it_is_left(
    here: House, there: House, raw: Raw, redis_server: RedisServer
) -> None:
    await here.append(*"abcde")
    redis_server("XTRIM", raw.entries, "MAXLEN", "=", 2)
    tail = await there.log.follow(LOG, ignore)
    assert (tail.first, texts(tail.after(3))) == (4, ["d", "e"])


async def test_what_a_newer_worker_tells_is_no_trap(here: House, raw: Raw) -> None:
    """A kind of event that is not known here: followers look again, and go on after it."""
    tail = await here.log.follow(LOG, ignore)
    await here.append("a")
    raw.forge(tail.position.epoch, 2, '{"type": "thought.begun", "conversation": "c"}')
    await until(lambda: tail.lost)
    again = await here.log.follow(LOG, ignore)
    assert (again.first, again.position.offset) == (3, 2)
    await here.append("b")
    await until(lambda: texts(again.after(2)) == ["b"])


async def test_a_late_word_of_a_renewal_does_not_end_what_came_after_it(
    here: House, raw: Raw, redis_server: RedisServer
) -> None:
    """But one of another ledger does."""
    tail = await here.log.follow(MINE, ignore)
    ledger = await here.ledger()
    redis_server("PUBLISH", raw.keys.renewals, f"{OWNER} {ledger.key}")
    redis_server("PUBLISH", raw.keys.renewals, f"bob {ledger.key}")
    await here.log.announce(OWNER, 1, [(MINE, status(1))])
    await until(lambda: numbers(tail) == [1])
    assert not tail.lost
    redis_server("PUBLISH", raw.keys.renewals, f"{OWNER} another")
    await until(lambda: tail.lost)


async def test_who_comes_back_soon_finds_the_tail_as_it_was(here: House) -> None:
    tail = await here.log.follow(LOG, ignore)
    here.log.unfollow(LOG, ignore)
    here.log.sweep()
    await here.append("a")
    assert await here.log.follow(LOG, ignore) is tail
    assert texts(tail.after(0)) == ["a"]


async def test_a_log_that_nobody_follows_is_not_heard_for_ever(
    here: House, raw: Raw, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    tail = await here.log.follow(LOG, ignore)
    kept = await here.log.follow(user_log(OWNER), ignore)
    here.log.unfollow(LOG, ignore)
    monkeypatch.setattr(redis_tails, "LINGER", -1.0)
    here.log.sweep()
    assert (tail.lost, kept.lost) == (True, False)
    subscribers = partial(redis_server, "PUBSUB", "NUMSUB", raw.log)
    await until(lambda: subscribers() == [raw.log, 0])
    again = await here.log.follow(LOG, ignore)
    assert subscribers() == [raw.log, 1]
    assert again.position.epoch == tail.position.epoch
