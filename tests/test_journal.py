"""Commit and announcement are one act, for whoever looks and for whoever is cancelled."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import anyio
import pytest
from sqlmodel import Session, select

from server.db import Database
from server.errors import Unavailable
from server.journal import Journal, Recorded
from server.protocol.codes import AccountRole, Part, Status
from server.protocol.events import Event, TurnDelta, TurnStatus
from server.realtime.event_log import Entry, EventLog, Ledger, Outcome, Wake, conversation_log, user_log
from server.realtime.event_log_memory import MemoryEventLog
from server.realtime.redis_service import RedisService
from server.realtime.tail import Log, Position, Tail
from server.tables import User, new_id
from tests.fixtures.redis import RedisServer

pytestmark = pytest.mark.anyio

USER = "a" * 24
MINE = user_log(USER)


def status(number: int) -> TurnStatus:
    return TurnStatus(conversation="c", turn=str(number), status=Status.COMPLETE)


def says(*numbers: int) -> Callable[[Session], Recorded[None]]:
    """A write that does nothing but say so."""
    return lambda session: Recorded(None, [status(number) for number in numbers])


def told(tail: Tail) -> list[int]:
    return [int(event.turn) for event in tail.after(tail.first - 1) if isinstance(event, TurnStatus)]


async def tail_of(journal: Journal, log: Log = MINE, wake: Wake = lambda: None) -> Tail:
    await journal.prepare(log.owner)
    return await journal.log.follow(log, wake)


@asynccontextmanager
async def serving(journal: Journal) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(journal.serve)
        with anyio.fail_after(20):
            yield
        tasks.cancel_scope.cancel()


async def ledger_of(journal: Journal) -> Ledger:
    ledger = await journal.log.ledger(USER)
    assert ledger is not None
    return ledger


@pytest.fixture
async def ann(database: Database) -> None:
    """An account that the rows of the log can belong to."""
    user = User(
        id=USER, email="a@b.c", username="ann", username_key="ann", password_hash="x", role=AccountRole.USER
    )  # fmt: skip
    await database.write(lambda session: session.add(user))


@pytest.fixture
def journal(database: Database, ann: None) -> Journal:
    return Journal(database, MemoryEventLog())


class Shared(MemoryEventLog):
    """Stands for a log that several processes share and that can be out of reach."""

    outlives_process = True
    reachable = True

    async def announce(self, user: str, version: int, entries: Sequence[Entry]) -> Outcome:
        self.check()
        return await super().announce(user, version, entries)

    async def ledger(self, user: str) -> Ledger | None:
        self.check()
        return await super().ledger(user)

    def check(self) -> None:
        if not self.reachable:
            raise Unavailable("The log does not answer.")


async def test_events_go_to_the_logs_that_they_are_of_in_their_order(journal: Journal) -> None:
    delta = TurnDelta(conversation="c", turn="t", part=Part.ANSWER, from_=0, text="x")
    events: list[Event] = [status(1), delta, status(2)]
    mine, theirs = await tail_of(journal), await tail_of(journal, conversation_log(USER, "c"))
    assert await journal.record(USER, lambda session: Recorded("result", events)) == "result"
    assert list(mine.after(0)) == [events[0], events[2]]
    assert list(theirs.after(0)) == [delta]


async def test_a_commit_that_fails_says_nothing_and_holds_up_nobody(journal: Journal) -> None:
    tail = await tail_of(journal)

    def work(session: Session) -> Recorded[None]:
        raise LookupError

    with pytest.raises(LookupError):
        await journal.record(USER, work)
    assert told(tail) == []
    await journal.record(USER, says(1))
    assert told(tail) == [1]


async def test_a_cancellation_does_not_come_between_commit_and_announcement(journal: Journal) -> None:
    committing, go = asyncio.Event(), threading.Event()
    loop = asyncio.get_running_loop()
    tail = await tail_of(journal)

    def work(session: Session) -> Recorded[None]:
        loop.call_soon_threadsafe(committing.set)
        assert go.wait(20)
        return Recorded(None, [status(1)])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(journal.record, USER, work)
        await committing.wait()
        tasks.cancel_scope.cancel()
        go.set()
    assert told(tail) == [1]


async def test_a_snapshot_waits_for_the_announcement_of_what_it_has_seen(database: Database, ann: None) -> None:
    """Committed and not announced: the snapshot's place is after the event, which so is not told twice."""
    announcing, go = asyncio.Event(), asyncio.Event()

    class Slow(MemoryEventLog):
        async def announce(self, user: str, version: int, entries: Sequence[Entry]) -> Outcome:
            announcing.set()
            await go.wait()
            return await super().announce(user, version, entries)

    journal = Journal(database, Slow())
    tail = await tail_of(journal)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(journal.record(USER, says(1)))
        await announcing.wait()
        looking = tasks.create_task(journal.snapshot(tail, lambda session: None))
        while tail.position.offset == 0:  # the snapshot is about to read, or has read: it must not end before
            assert not looking.done()
            go.set()
            await asyncio.sleep(0)
    _, position = looking.result()
    assert (position, told(tail)) == (tail.position, [1])


async def test_a_snapshot_stands_before_what_it_has_not_seen(journal: Journal) -> None:
    tail = await tail_of(journal)
    await journal.record(USER, says(1))
    place = tail.position
    loop = asyncio.get_running_loop()
    seen, go = asyncio.Event(), threading.Event()

    def read(session: Session) -> int:
        version = session.exec(select(User.version).where(User.id == USER)).one()
        loop.call_soon_threadsafe(seen.set)
        assert go.wait(20)
        return version

    async with asyncio.TaskGroup() as tasks:
        looking = tasks.create_task(journal.snapshot(tail, read))
        await seen.wait()
        await journal.record(USER, says(2, 3))
        go.set()
    assert looking.result() == (1, place)


