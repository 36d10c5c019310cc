"""Which devices are here: login sessions with an open socket, on whichever worker."""

from __future__ import annotations

from collections.abc import Collection
from time import monotonic

import anyio
import structlog
from sqlmodel import Session, col, delete, select

from server.accounts import objects, repository
from server.db import Database
from server.errors import Unavailable
from server.journal import Journal, Recorded
from server.protocol.events import Event, SessionClosed, SessionOpened
from server.tables import LoginSession, Presence, Worker, now

log = structlog.get_logger(__name__)

GRACE = 4.0
"""Seconds between the end of a device's last socket and the word that it is gone: a page that is loaded anew, or that
moves to another worker, never left."""
STEP = 0.5


class Presences:
    def __init__(self, db: Database, journal: Journal, worker: str) -> None:
        self._db = db
        self._journal = journal
        self._worker = worker
        self._leaving: dict[str, tuple[str, float]] = {}
        """Connections that are gone: whose they were, and since when."""
        self._settling = anyio.Lock()

    async def arrive(self, user: str, session: str, connection: str) -> None:
        def work(db: Session) -> Recorded[None]:
            login = db.get(LoginSession, session)
            if login is None:
                return Recorded(None)  # logged out a moment ago: the socket is about to be closed
            first = not repository.present(db, [session])
            db.add(Presence(id=connection, session_id=session, worker_id=self._worker))
            login.last_seen_at = now()
            return Recorded(None, [SessionOpened(session=objects.session(login))] if first else [])

        await self._journal.record(user, work)

    def leave(self, user: str, connection: str) -> None:
        """Takes effect a moment later."""
        self._leaving[connection] = (user, monotonic())

    @property
    def waiting(self) -> int:
        """Sockets that have left, of which no note was taken yet."""
        return len(self._leaving)

    async def serve(self) -> None:
        """For ever: takes note of who has left."""
        while True:
            await anyio.sleep(STEP)
            try:
                await self._settle(before=monotonic() - GRACE)
            except Unavailable as error:
                log.warning("presence.put_off", reason=error.message)
            except Exception:
                log.exception("presence.failed")  # this loop ends with the server only

    async def end(self) -> None:
        """The sockets of this worker are closed, and nobody of its devices is waited for any longer."""
        await self._settle(before=monotonic())

    async def sweep(self) -> None:
        """Forgets the sockets of workers that do not exist any more."""
        for user, connection in await self._db.read(_left_behind):
            await self._remove(user, [connection])

    async def _settle(self, before: float) -> None:
        async with self._settling:
            gone: dict[str, list[str]] = {}
            for connection, (user, since) in self._leaving.items():
                if since <= before:
                    gone.setdefault(user, []).append(connection)
            for user, connections in gone.items():
                await self._remove(user, connections)
                for connection in connections:
                    del self._leaving[connection]

    async def _remove(self, user: str, connections: Collection[str]) -> None:
        def work(db: Session) -> Recorded[None]:
            sessions = set(db.exec(select(Presence.session_id).where(col(Presence.id).in_(connections))))
            db.exec(delete(Presence).where(col(Presence.id).in_(connections)))
            left = sessions - repository.present(db, sessions)
            repository.seen(db, left, now())
            events: list[Event] = [SessionClosed(session=session) for session in sorted(left)]
            return Recorded(None, events)

        await self._journal.record(user, work)


def _left_behind(db: Session) -> list[tuple[str, str]]:
    """Pairs of user and connection."""
    query = (
        select(LoginSession.user_id, Presence.id)
        .join(LoginSession, col(LoginSession.id) == Presence.session_id)
        .where(col(Presence.worker_id).not_in(select(Worker.id)))
    )
    return list(db.exec(query).all())
