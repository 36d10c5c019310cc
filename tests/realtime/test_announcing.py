"""What every event log promises of announcements, ledgers and their renewal."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from server.realtime.event_log import Entry, HistoryLost, Outcome, user_log
from tests.realtime.units import LOG, MINE, OWNER, Follower, House, delta, ignore, numbers, status, until

pytestmark = pytest.mark.anyio

DONE, BEHIND, LOST = Outcome.DONE, Outcome.BEHIND, Outcome.LOST


def says(*versions: int) -> Sequence[Entry]:
    return [(MINE, status(version)) for version in versions]


async def announce(house: House, *versions: int) -> Outcome:
    return await house.log.announce(OWNER, versions[-1], says(*versions))


async def test_what_is_announced_is_told_once(house: House) -> None:
    assert await announce(house, 1, 2) is DONE
    assert await announce(house, 1, 2) is DONE
    assert await announce(house, 2) is DONE
    assert numbers(await house.tail(MINE)) == [1, 2]
    assert (await house.ledger()).version == 2


async def test_announcements_are_told_in_the_order_of_their_versions(house: House) -> None:
    """Whoever comes too early is told so, and tells nothing."""
    assert await announce(house, 3) is BEHIND
    assert await announce(house, 2, 3) is BEHIND
    assert await announce(house, 1) is DONE
    assert await announce(house, 3) is BEHIND
    assert await announce(house, 2) is DONE
    assert await announce(house, 3) is DONE
    assert numbers(await house.tail(MINE)) == [1, 2, 3]


async def test_what_overlaps_with_what_was_told_is_not_told_in_part(house: House) -> None:
    assert await announce(house, 1) is DONE
    assert await announce(house, 1, 2) is BEHIND
    assert numbers(await house.tail(MINE)) == [1]


async def test_two_that_announce_the_same_at_once_tell_it_once(house: House) -> None:
    outcomes = await asyncio.gather(*(announce(house, 1, 2) for _ in range(8)))
    assert set(outcomes) == {DONE}
    assert numbers(await house.tail(MINE)) == [1, 2]


async def test_many_that_announce_at_once_are_told_in_order(house: House) -> None:
    async def insist(version: int) -> None:
        while await announce(house, version) is BEHIND:  # noqa: ASYNC110 -- asking is what is tested
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        for version in reversed(range(1, 21)):
            tasks.create_task(insist(version))
    assert numbers(await house.tail(MINE)) == list(range(1, 21))


async def test_nothing_can_be_announced_without_a_ledger(house: House) -> None:
    strange = user_log("nobody")
    assert await house.log.announce("nobody", 1, [(strange, status(1))]) is LOST
    await house.log.renew("nobody", 1, instead_of=None)
    assert (await house.log.position(strange)).offset == 0


async def test_one_announcement_may_be_for_several_logs(house: House) -> None:
    entries = [(MINE, status(1)), (LOG, delta("a")), (LOG, delta("b")), (MINE, status(4))]
    assert await house.log.announce(OWNER, 4, entries) is DONE
    mine, conversation = await house.tail(MINE), await house.tail()
    assert [mine.place_of(version).offset for version in range(6)] == [0, 1, 1, 1, 2, 2]
    assert [conversation.place_of(version).offset for version in range(6)] == [0, 0, 1, 2, 2, 2]


async def test_the_place_of_a_version_is_before_the_first_entry_that_is_newer(house: House) -> None:
    """Also among entries that have no version."""
    await house.append("x")
    await house.log.announce(OWNER, 1, [(LOG, delta("a"))])
    await house.append("y")
    await house.log.announce(OWNER, 2, says(2))
    await house.log.announce(OWNER, 3, [(LOG, delta("b"))])
    await house.append("z")
    tail = await house.tail()
    assert [tail.place_of(version).offset for version in range(5)] == [1, 3, 3, 5, 5]


async def test_the_place_is_the_same_for_who_follows_all_along(house: House) -> None:
    tail = await house.log.follow(LOG, ignore)
    await house.log.announce(OWNER, 1, [(LOG, delta("a"))])
    await house.append("x")
    await house.log.announce(OWNER, 2, [(LOG, delta("b"))])
    assert (await house.log.catch_up(tail)).version == 2
    assert [tail.place_of(version).offset for version in range(3)] == [0, 2, 3]


async def test_a_renewed_ledger_begins_every_log_of_the_user_anew(house: House) -> None:
    follower, other = Follower(), Follower()
    mine = await house.log.follow(MINE, follower.wake)
    tail = await house.log.follow(LOG, other.wake)
    await announce(house, 1)
    before = await house.ledger()
    await house.log.renew(OWNER, 5, instead_of=before)
    await until(lambda: mine.lost and tail.lost)
    assert follower.seen
    assert other.seen
    after = await house.ledger()
    assert (after.key != before.key, after.version) == (True, 5)
    for log, old in ((MINE, mine), (LOG, tail)):
        with pytest.raises(HistoryLost):
            await house.log.catch_up(old)
        assert not old.holds(old.position)
        new = await house.tail(log)
        assert (new.position.epoch != old.position.epoch, new.position.offset) == (True, 0)
        assert not new.holds(old.position)


async def test_a_renewal_takes_nothing_from_other_users(house: House) -> None:
    await house.log.renew("bob", 0, instead_of=None)
    bobs = await house.log.follow(user_log("bob"), ignore)
    mine = await house.log.follow(MINE, ignore)
    await house.log.renew(OWNER, 0, instead_of=await house.log.ledger(OWNER))
    await until(lambda: mine.lost)
    await house.log.append([(user_log("bob"), status(1))])
    await house.log.catch_up(bobs)
    assert (bobs.lost, numbers(bobs)) == (False, [1])


async def test_only_the_ledger_that_is_meant_is_renewed(house: House) -> None:
    """Of two that find the same fault, the second does nothing; and a late one neither."""
    first = await house.log.ledger(OWNER)
    await house.log.renew(OWNER, 7, instead_of=None)
    assert await house.log.ledger(OWNER) == first
    await house.log.renew(OWNER, 3, instead_of=first)
    second = await house.log.ledger(OWNER)
    position = await house.log.position(MINE)
    await house.log.renew(OWNER, 9, instead_of=first)
    assert await house.log.ledger(OWNER) == second
    assert await house.log.position(MINE) == position


async def test_a_renewal_does_not_take_back_what_was_announced_meanwhile(house: House) -> None:
    held = await house.log.ledger(OWNER)  # somebody reads version 1 of the database, and then
    await announce(house, 1, 2)
    await house.log.renew(OWNER, 1, instead_of=held)
    assert (await house.ledger()).version == 2
    assert await announce(house, 3) is DONE


async def test_two_that_renew_at_once_renew_once(house: House) -> None:
    held = await house.log.ledger(OWNER)
    await asyncio.gather(*(house.log.renew(OWNER, version, instead_of=held) for version in range(8)))
    tail = await house.log.follow(MINE, ignore)
    after = await house.ledger()
    assert await announce(house, after.version + 1) is DONE
    await house.log.catch_up(tail)
    assert numbers(tail) == [after.version + 1]


async def test_after_a_renewal_announcements_go_on_from_its_version(house: House) -> None:
    await house.log.renew(OWNER, 5, instead_of=await house.log.ledger(OWNER))
    assert await announce(house, 4, 5) is DONE  # what had been lost, and is no longer missed by anybody
    assert await announce(house, 7) is BEHIND
    assert await announce(house, 6) is DONE
    assert numbers(await house.tail(MINE)) == [6]
