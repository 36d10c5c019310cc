"""What every event log promises to those who follow it. A new kind of log joins the fixture, and nothing else."""

from __future__ import annotations

import pytest

from server.protocol.codes import Part
from server.protocol.events import ConversationDeleted, Event, TurnDelta
from server.realtime.event_log import WINDOW, HistoryLost, conversation_log, user_log
from server.realtime.tail import Position
from tests.realtime.units import LOG, MINE, OTHER, OWNER, Follower, House, delta, ignore, started, texts, until

pytestmark = pytest.mark.anyio


async def test_a_log_without_entries_stands_at_0(house: House) -> None:
    position = await house.log.position(LOG)
    assert position.offset == 0
    tail = await house.tail()
    assert (tail.position, tail.first) == (position, 1)
    assert list(tail.after(0)) == []


async def test_offsets_are_contiguous_and_each_log_counts_for_itself(house: House) -> None:
    await house.log.append([(LOG, delta("a")), (MINE, ConversationDeleted(conversation="x")), (LOG, delta("b"))])
    await house.append("c")
    entries = (await house.tail()).after(0)
    assert [(entry.offset, text) for entry, text in zip(entries, texts(entries), strict=True)] == [
        (1, "a"),
        (2, "b"),
        (3, "c"),
    ]
    assert [entry.offset for entry in (await house.tail(MINE)).after(0)] == [1]
    assert (await house.log.position(LOG)).offset == 3


async def test_two_logs_never_share_an_epoch(house: House) -> None:
    names = [conversation_log(OWNER, str(number)) for number in range(50)]
    epochs = {(await house.log.position(name)).epoch for name in names}
    assert len(epochs) == len(names)
    assert {(await house.log.position(name)).epoch for name in names} == epochs


async def test_logs_that_one_act_begins_have_epochs_of_their_own(house: House) -> None:
    names = [conversation_log(OWNER, str(number)) for number in range(5)]
    await house.log.append([(name, delta("a")) for name in names])
    assert len({(await house.log.position(name)).epoch for name in names}) == len(names)


async def test_what_comes_after_a_place(house: House) -> None:
    await house.append(*"abcde")
    tail = await house.tail()
    assert texts(tail.after(0)) == list("abcde")
    assert texts(tail.after(3)) == ["d", "e"]
    assert texts(tail.after(1, 2)) == ["b", "c"]
    assert list(tail.after(5)) == []


async def test_what_is_appended_arrives_as_it_was(house: House) -> None:
    """Each field, in any script, and nothing that a text holds can be taken for the end of an entry."""
    nasty = 'line\nfeed \r\0 "quoted" \\ 潮汐 🌊 \u2028'
    events: list[Event] = [
        TurnDelta(conversation="c", turn="t", part=Part.REASONING, from_=7, text=nasty),
        started(text=nasty, reasoning="why"),
    ]
    await house.log.append([(LOG, event) for event in events])
    tail = await house.tail()
    await house.log.append([(LOG, event) for event in events])
    await house.log.catch_up(tail)
    for entry, event in zip(tail.after(0), [*events, *events], strict=True):
        event.offset = entry.offset
        assert entry == event


async def test_a_follower_is_woken_when_the_entries_are_there(house: House) -> None:
    follower = Follower()
    follower.tail = await house.log.follow(LOG, follower.wake)
    await house.append("a", "b")
    await until(lambda: follower.seen[-1:] == [2])
    await house.append("c")
    await until(lambda: follower.seen[-1:] == [3])


async def test_who_no_longer_follows_is_not_woken(house: House) -> None:
    gone, here = Follower(), Follower()
    await house.log.follow(LOG, gone.wake)
    here.tail = await house.log.follow(LOG, here.wake)
    await house.append("a", log=conversation_log(OWNER, "unfollowed"))
    house.log.unfollow(LOG, gone.wake)
    await house.append("b")
    await until(lambda: here.seen[-1:] == [1])
    assert gone.seen == []


