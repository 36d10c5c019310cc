"""Writes down what the models of this worker say: into the event log at once, into the database twice a second."""

from __future__ import annotations

from dataclasses import dataclass, field

import anyio
import structlog
from sqlmodel import Session

from server import tables
from server.conversations import objects
from server.conversations import repository as conversations
from server.db import Database
from server.errors import Unavailable
from server.protocol.codes import Part, Status
from server.protocol.events import ConversationUpdated, Event, TurnDelta, TurnFinished, TurnStatus
from server.protocol.objects import TurnError, Usage
from server.realtime.event_log import conversation_log
from server.realtime.journal import Journal, Recorded
from server.turns import repository
from server.turns.repository import Run, Written

log = structlog.get_logger(__name__)

TICK = 0.02
"""Seconds. What a model says within one is one entry; a reader does not see the difference, the loop does."""
CHECKPOINT = 0.5
"""Seconds of text that a crash of worker and log together may cost."""
RETRY = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries to store an ended turn while the database is away; the last one again and again."""


@dataclass(frozen=True, slots=True)
class Outcome:
    status: Status
    error: TurnError | None = None
    usage: Usage | None = None


@dataclass(eq=False, slots=True)
class Recording:
    """One run as it is written. Text is kept in pieces: joining it for every token would be quadratic."""

    run: Run
    _texts: dict[Part, list[str]] = field(default_factory=lambda: {part: [] for part in Part})
    _lengths: dict[Part, int] = field(default_factory=lambda: dict.fromkeys(Part, 0))
    _waiting: list[tuple[Part, list[str]]] = field(default_factory=list)
    unsaved: bool = False
    """Whether the log has words that the database has not."""
    announced: bool = False
    """Whether the row and the sidebars say ``streaming``."""

    def write(self, part: Part, text: str) -> None:
        self._texts[part].append(text)
        if not self._waiting or self._waiting[-1][0] is not part:
            self._waiting.append((part, []))
        self._waiting[-1][1].append(text)

    @property
    def empty(self) -> bool:
        return not any(self._texts.values())

    def take(self) -> list[TurnDelta]:
        """What was written since the last time: one delta for each stretch of one part."""
        deltas = []
        for part, pieces in self._waiting:
            text = "".join(pieces)
            start = self._lengths[part]
            self._lengths[part] += len(text)
            deltas.append(
                TurnDelta(conversation=self.run.conversation, turn=self.run.turn, part=part, from_=start, text=text)
            )
        self._waiting.clear()
        self.unsaved = self.unsaved or bool(deltas)
        return deltas

    def written(self) -> Written:
        """What the log has been given: the database is never ahead of it."""
        return Written(self.run, self._join(Part.ANSWER), self._join(Part.REASONING))

    def _join(self, part: Part) -> str:
        text = "".join(self._texts[part])
        self._texts[part][:] = [text]
        return text[: self._lengths[part]]


class Recorder:
    def __init__(self, db: Database, journal: Journal) -> None:
        self._db = db
        self._journal = journal
        self._recordings: set[Recording] = set()
        self._dirty: set[Recording] = set()
        self._wake = anyio.Event()
        self._flushing = anyio.Lock()

    def begin(self, run: Run) -> Recording:
        recording = Recording(run)
        self._recordings.add(recording)
        return recording

    async def write(self, recording: Recording, part: Part, text: str) -> None:
        """The first words of a run go out at once, the others with the tick."""
        first = recording.empty
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
            entries: list[tuple[str, Event]] = [
                (conversation_log(recording.run.conversation), delta)
                for recording in dirty
                for delta in recording.take()
            ]
            if entries:
                with anyio.CancelScope(shield=True):  # what was taken is nowhere else
                    await self._journal.log.append(entries)

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

    async def checkpoint(self) -> None:
        """Stores the texts so far of all live turns, in one transaction."""
        unsaved = [recording for recording in self._recordings if recording.unsaved]
        if not unsaved:
            return
        written = [recording.written() for recording in unsaved]
        for recording in unsaved:
            recording.unsaved = False
        try:
            await self._db.write(lambda session: repository.checkpoint(session, written))
        except BaseException:
            for recording in unsaved:
                recording.unsaved = True
            raise
        async with anyio.create_task_group() as tasks:
            for recording in unsaved:
                if not recording.announced:
                    recording.announced = True
                    tasks.start_soon(self._announce_streaming, recording.run)

    async def _announce_streaming(self, run: Run) -> None:
        def work(session: Session) -> Recorded[None]:
            message = repository.owned(session, run)
            if message is None:
                return Recorded(None)
            message.status = Status.STREAMING
            return Recorded(None, [TurnStatus(conversation=run.conversation, turn=run.turn, status=Status.STREAMING)])

        try:
            await self._journal.record(run.user, lambda: self._db.write(work))
        except Unavailable:
            log.warning("turns.status_missed", turn=run.turn)

    async def finish(self, recording: Recording, outcome: Outcome) -> tables.Conversation | None:
        """Ends the run: what was written, and how it ended, in one transaction, then the events.

        Tries until the database takes it. Returns the conversation as it is then, or None when the run was not this
        worker's to end any more (the conversation is deleted, another worker has taken over).
        """
        await self.flush()
        self._recordings.discard(recording)
        written = recording.written()
        tries = 0
        while True:
            try:
                return await self._journal.record(
                    recording.run.user,
                    lambda: self._db.write(lambda session: _finish(session, written, outcome)),
                )
            except Unavailable as error:
                delay = RETRY[min(tries, len(RETRY) - 1)]
                tries += 1
                log.warning("turns.finish_waits", turn=recording.run.turn, retry_in=delay, reason=error.message)
                await anyio.sleep(delay)


def _finish(session: Session, written: Written, outcome: Outcome) -> Recorded[tables.Conversation | None]:
    run = written.run
    conversation = session.get(tables.Conversation, run.conversation, with_for_update=True)
    message = repository.owned(session, run)
    if conversation is None or message is None:
        return Recorded(None)
    message.text = written.text
    message.reasoning = written.reasoning or None
    if outcome.error is not None:
        message.error_code, message.error_message = outcome.error.code, outcome.error.message
    if outcome.usage is not None:
        message.prompt_tokens = outcome.usage.prompt_tokens
        message.completion_tokens = outcome.usage.completion_tokens
    repository.end(conversation, message, outcome.status)
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
