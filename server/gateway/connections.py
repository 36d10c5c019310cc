"""The sockets of this worker."""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING

import anyio
import structlog

from server import metrics
from server.errors import Unavailable
from server.protocol.codes import AccountRole, CloseCode
from server.realtime.bus import Bus, SessionsEnded, Signal

if TYPE_CHECKING:
    from server.gateway.connection import Connection

ENDED = 10_000
"""Login sessions that ended last, which are remembered: a socket of one may be on its way in."""
CHECK_SECONDS = 5.0
"""Between two looks at whether the peers take what they are sent."""
AUDIT_SECONDS = 3.0
"""Between two looks at whether those who are here still may be."""
AUDITED = 500
"""Sockets that one query asks for."""

Roles = Callable[[Collection[str]], Awaitable[dict[str, AccountRole]]]
"""By login session; without those that have ended."""

log = structlog.get_logger(__name__)


class Connections:
    def __init__(self, bus: Bus) -> None:
        self._open: set[Connection] = set()
        self._ended: deque[str] = deque(maxlen=ENDED)
        bus.listen(self._hear)

    def add(self, connection: Connection) -> None:
        """Its login session was looked up a moment ago, and may have ended since."""
        self._open.add(connection)
        metrics.CONNECTIONS.inc()
        if connection.session.id in self._ended:
            connection.close(CloseCode.UNAUTHENTICATED, "logged out")

    def discard(self, connection: Connection) -> None:
        self._open.discard(connection)
        metrics.CONNECTIONS.dec()

    async def watch(self) -> None:
        """For ever: cuts off peers that have stalled."""
        while True:
            await anyio.sleep(CHECK_SECONDS)
            for connection in list(self._open):
                connection.check_progress()

    async def audit(self, roles: Roles) -> None:
        """For ever: looks at the database for what no signal has told.

        A signal reaches a worker within milliseconds, but it is said only once: whoever cannot hear at that moment
        must learn of a revocation all the same.
        """
        while True:
            await anyio.sleep(AUDIT_SECONDS)
            try:
                here = list(self._open)
                for start in range(0, len(here), AUDITED):
                    await self._audit(here[start : start + AUDITED], roles)
            except Unavailable as error:
                log.warning("connections.not_audited", reason=error.message)
            except Exception:
                log.exception("connections.audit_failed")  # this loop ends with the server only

    async def _audit(self, connections: Sequence[Connection], roles: Roles) -> None:
        known = await roles({connection.session.id for connection in connections})
        for connection in connections:
            role = known.get(connection.session.id)
            if role is None:
                connection.close(CloseCode.UNAUTHENTICATED, "logged out")
            elif role is AccountRole.SUSPENDED:
                connection.close(CloseCode.CUT_OFF, "suspended")
            else:
                connection.user.role = role

    async def _hear(self, signal: Signal) -> None:
        if isinstance(signal, SessionsEnded):
            self._ended.extend(signal.sessions)
            for connection in list(self._open):
                if connection.session.id in signal.sessions:
                    connection.close(CloseCode.UNAUTHENTICATED, "logged out")
