"""The SQL of workers: plain functions of a database session. All times are by the database's clock."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import Session, col, delete, select

from server.db import clock
from server.tables import Worker


def beat(session: Session, worker: str, name: str, *, draining: bool) -> bool:
    """A sign of life. False: the worker is new, or was taken for dead."""
    moment = clock(session)
    row = session.get(Worker, worker, with_for_update=True)
    if row is None:
        session.add(Worker(id=worker, name=name, started_at=moment, beat_at=moment, draining=draining))
        return False
    row.beat_at, row.draining = moment, draining
    return True


def bury(session: Session, silence: timedelta) -> list[str]:
    """Removes workers that have given no sign of life for so long; returns their ids."""
    limit = clock(session) - silence
    dead = list(session.exec(select(Worker.id).where(Worker.beat_at < limit).with_for_update(skip_locked=True)))
    session.exec(delete(Worker).where(col(Worker.id).in_(dead)))
    return dead


def leave(session: Session, worker: str) -> None:
    session.exec(delete(Worker).where(col(Worker.id) == worker))


def beats(session: Session) -> dict[str, Worker]:
    """All workers by their ids."""
    return {worker.id: worker for worker in session.exec(select(Worker))}
