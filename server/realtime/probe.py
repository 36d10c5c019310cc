"""How long news take: a process sends itself an entry every second, by the way that its readers get theirs."""

from __future__ import annotations

import asyncio
from time import perf_counter
from typing import NoReturn

import anyio
import anyio.lowlevel
import structlog

from server import metrics
from server.errors import Unavailable
from server.protocol.events import SessionClosed
from server.realtime.event_log import EventLog, HistoryLost, Wake, conversation_log
from server.realtime.tail import Tail

log = structlog.get_logger(__name__)

SECONDS = 1.0


class Probe:
    """Has a log of its own, which nobody else follows."""

    def __init__(self, event_log: EventLog, worker: str) -> None:
        self._event_log = event_log
        self._log = conversation_log(worker, "probe")

    async def serve(self) -> NoReturn:
        while True:
            try:
                await self.measure()
            except Unavailable:
                metrics.LOG_UNREACHABLE.inc()
                await anyio.sleep(SECONDS)
            except Exception:
                log.exception("probe.failed")  # this loop ends with the server only
                await anyio.sleep(SECONDS)

    async def measure(self) -> None:
        """From the moment at which the entry is due: a process that is busy then lets its readers wait as well."""
        woken = asyncio.Event()
        tail = await self._follow(woken.set)
        try:
            end = tail.position.offset
            due = perf_counter() + SECONDS
            await anyio.sleep(SECONDS)
            await self._event_log.append([(self._log, SessionClosed(session=""))])
            while tail.position.offset == end and not tail.lost:
                await woken.wait()
                woken.clear()
            await anyio.lowlevel.checkpoint()  # readers are tasks, which have their turn after what waits already
            if not tail.lost:
                metrics.LOG_LAG.observe(perf_counter() - due)
        finally:
            self._event_log.unfollow(self._log, woken.set)

    async def _follow(self, wake: Wake) -> Tail:
        while True:
            try:
                tail = await self._event_log.follow(self._log, wake)
                await self._event_log.catch_up(tail)
            except HistoryLost:  # the first time, and after Redis has forgotten
                ledger = await self._event_log.ledger(self._log.owner)
                await self._event_log.renew(self._log.owner, 0, instead_of=ledger)
            else:
                return tail
