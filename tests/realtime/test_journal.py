"""Commit and append are one act, for whoever looks and for whoever is cancelled."""

from __future__ import annotations

import asyncio

import anyio
import pytest

from server.protocol.codes import Part, Status
from server.protocol.events import Event, TurnDelta, TurnStatus
from server.realtime.event_log import Tail, conversation_log, user_log
from server.realtime.event_log_memory import MemoryEventLog
from server.realtime.journal import Journal, Recorded

pytestmark = pytest.mark.anyio


def status(number: int) -> TurnStatus:
    return TurnStatus(conversation="c", turn=str(number), status=Status.COMPLETE)


async def tail_of(journal: Journal, log: str) -> Tail:
    return await journal.log.follow(log, lambda: None)


@pytest.fixture
def journal() -> Journal:
    return Journal(MemoryEventLog())


async def test_events_go_to_the_logs_that_they_are_of_in_their_order(journal: Journal) -> None:
    delta = TurnDelta(conversation="c", turn="t", part=Part.ANSWER, from_=0, text="x")
    events: list[Event] = [status(1), delta, status(2)]

    async def commit() -> Recorded[str]:
        return Recorded("result", events)

    assert await journal.record("ann", commit) == "result"
    assert list((await tail_of(journal, user_log("ann"))).after(0)) == [events[0], events[2]]
    assert list((await tail_of(journal, conversation_log("c"))).after(0)) == [delta]


async def test_a_commit_that_fails_says_nothing(journal: Journal) -> None:
    async def commit() -> Recorded[None]:
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await journal.record("ann", commit)
    assert (await journal.log.position(user_log("ann"))).offset == 0
    async with journal.quiet("ann"):  # and holds up nobody
        pass


async def test_a_cancellation_does_not_come_between_commit_and_append(journal: Journal) -> None:
    committing, committed = asyncio.Event(), asyncio.Event()

    async def commit() -> Recorded[None]:
        committing.set()
        await committed.wait()
        return Recorded(None, [status(1)])

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(journal.record, "ann", commit)
        await committing.wait()
        tasks.cancel_scope.cancel()
        committed.set()
    assert (await journal.log.position(user_log("ann"))).offset == 1


async def test_nobody_looks_between_commit_and_append(journal: Journal) -> None:
    """Whoever waits for quiet sees both or none of them; another user's does not wait."""
    committed, appended = asyncio.Event(), asyncio.Event()
    rows: list[int] = []

    async def commit() -> Recorded[None]:
        rows.append(1)
        committed.set()
        await appended.wait()
        return Recorded(None, [status(1)])

    async def look() -> tuple[int, int]:
        async with journal.quiet("ann"):
            return len(rows), (await journal.log.position(user_log("ann"))).offset

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(journal.record("ann", commit))
        await committed.wait()
        looking = tasks.create_task(look())
        async with journal.quiet("bob"):
            assert not looking.done()
        appended.set()
    assert looking.result() == (1, 1)


async def test_writes_of_a_user_are_told_in_the_order_in_which_they_were_committed(journal: Journal) -> None:
    committed: list[int] = []

    async def write(number: int) -> None:
        async def commit() -> Recorded[None]:
            for _ in range(5 - number % 5):
                await asyncio.sleep(0)
            committed.append(number)
            return Recorded(None, [status(number)])

        await journal.record("ann", commit)

    async with asyncio.TaskGroup() as tasks:
        for number in range(20):
            tasks.create_task(write(number))
    told = (await tail_of(journal, user_log("ann"))).after(0)
    assert [int(event.turn) for event in told if isinstance(event, TurnStatus)] == committed


async def test_a_lock_is_kept_no_longer_than_it_is_used(journal: Journal) -> None:
    for number in range(100):
        async with journal.quiet(f"user {number}"):
            pass
    assert len(journal._locks) == 0
