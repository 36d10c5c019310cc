"""What every event log promises, whatever it is made of: a new kind of log joins the fixture, and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest

from server.protocol.codes import Part
from server.protocol.events import ConversationDeleted, Event, TurnDelta
from server.realtime.event_log import MAX_ENTRIES, WINDOW, EventLog, conversation_log, user_log
from server.realtime.event_log_memory import MemoryEventLog
from server.realtime.tail import TRIM, Log, Position, Tail

pytestmark = pytest.mark.anyio

OWNER = "ann"
LOG = conversation_log(OWNER, "c")


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class House:
    """An event log, the time that it goes by, and its housekeeping."""

    log: MemoryEventLog
    clock: Clock

    async def append(self, *texts: str, log: Log = LOG) -> None:
        await self.log.append([(log, delta(text)) for text in texts])

    async def tail(self, log: Log = LOG) -> Tail:
        """The tail as somebody new sees it, who then leaves."""
        tail = await self.log.follow(log, ignore)
        self.log.unfollow(log, ignore)
        return tail


@pytest.fixture(params=["memory"])
async def house() -> House:
    clock = Clock()
    log = MemoryEventLog(clock)
    await log.renew(OWNER, 0, instead_of=None)
    return House(log, clock)


def delta(text: str) -> TurnDelta:
    return TurnDelta(conversation="c", turn="t", part=Part.ANSWER, from_=0, text=text)


def ignore() -> None:
    pass


def texts(entries: Sequence[Event]) -> list[str]:
    return [entry.text for entry in entries if isinstance(entry, TurnDelta)]


async def test_a_log_without_entries_stands_at_0(house: House) -> None:
    position = await house.log.position(LOG)
    assert position.offset == 0
    tail = await house.tail()
    assert (tail.position, tail.first) == (position, 1)
    assert list(tail.after(0)) == []


async def test_offsets_are_contiguous_and_each_log_counts_for_itself(house: House) -> None:
    other = user_log(OWNER)
    await house.log.append([(LOG, delta("a")), (other, ConversationDeleted(conversation="x")), (LOG, delta("b"))])
    await house.append("c")
    entries = (await house.tail()).after(0)
    assert [(entry.offset, text) for entry, text in zip(entries, texts(entries), strict=True)] == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
    ]
    assert [entry.offset for entry in (await house.tail(other)).after(0)] == [1]
    assert (await house.log.position(LOG)).offset == 3


async def test_two_logs_never_share_an_epoch(house: House) -> None:
    names = [conversation_log(OWNER, str(number)) for number in range(50)]
    epochs = {(await house.log.position(name)).epoch for name in names}
    assert len(epochs) == len(names)
    assert {(await house.log.position(name)).epoch for name in names} == epochs


async def test_what_comes_after_a_place(house: House) -> None:
    await house.append(*"abcde")
    tail = await house.tail()
    assert texts(tail.after(0)) == list("abcde")
    assert texts(tail.after(3)) == ["d", "e"]
    assert texts(tail.after(1, 2)) == ["b", "c"]
    assert list(tail.after(5)) == []


async def test_one_append_wakes_each_follower_once(house: House) -> None:
    """However many entries it has, and of however many logs; and the entries are there when the follower wakes."""
    seen: list[int] = []
    other = conversation_log(OWNER, "other")

    def wake() -> None:
        seen.append(tail.position.offset)

    tail = await house.log.follow(LOG, wake)
    await house.log.follow(other, wake)
    await house.log.append([(LOG, delta("a")), (LOG, delta("b")), (other, delta("c"))])
    assert seen == [2]
    await house.append("d", log=conversation_log(OWNER, "unfollowed"))
    assert seen == [2]
    house.log.unfollow(LOG, wake)
    await house.append("e")
    assert seen == [2]
    await house.append("f", log=other)
    assert seen == [2, 3]


async def test_following_twice_is_following_once(house: House) -> None:
    woken: list[None] = []

    def wake() -> None:
        woken.append(None)

    await house.log.follow(LOG, wake)
    await house.log.follow(LOG, wake)
    await house.append("a")
    assert len(woken) == 1
    house.log.unfollow(LOG, wake)
    house.log.unfollow(LOG, wake)
    await house.append("b")
    assert len(woken) == 1


async def test_nothing_within_the_window_is_forgotten(house: House) -> None:
    await house.append("a")
    house.clock.seconds += WINDOW
    await house.append("b")
    house.log.sweep()
    tail = await house.tail()
    assert tail.first == 1
    assert texts(tail.after(0)) == ["a", "b"]


async def test_what_is_past_the_window_goes_and_the_offsets_stay(house: House) -> None:
    """Also without housekeeping, in lots, so that a busy log stays bounded by itself."""
    start = await house.log.position(LOG)
    await house.append(*["old"] * TRIM)
    house.clock.seconds += WINDOW + 1
    await house.append("new")
    tail = await house.tail()
    assert (tail.first, texts(tail.after(TRIM))) == (TRIM + 1, ["new"])
    assert tail.position == Position(start.epoch, TRIM + 1)


async def test_housekeeping_removes_every_entry_past_the_window(house: House) -> None:
    await house.append("old")
    house.clock.seconds += WINDOW / 2
    await house.append("newer")
    house.clock.seconds += WINDOW / 2 + 1
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


async def test_what_a_place_must_be_for_nothing_to_be_missing(house: House) -> None:
    await house.append(*["x"] * TRIM)
    house.clock.seconds += WINDOW + 1
    await house.append("a", "b")
    tail = await house.tail()
    epoch = tail.position.epoch
    assert tail.first == TRIM + 1
    assert [offset for offset in range(TRIM + 9) if tail.holds(Position(epoch, offset))] == [TRIM, TRIM + 1, TRIM + 2]
    assert not tail.holds(Position(epoch, -1))
    assert not tail.holds(Position("another", TRIM + 1))


async def test_a_forgotten_log_begins_another_epoch(house: House) -> None:
    """An offset of the past is not taken for one of the present."""
    await house.append("a")
    before = await house.log.position(LOG)
    house.clock.seconds += WINDOW + 1
    house.log.sweep()
    await house.log.renew(OWNER, 0, instead_of=None)
    after = await house.log.position(LOG)
    assert after.epoch != before.epoch
    assert after.offset == 0
    assert not (await house.tail()).holds(before)


async def test_a_log_that_is_followed_or_was_of_late_is_not_forgotten(house: House) -> None:
    tail = await house.log.follow(LOG, ignore)
    house.clock.seconds += 10 * WINDOW
    house.log.sweep()
    assert (await house.log.position(LOG)) == tail.position
    house.log.unfollow(LOG, ignore)
    house.clock.seconds += WINDOW - 1
    house.log.sweep()
    assert (await house.log.position(LOG)) == tail.position


async def test_which_logs_are_followed(house: House) -> None:
    await house.append("a")
    assert house.log.followed() == []
    await house.log.follow(user_log(OWNER), ignore)
    assert house.log.followed() == [user_log(OWNER)]
    house.log.unfollow(user_log(OWNER), ignore)
    assert house.log.followed() == []


def test_the_interface_is_all_that_others_see() -> None:
    assert issubclass(MemoryEventLog, EventLog)
    assert WINDOW >= 120
