"""A process without Redis serves its database alone."""

from __future__ import annotations

import time
from datetime import datetime

from sqlalchemy import Engine
from sqlmodel import Session

from server.errors import StartupError
from server.workers import repository
from server.workers.heartbeat import BEAT

STEP = 0.25


def ensure(engine: Engine) -> None:
    """Removes what earlier processes have left. Raises StartupError while another one gives signs of life.

    On SQLite nobody else can: the data folder belongs to one process. Elsewhere a row of a process that was killed
    looks like that of a living one, until it has been silent for two beats.
    """
    seen = _beats(engine)
    if engine.dialect.name != "sqlite":
        deadline = time.monotonic() + 2 * BEAT + STEP
        while seen and time.monotonic() < deadline:
            time.sleep(STEP)
            now = _beats(engine)
            if any(now[worker] != beat for worker, beat in seen.items() if worker in now):
                raise StartupError("Another Parley serves this database. Stop it, or set PARLEY_REDIS_URL for both.")
            seen = {worker: beat for worker, beat in seen.items() if worker in now}
    with Session(engine) as session, session.begin():
        for worker in seen:
            repository.leave(session, worker)


def _beats(engine: Engine) -> dict[str, datetime]:
    with Session(engine) as session:
        return {worker.id: worker.beat_at for worker in repository.beats(session).values()}
