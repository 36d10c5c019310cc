"""Writes down what the models of this worker say: into the event log at once, into the database twice a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import anyio
import structlog
from sqlmodel import Session

from server import metrics, tables
from server.conversations import objects
from server.conversations import repository as conversations
from server.db import Database
from server.errors import Unavailable
from server.journal import Journal, Recorded
from server.protocol.codes import Part, Status
from server.protocol.events import ConversationUpdated, Event, TurnDelta, TurnFinished, TurnStatus
from server.protocol.objects import TurnError, Usage
from server.realtime.event_log import HistoryLost, Outcome, Speech
from server.turns import repository
from server.turns.recording import Recording
from server.turns.repository import Run, Written

log = structlog.get_logger(__name__)

TICK = 0.02
"""Seconds. What a model says within one is one entry; a reader does not see the difference, the loop does."""
CHECKPOINT = 0.5
"""Seconds of text that a crash of worker and log together may cost."""
RETRY = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries to store an ended turn while the database is away; the last one again and again."""


@dataclass(frozen=True, slots=True)
class Ending:
    status: Status
    error: TurnError | None = None
    usage: Usage | None = None


class Recorder:
    def __init__(self, db: Database, journal: Journal) -> None:
        self._db = db
        self._journal = journal
        self._recordings: set[Recording] = set()
        self._dirty: set[Recording] = set()
        self._wake = anyio.Event()
        self._flushing = anyio.Lock()

    def begin(self, run: Run, epoch: str, base: Mapping[Part, str], give_up: Callable[[], None]) -> Recording:
        recording = Recording.after(base, run, epoch, give_up)
        self._recordings.add(recording)
        return recording

    async def write(self, recording: Recording, part: Part, text: str) -> None:
        """The first words of a run go out at once, the others with the tick."""
        first = not recording.spoken
        recording.write(part, text)
        self._dirty.add(recording)
        if first:
            await self.flush()
        else:
            self._wake.set()

    async def flush(self) -> None:
        """Appends all that is waiting, of all turns in one go. When it returns, nothing of before is under way."""
        async with self._flushing:
            dirty, self._dirty = self._dirty, set()
            taken = [(recording, recording.take()) for recording in dirty if not recording.adrift]
            spoken = [(recording, deltas) for recording, deltas in taken if deltas]
            if spoken:
                with anyio.CancelScope(shield=True):  # what was taken is nowhere else
                    await self._say(spoken)

    async def _say(self, spoken: Sequence[tuple[Recording, list[TurnDelta]]]) -> None:
        speeches = [Speech(recording.key, recording.epoch, deltas) for recording, deltas in spoken]
        try:
            outcomes = await self._journal.log.write(speeches)
        except Unavailable as error:
            metrics.LOG_UNREACHABLE.inc()
            log.warning("turns.log_unreachable", turns=len(spoken), reason=error.message)
            outcomes = [Outcome.LOST] * len(spoken)
        except BaseException:
            for recording, _ in spoken:
                recording.cut_loose()
            raise
        for (recording, _), outcome in zip(spoken, outcomes, strict=True):
            if outcome is Outcome.LOST:
                recording.cut_loose()
            elif outcome is Outcome.OVER:
                log.warning("turns.taken_over", turn=recording.run.turn)
                recording.give_up()

    async def serve_log(self) -> None:
        while True:
            await self._wake.wait()
            self._wake = anyio.Event()
            try:
                await self.flush()
            except Exception:
                log.exception("turns.flush_failed")  # this loop ends with the server only
            await anyio.sleep(TICK)

    async def serve_database(self) -> None:
        while True:
            await anyio.sleep(CHECKPOINT)
            try:
                await self.checkpoint()
            except Unavailable:
                log.warning("turns.checkpoint_missed", turns=len(self._recordings))
            except Exception:
                # The answers go on, and the next checkpoint may succeed: this loop ends with the server only.
                log.exception("turns.checkpoint_failed", turns=len(self._recordings))

    async def review(self) -> None:
        """Gives up the runs that another worker has taken over, also those whose models say nothing."""
        live = list(self._recordings)
        foreign = await self._db.read(
            lambda session: [recording for recording in live if repository.owned(session, recording.run) is None]
        )
        for recording in foreign:
            recording.give_up()

    async def checkpoint(self) -> None:
        """Stores the texts so far of all live turns, in one transaction."""
        unsaved = [recording for recording in self._recordings if recording.unsaved or recording.adrift]
        if not unsaved:
            return
        written = {recording: recording.written() for recording in unsaved}
        adrift = [recording for recording in unsaved if recording.adrift]
        for recording in unsaved:
            recording.unsaved = False

        def work(session: Session) -> list[Recording]:
            repository.checkpoint(session, list(written.values()))
            return [recording for recording in adrift if repository.owned(session, recording.run) is None]

        try:
            with metrics.timed(metrics.CHECKPOINT_SECONDS):
                foreign = await self._db.write(work)
        except BaseException:
            metrics.CHECKPOINTS_MISSED.inc()
            for recording in unsaved:
                recording.unsaved = True
            raise
        async with anyio.create_task_group() as tasks:
            for recording in unsaved:
                if recording in foreign:
                    recording.give_up()
                elif recording in adrift:
                    tasks.start_soon(self._resume, recording, written[recording])
                if not recording.announced and recording.spoken and recording not in foreign:
                    recording.announced = True
                    tasks.start_soon(self._announce_streaming, recording.run)

    async def _resume(self, recording: Recording, saved: Written) -> None:
        """The log lacks words, and the database has them all: the log begins anew from there."""
        chars = {Part.ANSWER: len(saved.text), Part.REASONING: len(saved.reasoning)}
        async with self._flushing:
            if recording not in self._recordings:
                return  # it has ended meanwhile
            try:
                await self._journal.prepare(recording.run.user)
                position = await self._journal.log.resume(recording.key, chars)
                # Once more, and now: whoever took the run over before this will not seize it again.
                owned = await self._db.read(lambda session: repository.owned(session, recording.run))
            except (Unavailable, HistoryLost) as error:
                log.warning("turns.still_adrift", turn=recording.run.turn, reason=repr(error))
                return  # with the next checkpoint again
            if owned is None:
                recording.give_up()
                return
            recording.rejoin(position.epoch, saved)
        self._dirty.add(recording)
        self._wake.set()

    async def _announce_streaming(self, run: Run) -> None:
        def work(session: Session) -> Recorded[None]:
            message = repository.owned(session, run)
            if message is None:
                return Recorded(None)
            message.status = Status.STREAMING
            return Recorded(None, [TurnStatus(conversation=run.conversation, turn=run.turn, status=Status.STREAMING)])

        try:
            await self._journal.record(run.user, work)
        except Unavailable:
            log.warning("turns.status_missed", turn=run.turn)

    async def finish(self, recording: Recording, ending: Ending) -> tables.Conversation | None:
        """Ends the run: what was written, and how it ended, in one transaction, then the events.

        Tries until the database takes it. Returns the conversation as it is then, or None when the run was not this
        worker's to end any more (the conversation is deleted, another worker has taken over).
        """
        await self.flush()
        self._recordings.discard(recording)
        if not recording.adrift and not await self._has_all(recording):
            recording.cut_loose()
        written = recording.written()
        tries = 0
        while True:
            try:
                if recording.adrift:
                    await self._begin_anew(written)
                return await self._journal.record(recording.run.user, lambda session: _finish(session, written, ending))
            except Unavailable as error:
                delay = RETRY[min(tries, len(RETRY) - 1)]
                tries += 1
                log.warning("turns.finish_waits", turn=recording.run.turn, retry_in=delay, reason=error.message)
                await anyio.sleep(delay)

    async def _has_all(self, recording: Recording) -> bool:
        """Whether the log is still the one that was told of every word: a silent run does not notice its renewal."""
        try:
            position = await self._journal.log.position(recording.key.log)
        except (Unavailable, HistoryLost):
            return False
        return position.epoch == recording.epoch

    async def _begin_anew(self, written: Written) -> None:
        """The log does not get the end of what it has not all of. Whoever then looks again finds all of it saved."""
        await self._db.write(lambda session: repository.checkpoint(session, [written]))
        await self._journal.distrust(written.run.user)


def _finish(session: Session, written: Written, ending: Ending) -> Recorded[tables.Conversation | None]:
    run = written.run
    conversation = session.get(tables.Conversation, run.conversation, with_for_update=True)
    message = repository.owned(session, run)
    if conversation is None or message is None:
        return Recorded(None)
    message.text = written.text
    message.reasoning = written.reasoning or None
    if ending.error is not None:
        message.error_code, message.error_message = ending.error.code, ending.error.message
    if ending.usage is not None:
        # Of all its runs together: that is what it has cost.
        message.prompt_tokens = (message.prompt_tokens or 0) + ending.usage.prompt_tokens
        message.completion_tokens = (message.completion_tokens or 0) + ending.usage.completion_tokens
    repository.end(conversation, message, ending.status)
    return Recorded(conversation, ended(session, conversation, message))


def ended(session: Session, conversation: tables.Conversation, message: tables.Message) -> list[Event]:
    """What the end of a turn has to say."""
    session.flush()
    siblings = conversations.siblings(session, message)
    return [
        TurnFinished(conversation=conversation.id, message=objects.message(message, siblings)),
        TurnStatus(conversation=conversation.id, turn=message.id, status=message.status),
        ConversationUpdated(conversation=objects.conversation(conversation)),
    ]
