"""What every event log promises of what models say: only a live run can be written for, each word once."""

from __future__ import annotations

import asyncio

import pytest

from server.protocol.codes import Part
from server.realtime.event_log import HistoryLost, Outcome, RunKey, Speech, conversation_log
from server.realtime.tail import Position
from tests.realtime.units import (
    LOG,
    OTHER,
    OWNER,
    RUN,
    Follower,
    House,
    delta,
    finished,
    ignore,
    started,
    texts,
    until,
)

pytestmark = pytest.mark.anyio

DONE, LOST, OVER = Outcome.DONE, Outcome.LOST, Outcome.OVER
NOTHING = {Part.ANSWER: 0, Part.REASONING: 0}


async def test_words_are_written_where_the_text_ends(house: House) -> None:
    epoch = await house.begin()
    assert await house.say(epoch, delta("ab"), delta("c", 2)) is DONE
    assert await house.say(epoch, delta("d", 3)) is DONE
    assert await house.say(epoch, delta("d", 3)) is LOST  # once more
    assert await house.say(epoch, delta("f", 5)) is LOST  # something is missing before it
    assert texts((await house.tail()).after(0)) == ["ab", "c", "d"]


async def test_each_part_counts_for_itself_and_in_code_points(house: House) -> None:
    epoch = await house.begin(text="🌊🌊", reasoning="潮")
    assert await house.say(epoch, delta("🌊", 2), delta("汐🌊", 1, Part.REASONING)) is DONE
    assert await house.say(epoch, delta("!", 3), delta("?", 3, Part.REASONING)) is DONE


async def test_all_or_nothing_of_a_speech_is_written(house: House) -> None:
    epoch = await house.begin()
    assert await house.say(epoch, delta("ab"), delta("x", 9)) is LOST
    assert await house.say(epoch, delta("ab"), delta("x", 0, Part.REASONING), delta("y", 0, Part.REASONING)) is LOST
    assert texts((await house.tail()).after(0)) == []
    assert await house.say(epoch, delta("ab")) is DONE


async def test_speeches_of_one_call_have_outcomes_of_their_own(house: House) -> None:
    other = RunKey(OTHER, "o", 1)
    here, there = await house.begin(), await house.begin(other)
    speeches = [
        Speech(RUN, here, [delta("a")]),
        Speech(RUN, "another", [delta("b", 1)]),
        Speech(RunKey(LOG, "stranger", 1), here, [delta("c", 1)]),
        Speech(RunKey(conversation_log(OWNER, "unknown"), "t", 1), here, [delta("d")]),
        Speech(other, there, [delta("e")]),
    ]
    assert await house.log.write(speeches) == [DONE, LOST, OVER, LOST, DONE]
    assert texts((await house.tail()).after(0)) == ["a"]
    assert texts((await house.tail(OTHER)).after(0)) == ["e"]


async def test_many_turns_are_written_in_one_go(house: House) -> None:
    runs = [RunKey(conversation_log(OWNER, str(number)), "t", 1) for number in range(50)]
    epochs = [await house.begin(run) for run in runs]
    speeches = [Speech(run, epoch, [delta("a")]) for run, epoch in zip(runs, epochs, strict=True)]
    assert set(await house.log.write(speeches)) == {DONE}
    for run in runs:
        assert (await house.log.position(run.log)).offset == 2


async def test_nothing_is_written_for_a_run_that_has_ended(house: House) -> None:
    epoch = await house.begin()
    await house.log.announce(OWNER, 1, [(LOG, finished())])
    assert await house.say(epoch, delta("a")) is OVER


async def test_the_next_run_ends_the_one_before(house: House) -> None:
    epoch = await house.begin()
    second = RunKey(LOG, "t", 2)
    await house.log.announce(OWNER, 1, [(LOG, started(second, "kept"))])
    assert await house.say(epoch, delta("a")) is OVER
    assert await house.say(epoch, delta("a"), run=second) is LOST
    assert await house.say(epoch, delta("a", 4), run=second) is DONE


