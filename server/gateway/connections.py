"""The sockets of this worker."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from server.protocol.codes import CloseCode
from server.realtime.bus import Bus, SessionsEnded, Signal

ENDED = 10_000
"""Login sessions that ended last, which are remembered: a socket of one may be on its way in."""

if TYPE_CHECKING:
    from server.gateway.connection import Connection


class Connections:
    def __init__(self, bus: Bus) -> None:
        self._open: set[Connection] = set()
        self._ended: deque[str] = deque(maxlen=ENDED)
        bus.listen(self._hear)

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> None:
        """Its login session was looked up a moment ago, and may have ended since."""
        self._open.add(connection)
        if connection.session.id in self._ended:
            connection.close(CloseCode.UNAUTHENTICATED, "logged out")

    def discard(self, connection: Connection) -> None:
        self._open.discard(connection)

    async def _hear(self, signal: Signal) -> None:
        if isinstance(signal, SessionsEnded):
            self._ended.extend(signal.sessions)
            for connection in list(self._open):
                if connection.session.id in signal.sessions:
                    connection.close(CloseCode.UNAUTHENTICATED, "logged out")
