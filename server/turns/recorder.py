"""Writes down what the models of this worker say: into the event log at once, into the database twice a second."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import anyio
import structlog
from sqlmodel import Session

from server import metrics, tables
from server.db import Database
from server.errors import Unavailable
from server.journal import Journal, Recorded
from server.protocol.codes import Part, Status
from server.protocol.events import TurnDelta, TurnStatus
from server.realtime.event_log import HistoryLost, Outcome, Speech
from server.turns import repository
from server.turns.ending import NOT_STORED, Ending, finish, note
from server.turns.recording import Recording
from server.turns.repository import Run, Written

log = structlog.get_logger(__name__)

TICK = 0.02
"""Seconds. What a model says within one is one entry; a reader does not see the difference, the loop does."""
CHECKPOINT = 0.5
"""Seconds of text that a crash of worker and log together may cost."""
RETRY = (0.2, 0.5, 1.0, 2.0, 5.0)
"""Seconds between tries to store an ended turn while the database is away; the last one again and again."""


class Recorder:
    def __init__(self, db: Database, journal: Journal) -> None:
        self._db = db
        self._journal = journal
        self._recordings: set[Recording] = set()
        self._dirty: set[Recording] = set()
        self._wake = anyio.Event()
        self._flushing = anyio.Lock()
        self._no_longer = anyio.Event()

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
            if outcome is Outcome.OVER:
                # Taken over, or only about to be: this worker was slow, and is heard of again. The database knows.
                log.warning("turns.silenced", turn=recording.run.turn)
            if outcome is not Outcome.DONE:
                recording.cut_loose()

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
                # Once more, and now: whoever took the run over before this will not seize it again. And whoever is
                # about to end it, because this worker was silent, will not do so any more once it is heard of.
                owned, alive = await self._db.read(lambda session: _standing(session, recording.run))
            except (Unavailable, HistoryLost) as error:
                log.warning("turns.still_adrift", turn=recording.run.turn, reason=repr(error))
                return  # with the next checkpoint again
            if not owned:
                recording.give_up()
                return
            if not alive:
                log.warning("turns.still_adrift", turn=recording.run.turn, reason="this worker is taken for dead")
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

        Tries until the database takes it. What it refuses for any other reason than being away is not tried again: then
        the run has failed, with the text of its last checkpoint. Returns the conversation as it is then, or None when
        the run was not this worker's to end any more (the conversation is deleted, another worker has taken over).
        """
        await self.flush()
        self._recordings.discard(recording)
        if not recording.adrift and not await self._has_all(recording):
            recording.cut_loose()
        written = recording.written()
        try:
            return await self._until_stored(recording, written, ending)
        except Exception:
            log.exception("turns.not_stored", turn=recording.run.turn)
        recording.cut_loose()
        return await self._until_stored(recording, None, NOT_STORED)

    def wait_no_longer(self) -> None:
        """This worker ends, whether the database is there or not: another one, or the next, ends what it leaves."""
        self._no_longer.set()

    async def _until_stored(
        self, recording: Recording, written: Written | None, ending: Ending
    ) -> tables.Conversation | None:
        """``written``: None leaves the row its text. Gives None when nobody waits for the database any more."""
        run, tries = recording.run, 0
        while True:
            try:
                if recording.adrift and not await self._begin_anew(run, written):
                    return None
                finished = await self._journal.record(run.user, lambda session: finish(session, run, written, ending))
            except Unavailable as error:
                if self._no_longer.is_set():
                    log.warning("turns.left_to_others", turn=run.turn, reason=error.message)
                    return None
                delay = RETRY[min(tries, len(RETRY) - 1)]
                tries += 1
                log.warning("turns.finish_waits", turn=run.turn, retry_in=delay, reason=error.message)
                with anyio.move_on_after(delay):
                    await self._no_longer.wait()
            else:
                note(run, ending, known=finished is not None)
                return finished

    async def _has_all(self, recording: Recording) -> bool:
        """Whether the log is still the one that was told of every word: a silent run does not notice its renewal."""
        try:
            position = await self._journal.log.position(recording.key.log)
        except (Unavailable, HistoryLost):
            return False
        return position.epoch == recording.epoch

    async def _begin_anew(self, run: Run, written: Written | None) -> bool:
        """The log does not get the end of what it has not all of. Whoever then looks again finds all of it saved.

        False: the run is not this worker's any more, and its log is as it should be.
        """

        def work(session: Session) -> bool:
            if written is not None:
                repository.checkpoint(session, [written])
            return repository.owned(session, run) is not None

        owned = await self._db.write(work)
        if owned:
            await self._journal.distrust(run.user)
        return owned


def _standing(session: Session, run: Run) -> tuple[bool, bool]:
    """Whether the run is its owner's still, and whether that is alive as far as the others know."""
    return repository.owned(session, run) is not None, session.get(tables.Worker, run.owner) is not None
