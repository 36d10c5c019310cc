"""The sockets of this worker."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import anyio

from server import metrics
from server.protocol.codes import CloseCode
from server.realtime.bus import Bus, SessionsEnded, Signal

if TYPE_CHECKING:
    from server.gateway.connection import Connection

ENDED = 10_000
"""Login sessions that ended last, which are remembered: a socket of one may be on its way in."""
CHECK_SECONDS = 5.0
"""Between two looks at whether the peers take what they are sent."""


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

    async def _hear(self, signal: Signal) -> None:
        if isinstance(signal, SessionsEnded):
            self._ended.extend(signal.sessions)
            for connection in list(self._open):
                if connection.session.id in signal.sessions:
                    connection.close(CloseCode.UNAUTHENTICATED, "logged out")