async def test_following_twice_is_following_once(house: House) -> None:
    twice, here = Follower(), Follower()
    await house.log.follow(LOG, twice.wake)
    await house.log.follow(LOG, twice.wake)
    house.log.unfollow(LOG, twice.wake)
    house.log.unfollow(LOG, twice.wake)
    here.tail = await house.log.follow(LOG, here.wake)
    await house.append("b")
    await until(lambda: here.seen[-1:] == [1])
    assert twice.seen == []


async def test_a_follower_of_two_logs_hears_of_both(house: House) -> None:
    woken: list[None] = []

    def wake() -> None:
        woken.append(None)

    tail, other = await house.log.follow(LOG, wake), await house.log.follow(OTHER, wake)
    await house.log.append([(LOG, delta("a")), (OTHER, delta("b"))])
    await until(lambda: (tail.position.offset, other.position.offset) == (1, 1))
    house.log.unfollow(LOG, wake)
    woken.clear()
    await house.append("c", log=OTHER)
    await until(lambda: bool(woken))


async def test_catching_up_brings_the_present_end(house: House) -> None:
    """At once, and not when somebody gets round to telling."""
    tail = await house.log.follow(LOG, ignore)
    for number in range(1, 20):
        await house.append("x")
        ledger = await house.log.catch_up(tail)
        assert tail.position.offset == number
        assert ledger == await house.log.ledger(OWNER)


async def test_what_a_place_must_be_for_nothing_to_be_missing(house: House) -> None:
    await house.append("a", "b")
    tail = await house.tail()
    epoch = tail.position.epoch
    assert [offset for offset in range(5) if tail.holds(Position(epoch, offset))] == [0, 1, 2]
    assert not tail.holds(Position(epoch, -1))
    assert not tail.holds(Position("another", 1))


async def test_without_a_ledger_nothing_can_be_followed(house: House) -> None:
    strange = user_log("nobody")
    for ask in (
        lambda: house.log.follow(strange, ignore),
        lambda: house.log.position(strange),
    ):
        with pytest.raises(HistoryLost):
            await ask()
    assert await house.log.ledger("nobody") is None
    assert house.log.followed() == []


async def test_what_is_appended_without_a_ledger_is_gone(house: House) -> None:
    strange = user_log("nobody")
    await house.log.append([(strange, ConversationDeleted(conversation="x")), (LOG, delta("a"))])
    await house.log.renew("nobody", 0, instead_of=None)
    assert (await house.log.position(strange)).offset == 0
    assert (await house.log.position(LOG)).offset == 1


async def test_which_logs_are_followed(house: House) -> None:
    await house.append("a")
    assert house.log.followed() == []
    await house.log.follow(MINE, ignore)
    assert house.log.followed() == [MINE]
    house.log.unfollow(MINE, ignore)
    assert house.log.followed() == []


async def test_housekeeping_forgets_nothing_of_late(house: House) -> None:
    tail = await house.log.follow(LOG, ignore)
    await house.append("a")
    house.log.sweep()
    house.log.unfollow(LOG, ignore)
    house.log.sweep()
    again = await house.tail()
    assert (again.position.epoch, texts(again.after(0))) == (tail.position.epoch, ["a"])


def test_the_window_is_what_the_contract_asks_for() -> None:
    assert WINDOW >= 120


async def test_of_somebody_who_is_forgotten_there_is_nothing(house: House) -> None:
    """Whoever follows is told, and only a new ledger begins a log again; other people's logs are as they were."""
    await house.log.renew("bob", 0, instead_of=None)
    theirs = user_log("bob")
    await house.append("a")
    await house.append("b", log=MINE)
    await house.append("c", log=theirs)
    epoch = (await house.log.position(LOG)).epoch
    tail = await house.log.follow(LOG, ignore)
    await house.log.forget(OWNER, ["c"])
    assert await house.log.ledger(OWNER) is None
    for ask in (house.log.catch_up(tail), house.log.position(LOG), house.log.follow(MINE, ignore)):
        with pytest.raises(HistoryLost):
            await ask
    assert texts((await house.tail(theirs)).after(0)) == ["c"]
    await house.log.renew(OWNER, 0, instead_of=None)
    position = await house.log.position(LOG)
    assert (position.offset, position.epoch != epoch) == (0, True)
    assert list((await house.tail(MINE)).after(0)) == []
