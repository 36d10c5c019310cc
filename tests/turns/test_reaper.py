"""What a dead worker has left is ended by another one: once, and with all that anybody has seen of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import pytest
from sqlmodel import Session

from server.conversations import objects
from server.db import Database
from server.errors import Unavailable
from server.journal import Journal
from server.protocol.codes import AccountRole, Part, Role, Status
from server.protocol.events import Event, TurnDelta, TurnFinished, TurnStarted
from server.protocol.objects import Message as WireMessage
from server.realtime.event_log import Ledger, Outcome, RunKey, Speech, conversation_log
from server.realtime.event_log_memory import MemoryEventLog
from server.realtime.tail import Position, Tail
from server.tables import Conversation, Message, TitleSource, User, Worker, now
from server.turns.ending import Ending
from server.turns.reaper import Reaper
from server.turns.recorder import Recorder
from server.turns.repository import Run, Written, checkpoint

pytestmark = pytest.mark.anyio

USER, CONVERSATION, TURN, OWNER = (letter * 24 for letter in "abcd")
RUN = Run(TURN, CONVERSATION, USER, OWNER, 1)
LOG = conversation_log(USER, CONVERSATION)
KEY = RunKey(LOG, TURN, 1)


class Shared(MemoryEventLog):
    """Stands for a log that several processes share and that can be out of reach."""

    outlives_process = True
    reachable = True
    before_resuming: Callable[[], Awaitable[None]] | None = None
    after_renewing: Callable[[], Awaitable[None]] | None = None

    async def seize(self, run: RunKey) -> Sequence[Event]:
        if not self.reachable:
            raise Unavailable("The log does not answer.")
        return await super().seize(run)

    async def resume(self, run: RunKey, chars: dict[Part, int]) -> Position:
        if self.before_resuming is not None:
            await self.before_resuming()
        return await super().resume(run, chars)

    async def renew(self, user: str, version: int, instead_of: Ledger | None) -> None:
        await super().renew(user, version, instead_of)
        if self.after_renewing is not None:
            await self.after_renewing()


class House:
    """An answer in the middle, whose worker does not exist any more."""

    def __init__(self, database: Database) -> None:
        self.db = database
        self.log = Shared()
        self.journal = Journal(database, self.log)
        self.reaper = Reaper(database, self.journal)
        self.tail: Tail

    async def begin(self) -> None:
        def work(session: Session) -> WireMessage:
            session.add(
                User(
                    id=USER,
                    email="a@b.c",
                    username="ann",
                    username_key="ann",
                    password_hash="x",
                    role=AccountRole.USER,
                )
            )
            session.flush()
            session.add(
                Conversation(
                    id=CONVERSATION,
                    user_id=USER,
                    title="t",
                    title_source=TitleSource.WORDS,
                    leaf_id=TURN,
                    live_turn_id=TURN,
                )
            )
            session.flush()
            answer = Message(
                id=TURN, conversation_id=CONVERSATION, role=Role.ASSISTANT, status=Status.STREAMING, owner=OWNER, run=1
            )
            session.add(answer)
            return objects.message(answer, [TURN])

        message = await self.db.write(work)
        await self.journal.prepare(USER)
        self.tail = await self.log.follow(LOG, lambda: None)
        await self.log.append([(LOG, TurnStarted(conversation=CONVERSATION, message=message))])

    async def say(self, start: int, text: str, part: Part = Part.ANSWER) -> Outcome:
        delta = TurnDelta(conversation=CONVERSATION, turn=TURN, part=part, from_=start, text=text)
        (outcome,) = await self.log.write([Speech(KEY, self.tail.position.epoch, [delta])])
        return outcome

    async def save(self, text: str) -> None:
        await self.db.write(lambda session: checkpoint(session, [Written(RUN, text, "")]))

    async def row(self) -> Message:
        return await self.db.read(lambda session: session.get_one(Message, TURN))

    def ends(self) -> list[TurnFinished]:
        return [event for event in self.tail.after(0) if isinstance(event, TurnFinished)]


@pytest.fixture
async def house(database: Database) -> House:
    made = House(database)
    await made.begin()
    return made


async def test_the_log_has_more_than_the_last_checkpoint(house: House) -> None:
    await house.say(0, "one ")
    await house.save("one ")
    await house.say(4, "two 🌊")
    await house.reaper.sweep()
    row = await house.row()
    assert (row.status, row.text, row.owner) == (Status.INTERRUPTED, "one two 🌊", None)
    assert row.error_code == "server_restarted"
    (end,) = house.ends()
    assert (end.message.text, end.message.status) == ("one two 🌊", Status.INTERRUPTED)
    assert not house.tail.lost
    conversation = await house.db.read(lambda session: session.get_one(Conversation, CONVERSATION))
    assert (conversation.live_turn_id, conversation.unread) == (None, True)


async def test_it_is_ended_once(house: House) -> None:
    await house.say(0, "one")
    await house.reaper.sweep()
    await Reaper(house.db, house.journal).sweep()
    assert len(house.ends()) == 1


def alive(session: Session) -> None:
    moment = now()
    session.add(Worker(id=OWNER, name="o", started_at=moment, beat_at=moment))


async def test_a_living_worker_s_turn_is_left_alone(house: House) -> None:
    await house.db.write(alive)
    await house.reaper.sweep()
    assert (await house.row()).status is Status.STREAMING
    assert house.ends() == []


async def test_the_worker_was_frozen_and_thaws(house: House) -> None:
    """It can neither say anything more, nor save it, nor end the turn a second time."""
    gave_up: list[bool] = []
    recorder = Recorder(house.db, house.journal)
    recording = recorder.begin(RUN, house.tail.position.epoch, {}, give_up=lambda: gave_up.append(True))
    await recorder.write(recording, Part.ANSWER, "one ")
    recording.write(Part.ANSWER, "two")  # it freezes before this is in the log
    await house.reaper.sweep()
    before = await house.row()
    assert before.text == "one "
    await recorder.write(recording, Part.ANSWER, "three")
    await recorder.flush()
    await recorder.checkpoint()
    assert gave_up == [True]
    assert await recorder.finish(recording, Ending(Status.COMPLETE)) is None
    assert await house.row() == before
    assert not house.tail.lost
    assert len(house.ends()) == 1
    assert isinstance(house.tail.after(0)[-1], TurnFinished)


async def test_the_worker_was_slow_and_is_back(house: House) -> None:
    """Another was about to end its turn, and finds it alive: the answer goes on, in another epoch of its log."""
    recorder = Recorder(house.db, house.journal)
    recording = recorder.begin(RUN, house.tail.position.epoch, {}, give_up=lambda: pytest.fail("it is its own"))
    await recorder.write(recording, Part.ANSWER, "one ")
    await house.log.seize(KEY)
    await recorder.write(recording, Part.ANSWER, "two ")
    await recorder.flush()
    assert [event.text for event in house.tail.after(0) if isinstance(event, TurnDelta)] == ["one "]
    await recorder.checkpoint()
    assert recording.adrift  # as long as it counts as dead its turn may still be ended
    await house.db.write(alive)
    await house.reaper.sweep()
    await recorder.checkpoint()
    assert not recording.adrift
    assert house.tail.lost
    tail = await house.log.follow(LOG, lambda: None)
    await recorder.write(recording, Part.ANSWER, "three")
    await recorder.flush()
    await recorder.finish(recording, Ending(Status.COMPLETE))
    row = await house.row()
    assert (row.text, row.status) == ("one two three", Status.COMPLETE)
    said, end = tail.after(0)
    assert isinstance(said, TurnDelta)
    assert (said.from_, said.text) == (len("one two "), "three")
    assert isinstance(end, TurnFinished)


async def test_an_end_comes_before_the_log_can_go_on(house: House) -> None:
    """The words that the log refused are told by a snapshot: its followers look again."""
    await house.db.write(alive)
    recorder = Recorder(house.db, house.journal)
    recording = recorder.begin(RUN, house.tail.position.epoch, {}, give_up=lambda: None)
    await recorder.write(recording, Part.ANSWER, "one ")
    await house.log.seize(KEY)
    await recorder.write(recording, Part.ANSWER, "two")
    assert await recorder.finish(recording, Ending(Status.COMPLETE)) is not None
    assert house.tail.lost
    assert house.ends() == []
    assert (await house.row()).text == "one two"


async def test_the_worker_was_frozen_just_before_its_log_goes_on(house: House) -> None:
    """The turn was its own when it looked, and is not when it thaws: the log would take its words."""
    gave_up: list[bool] = []
    recorder = Recorder(house.db, house.journal)
    recording = recorder.begin(RUN, house.tail.position.epoch, {}, give_up=lambda: gave_up.append(True))
    recording.write(Part.ANSWER, "one")
    recording.cut_loose()
    house.log.before_resuming = house.reaper.sweep
    await recorder.checkpoint()
    assert gave_up == [True]
    assert (await house.row()).status is Status.INTERRUPTED
    await recorder.write(recording, Part.ANSWER, "two")
    await recorder.flush()
    tail = await house.log.follow(LOG, lambda: None)
    assert list(tail.after(0)) == []


async def test_what_the_log_lacks_is_saved_before_followers_look_again(house: House) -> None:
    """They find all that was said; the end that comes then fits to it."""
    await house.db.write(lambda session: session.add(Worker(id=OWNER, name="o", started_at=now(), beat_at=now())))
    recorder = Recorder(house.db, house.journal)
    recording = recorder.begin(RUN, house.tail.position.epoch, {}, give_up=lambda: None)
    recording.write(Part.ANSWER, "all of it")
    recording.cut_loose()
    found: list[str] = []

    async def look() -> None:
        row = await house.row()
        assert row.status is Status.STREAMING
        found.append(row.text)

    house.log.after_renewing = look
    await recorder.finish(recording, Ending(Status.COMPLETE))
    assert house.tail.lost
    assert found == ["all of it"]
    row = await house.row()
    assert (row.text, row.status) == ("all of it", Status.COMPLETE)


async def test_the_worker_thaws_and_its_model_says_nothing(house: House) -> None:
    """It finds out all the same, and lets go of the model."""
    gave_up: list[bool] = []
    recorder = Recorder(house.db, house.journal)
    recorder.begin(RUN, house.tail.position.epoch, {}, give_up=lambda: gave_up.append(True))
    await recorder.review()
    assert gave_up == []
    await house.reaper.sweep()
    await recorder.review()
    assert gave_up == [True]


async def test_the_log_begins_anew_under_a_silent_run(house: House) -> None:
    """Words that were told and not yet saved are lost with the log: whoever looked since must look again at the end."""
    await house.db.write(alive)
    recorder = Recorder(house.db, house.journal)
    recording = recorder.begin(RUN, house.tail.position.epoch, {}, give_up=lambda: None)
    await recorder.write(recording, Part.ANSWER, "one two")
    await house.journal.renew(USER)
    between = await house.log.follow(LOG, lambda: None)
    assert await recorder.finish(recording, Ending(Status.COMPLETE)) is not None
    assert between.lost
    assert list(between.after(0)) == []
    assert (await house.row()).text == "one two"


async def test_log_out_of_reach(house: House) -> None:
    """The turn ends all the same, with its last checkpoint; whoever had seen more has to look again."""
    await house.say(0, "one ")
    await house.save("one ")
    await house.say(4, "two")
    house.log.reachable = False
    await house.reaper.sweep()
    row = await house.row()
    assert (row.status, row.text) == (Status.INTERRUPTED, "one ")
    assert house.tail.lost


async def test_a_checkpoint_that_the_log_never_had(house: House) -> None:
    """The log was out of reach before the worker died: nothing that is stored gets lost, and followers look again."""
    await house.say(0, "one ")
    await house.save("one two")
    await house.reaper.sweep()
    row = await house.row()
    assert (row.status, row.text) == (Status.INTERRUPTED, "one two")
    assert house.tail.lost


async def test_nothing_can_be_said_for_it_while_it_is_taken_over(house: House) -> None:
    await house.log.seize(KEY)
    assert await house.say(0, "late") is Outcome.OVER


async def test_a_turn_that_was_never_told(house: House) -> None:
    """Its worker died between the commit of the question and the word of it: the log has nothing at all."""
    await house.journal.renew(USER)
    await house.reaper.sweep()
    assert (await house.row()).status is Status.INTERRUPTED
