"""The sockets of this worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

from server.protocol.codes import CloseCode
from server.realtime.bus import Bus, SessionsEnded, Signal

if TYPE_CHECKING:
    from server.gateway.connection import Connection


class Connections:
    def __init__(self, bus: Bus) -> None:
        self._open: set[Connection] = set()
        bus.listen(self._hear)

    def __len__(self) -> int:
        return len(self._open)

    def add(self, connection: Connection) -> None:
        self._open.add(connection)

    def discard(self, connection: Connection) -> None:
        self._open.discard(connection)

    async def _hear(self, signal: Signal) -> None:
        if isinstance(signal, SessionsEnded):
            for connection in list(self._open):
                if connection.session.id in signal.sessions:
                    connection.close(CloseCode.UNAUTHENTICATED, "logged out")
