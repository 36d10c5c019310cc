"""This worker's signs of life, and its look at those of the others."""

from __future__ import annotations

import os
import socket
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from time import monotonic

import anyio
import structlog

from server import metrics
from server.db import Database
from server.errors import Unavailable
from server.workers import repository

log = structlog.get_logger(__name__)

BEAT = 2.0
"""Seconds between two signs of life, and between two looks at those of the others."""
SILENCE = 8.0
"""Seconds without any, and a worker counts as dead. With the look that finds it and the end of its turns this stays
under the 15 s that the contract allows; and a worker whose database stalls for a while is not buried alive."""

Sweep = Callable[[], Awaitable[None]]
"""Settles what workers have left behind that do not exist any more."""


class Heartbeat:
    def __init__(self, db: Database, worker: str, *, taken_for_dead: Sweep) -> None:
        """``taken_for_dead`` is called when the others have settled what this worker owned."""
        self.draining = False
        self._db = db
        self._worker = worker
        self._taken_for_dead = taken_for_dead
        self._begun = False
        self._name = f"{socket.gethostname()}:{os.getpid()}"[:120]
        self._steady_since: float | None = None
        self._last = monotonic()

    async def begin(self) -> None:
        """Before anything is owned: what an unknown worker owns belongs to nobody."""
        await self._beat()

    async def serve(self, sweeps: Sequence[Sweep]) -> None:
        """For ever. The others are judged only by a worker whose own signs came through for as long as theirs must.

        After the database was away everybody has been silent, and nobody is dead.
        """
        while True:
            await anyio.sleep(BEAT)
            try:
                await self._beat()
                if self._may_judge():
                    await self._bury()
                    for sweep in sweeps:
                        await sweep()
            except Unavailable as error:
                self._steady_since = None
                log.warning("worker.heartbeat_missed", reason=error.message)
            except Exception:
                log.exception("worker.heartbeat_failed")  # this loop ends with the server only

    async def end(self) -> None:
        """After everything that was owned has ended."""
        await self._db.write(lambda session: repository.leave(session, self._worker))

    async def _beat(self) -> None:
        began = monotonic()
        known = await self._db.write(
            lambda session: repository.beat(session, self._worker, self._name, draining=self.draining)
        )
        if self._steady_since is None or began - self._last > SILENCE / 2:
            self._steady_since = began  # new, or frozen for a while: the others may have been, too
        silent_for, self._last = began - self._last, began
        if self._begun and not known:
            log.error("worker.taken_for_dead", worker=self._worker, silent_for=round(silent_for, 1))
            await self._taken_for_dead()
        self._begun = True

    def _may_judge(self) -> bool:
        return self._steady_since is not None and monotonic() - self._steady_since > SILENCE

    async def _bury(self) -> None:
        dead = await self._db.write(lambda session: repository.bury(session, timedelta(seconds=SILENCE)))
        if dead:
            metrics.BURIED.inc(len(dead))
            log.error("workers.dead", workers=dead)
