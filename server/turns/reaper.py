"""Ends what a dead worker has left behind. No turn stays pending without a live worker."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from sqlmodel import Session

from server import metrics, tables
from server.conversations import objects
from server.conversations import repository as conversations
from server.db import Database
from server.errors import Unavailable
from server.journal import Journal, Recorded
from server.protocol.codes import Part, Status
from server.protocol.events import Event
from server.realtime.event_log import RunKey, conversation_log
from server.transcript.standing import Gap, texts, up_to_now
from server.turns import repository
from server.turns.ending import ended
from server.turns.repository import Run, Written

log = structlog.get_logger(__name__)


class Reaper:
    """Takes over the turns of workers that do not exist any more."""

    def __init__(self, db: Database, journal: Journal) -> None:
        self._db = db
        self._journal = journal

    async def sweep(self) -> None:
        for run in await self._db.read(repository.orphans):
            await self._end(run)

    async def _end(self, run: Run) -> None:
        """As ``interrupted``, with all that a follower can have seen.

        First of all nothing can be written into the log for the run any more: its worker may be frozen rather than
        dead, and would go on when it thaws. The database refuses it by the turn's owner.
        """
        key = RunKey(conversation_log(run.user, run.conversation), run.turn, run.number)
        try:
            entries: Sequence[Event] | None = await self._journal.log.seize(key)
        except Unavailable:
            entries = None
        written, agreed = await self._db.read(lambda session: _recovered(session, run, entries or ()))
        if entries is None or not agreed:
            log.warning("turns.reaped_without_log", turn=run.turn)
            await self._journal.distrust(run.user)
        if await self._journal.record(run.user, lambda session: _interrupt(session, written)):
            metrics.TAKEN_OVER.inc()
            metrics.TURNS.labels(str(Status.INTERRUPTED)).inc()
            log.warning("turns.reaped", turn=run.turn, user=run.user, owner=run.owner)


def _recovered(session: Session, run: Run, entries: Sequence[Event]) -> tuple[Written, bool]:
    """The text as the log has it, and whether the log can go on; else that of the last checkpoint."""
    row = session.get(tables.Message, run.turn)
    if row is None:
        return Written(run, "", ""), True
    saved = objects.message(row, [])
    try:
        found = up_to_now(saved, entries).message
    except Gap:
        return _written(run, texts(saved)), False
    logged, stored = texts(found), texts(saved)
    if all(len(logged[part]) >= len(stored[part]) for part in Part):
        return _written(run, logged), True
    return _written(run, stored), False  # the log was out of reach when its worker died


def _written(run: Run, parts: dict[Part, str]) -> Written:
    return Written(run, parts[Part.ANSWER], parts[Part.REASONING])


def _interrupt(session: Session, written: Written) -> Recorded[bool]:
    run = written.run
    conversation = conversations.find(session, run.user, run.conversation, lock=True)
    message = repository.owned(session, run)
    if message is None or session.get(tables.Worker, run.owner) is not None:
        return Recorded(False)  # somebody was faster, or its worker is back
    message.text, message.reasoning = written.text, written.reasoning or None
    message.error_code = "server_restarted"
    message.error_message = "The server was restarted while it answered."
    repository.end(session, conversation, message, Status.INTERRUPTED)
    return Recorded(True, ended(session, conversation, message))