async def test_writes_of_a_user_are_told_in_the_order_in_which_they_were_committed(journal: Journal) -> None:
    tail = await tail_of(journal)
    committed: list[int] = []

    async def write(number: int) -> None:
        def work(session: Session) -> Recorded[None]:
            committed.append(number)
            return Recorded(None, [status(number)])

        for _ in range(number % 5):
            await asyncio.sleep(0)
        await journal.record(USER, work)

    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(write(number))
    assert told(tail) == committed


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def logs(request: pytest.FixtureRequest) -> AsyncIterator[list[EventLog]]:
    """Of three workers that share one."""
    if request.param == "memory":
        yield [Shared()] * 3
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    async with AsyncExitStack() as stack:
        prefix = new_id()
        services = [await stack.enter_async_context(RedisService(server.url, prefix)) for _ in range(3)]
        yield [service.event_log for service in services]


async def test_workers_tell_in_the_order_of_their_commits_and_each_thing_once(
    database: Database, ann: None, logs: list[EventLog]
) -> None:
    workers = [Journal(database, log) for log in logs]
    tail = await tail_of(workers[0])

    async def write(worker: Journal, number: int) -> None:
        def work(session: Session) -> Recorded[None]:
            version = session.exec(select(User.version).where(User.id == USER)).one()
            return Recorded(None, [status(version + 1), status(version + 2)])

        await worker.record(USER, work)

    async with asyncio.TaskGroup() as tasks:
        for number in range(30):
            tasks.create_task(write(workers[number % 3], number))
    await workers[0].log.catch_up(tail)
    assert told(tail) == list(range(1, 61))
    assert not tail.lost


async def test_snapshots_on_any_worker_lack_nothing_and_have_nothing_twice(
    database: Database, ann: None, logs: list[EventLog]
) -> None:
    """What they were read with, and what follows their place, is all that was ever written."""
    workers = [Journal(database, log) for log in logs]
    tails = [await tail_of(worker) for worker in workers]
    seen: list[tuple[Tail, int, Position]] = []

    def version(session: Session) -> int:
        return session.exec(select(User.version).where(User.id == USER)).one()

    def write(session: Session) -> Recorded[None]:
        return Recorded(None, [status(version(session) + 1)])

    async def look(worker: Journal, tail: Tail) -> None:
        for _ in range(5):
            read, position = await worker.snapshot(tail, version)
            seen.append((tail, read, position))

    async with asyncio.TaskGroup() as tasks:
        for worker, tail in zip(workers, tails, strict=True):
            tasks.create_task(look(worker, tail))
            for _ in range(6):
                tasks.create_task(worker.record(USER, write))
    for tail, read, position in seen:
        await workers[tails.index(tail)].log.catch_up(tail)
        follow = [int(event.turn) for event in tail.after(position.offset) if isinstance(event, TurnStatus)]
        assert [*range(1, read + 1), *follow] == list(range(1, 19))


async def test_what_a_dead_worker_has_not_announced_makes_followers_look_again(
    database: Database, ann: None, logs: list[EventLog]
) -> None:
    """It has committed and was killed before it could say so."""
    survivor = Journal(database, logs[0])
    woken = asyncio.Event()
    tail = await tail_of(survivor, wake=woken.set)

    class Dying(Journal):
        async def _announce(self, user: str, version: int, events: Sequence[Event]) -> None:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        await Dying(database, logs[1]).record(USER, says(1))
    async with serving(survivor):
        await woken.wait()
    assert tail.lost
    assert (await tail_of(survivor)).position.epoch != tail.position.epoch
    assert (await ledger_of(survivor)).version == 1


async def test_what_could_not_be_announced_makes_followers_look_again_once_the_log_is_back(
    database: Database, ann: None
) -> None:
    log = Shared()
    journal = Journal(database, log)
    woken = asyncio.Event()
    tail = await tail_of(journal, wake=woken.set)
    log.reachable = False
    await journal.record(USER, says(1))  # committed, and so acknowledged
    assert not tail.lost
    async with serving(journal):
        log.reachable = True
        await woken.wait()
    assert tail.lost
    assert told(await tail_of(journal)) == []
    assert (await ledger_of(journal)).version == 1


async def test_where_something_is_missing_nothing_more_is_told(database: Database, ann: None) -> None:
    """The log is back, and something is to be said before housekeeping has found that out: the log begins anew."""
    log = Shared()
    journal = Journal(database, log)
    tail = await tail_of(journal)
    log.reachable = False
    await journal.record(USER, says(1))
    log.reachable = True
    await journal.record(USER, says(2))
    assert (tail.lost, told(tail)) == (True, [])
    assert told(await tail_of(journal)) == []
    assert (await ledger_of(journal)).version == 2


async def test_the_marks_of_what_was_announced_are_taken_back(database: Database, ann: None) -> None:
    journal = Journal(database, Shared())
    tail = await tail_of(journal)
    await journal.record(USER, says(1))

    async def marked() -> bool:
        return await database.read(lambda session: session.exec(select(User.unannounced)).one())

    assert await marked()
    async with serving(journal):
        while await marked():  # noqa: ASYNC110 -- the database tells nobody
            await anyio.sleep(0.01)
    assert not tail.lost


async def test_a_lock_is_kept_no_longer_than_it_is_used(journal: Journal) -> None:
    for _ in range(10):
        await journal.record(USER, says(1))
    assert len(journal._locks) == 0