async def test_a_renewed_ledger_takes_the_runs_with_it(house: House) -> None:
    epoch = await house.begin()
    await house.log.renew(OWNER, 0, instead_of=await house.log.ledger(OWNER))
    assert await house.say(epoch, delta("a")) is LOST
    after = await house.log.position(LOG)
    assert await house.say(after.epoch, delta("a")) is OVER


async def test_a_resumed_run_goes_on_in_another_epoch(house: House) -> None:
    follower = Follower()
    tail = await house.log.follow(LOG, follower.wake)
    elsewhere = await house.log.follow(OTHER, ignore)
    epoch = await house.begin()
    position = await house.log.resume(RUN, {Part.ANSWER: 7, Part.REASONING: 3})
    assert (position.epoch != epoch, position.offset) == (True, 0)
    assert position == await house.log.position(LOG)
    await until(lambda: tail.lost)
    assert follower.seen
    assert not elsewhere.lost
    assert await house.say(epoch, delta("late", 7)) is LOST
    assert await house.say(position.epoch, delta("a", 7), delta("b", 3, Part.REASONING)) is DONE
    again = await house.tail()
    assert again.position == Position(position.epoch, 2)


async def test_who_follows_what_is_about_to_be_resumed_is_told_even_if_nothing_is_said(house: House) -> None:
    position = await house.log.resume(RUN, NOTHING)
    tail = await house.log.follow(LOG, ignore)
    assert tail.position == position
    await house.log.resume(RUN, NOTHING)
    await until(lambda: tail.lost)


async def test_without_a_ledger_nothing_is_resumed(house: House) -> None:
    with pytest.raises(HistoryLost):
        await house.log.resume(RunKey(conversation_log("nobody", "c"), "t", 1), NOTHING)


async def test_nothing_is_written_for_a_run_that_was_seized(house: House) -> None:
    epoch = await house.begin(text="kept")
    await house.say(epoch, delta("a", 4))
    entries = await house.log.seize(RUN)
    assert [entry.offset for entry in entries] == [1, 2]
    assert texts(entries) == ["a"]
    assert await house.say(epoch, delta("b", 5)) is OVER
    assert await house.log.seize(RUN) == entries


async def test_only_the_run_that_is_meant_is_seized(house: House) -> None:
    epoch = await house.begin()
    for other in (RunKey(LOG, "t", 2), RunKey(LOG, "u", 1)):
        assert len(await house.log.seize(other)) == 1
    assert await house.say(epoch, delta("a")) is DONE


async def test_of_a_log_that_is_gone_nothing_is_left_to_seize(house: House) -> None:
    await house.begin()
    assert list(await house.log.seize(RunKey(OTHER, "t", 1))) == []
    await house.log.renew(OWNER, 0, instead_of=await house.log.ledger(OWNER))
    assert list(await house.log.seize(RUN)) == []


async def test_seized_while_it_is_written_a_run_has_said_what_was_taken_and_no_more(house: House) -> None:
    epoch = await house.begin()
    said: list[str] = []

    async def speak() -> None:
        while await house.say(epoch, delta("x", len(said))) is DONE:
            said.append("x")
            await asyncio.sleep(0)

    speaking = asyncio.create_task(speak())
    await until(lambda: len(said) >= 5)
    entries = await house.log.seize(RUN)
    await speaking
    assert texts(entries) == said


async def test_announcements_words_and_the_rest_stand_in_one_order(house: House) -> None:
    tail = await house.log.follow(LOG, ignore)
    await house.log.announce(OWNER, 1, [(LOG, started())])
    epoch = (await house.log.position(LOG)).epoch
    await house.say(epoch, delta("a"))
    await house.append("noise")
    await house.say(epoch, delta("b", 1))
    await house.log.announce(OWNER, 2, [(LOG, finished(text="ab"))])
    await house.log.catch_up(tail)
    for seen in (tail, await house.tail()):
        kinds = [type(entry).__name__ for entry in seen.after(0)]
        assert kinds == ["TurnStarted", "TurnDelta", "TurnDelta", "TurnDelta", "TurnFinished"]
        assert texts(seen.after(0)) == ["a", "noise", "b"]
        assert [seen.place_of(version).offset for version in range(3)] == [0, 4, 5]
