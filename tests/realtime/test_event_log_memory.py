"""The log in memory, whose clock the test turns."""

from __future__ import annotations

import pytest

from server.realtime.event_log import MAX_ENTRIES, WINDOW
from server.realtime.event_log_memory import MemoryEventLog
from server.realtime.tail import TRIM, Position
from tests.realtime.conftest import furnished
from tests.realtime.units import LOG, OTHER, OWNER, Clock, House, delta, ignore, texts

pytestmark = pytest.mark.anyio


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def house(clock: Clock) -> House:
    return await furnished(House(MemoryEventLog(clock)))


async def test_one_append_wakes_each_follower_once(house: House) -> None:
    """However many entries it has, and of however many logs; and the entries are there when the follower wakes."""
    seen: list[int] = []

    def wake() -> None:
        seen.append(tail.position.offset)

    tail = await house.log.follow(LOG, wake)
    await house.log.follow(OTHER, wake)
    await house.log.append([(LOG, delta("a")), (LOG, delta("b")), (OTHER, delta("c"))])
    assert seen == [2]
    house.log.unfollow(LOG, wake)
    await house.append("e")
    assert seen == [2]
    await house.append("f", log=OTHER)
    assert seen == [2, 3]


async def test_nothing_within_the_window_is_forgotten(house: House, clock: Clock) -> None:
    await house.append("a")
    clock.seconds += WINDOW
    await house.append("b")
    house.log.sweep()
    tail = await house.tail()
    assert tail.first == 1
    assert texts(tail.after(0)) == ["a", "b"]


async def test_what_is_past_the_window_goes_and_the_offsets_stay(house: House, clock: Clock) -> None:
    """Also without housekeeping, in lots, so that a busy log stays bounded by itself."""
    start = await house.log.position(LOG)
    await house.append(*["old"] * TRIM)
    clock.seconds += WINDOW + 1
    await house.append("new")
    tail = await house.tail()
    assert (tail.first, texts(tail.after(TRIM))) == (TRIM + 1, ["new"])
    assert tail.position == Position(start.epoch, TRIM + 1)


async def test_housekeeping_removes_every_entry_past_the_window(house: House, clock: Clock) -> None:
    await house.append("old")
    clock.seconds += WINDOW / 2
    await house.append("newer")
    clock.seconds += WINDOW / 2 + 1
    await house.log.follow(LOG, ignore)
    house.log.sweep()
    tail = await house.tail()
    assert (tail.first, texts(tail.after(1))) == (2, ["newer"])


async def test_a_log_is_bounded_however_fast_it_grows(house: House) -> None:
    await house.append(*["x"] * (MAX_ENTRIES + 2 * TRIM))
    tail = await house.tail()
    kept = tail.position.offset - tail.first + 1
    assert MAX_ENTRIES <= kept < MAX_ENTRIES + TRIM
    assert len(tail.after(tail.first - 1)) == kept


async def test_what_is_no_longer_held_is_no_place(house: House, clock: Clock) -> None:
    await house.append(*["x"] * TRIM)
    clock.seconds += WINDOW + 1
    await house.append("a", "b")
    tail = await house.tail()
    epoch = tail.position.epoch
    assert tail.first == TRIM + 1
    assert [offset for offset in range(TRIM + 9) if tail.holds(Position(epoch, offset))] == [TRIM, TRIM + 1, TRIM + 2]


async def test_a_forgotten_log_begins_another_epoch(house: House, clock: Clock) -> None:
    """An offset of the past is not taken for one of the present."""
    await house.append("a")
    before = await house.log.position(LOG)
    clock.seconds += WINDOW + 1
    house.log.sweep()
    await house.log.renew(OWNER, 0, instead_of=None)
    after = await house.log.position(LOG)
    assert after.epoch != before.epoch
    assert after.offset == 0
    assert not (await house.tail()).holds(before)


async def test_a_log_that_is_followed_or_was_of_late_is_not_forgotten(house: House, clock: Clock) -> None:
    tail = await house.log.follow(LOG, ignore)
    clock.seconds += 10 * WINDOW
    house.log.sweep()
    assert (await house.log.position(LOG)) == tail.position
    house.log.unfollow(LOG, ignore)
    clock.seconds += WINDOW - 1
    house.log.sweep()
    assert (await house.log.position(LOG)) == tail.position
