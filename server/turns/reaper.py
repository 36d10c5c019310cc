"""Ends what a crash left behind. No turn stays pending without a live worker."""

from __future__ import annotations

import structlog
from sqlmodel import Session

from server.db import Database
from server.protocol.codes import Status
from server.turns import repository

log = structlog.get_logger(__name__)


async def end_orphans(db: Database) -> int:
    """At the start of the only process: every live turn belongs to one that is no more. Returns how many there were.

    They keep the text of their last checkpoint. Nobody has to be told: the logs begin anew with the process.
    """

    def work(session: Session) -> int:
        orphans = repository.live(session)
        for conversation, message in orphans:
            message.error_code = "server_restarted"
            message.error_message = "The server was restarted while it answered."
            repository.end(conversation, message, Status.INTERRUPTED)
        return len(orphans)

    ended = await db.write(work)
    if ended:
        log.warning("turns.interrupted", turns=ended)
    return ended
