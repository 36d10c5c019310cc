"""uvicorn's socket with what it lacks: a peer is read from at the application's pace, and can be cut off.

A chunk of 256 KB may hold 40,000 frames; to take it apart in one go would stop the event loop for 0.2 s.
"""

from __future__ import annotations

from asyncio import Transport
from typing import TYPE_CHECKING, Any

import structlog
from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.frames import Frame, Opcode

from server import metrics
from server.protocol.codes import CloseCode
from server.rate import Bucket, Rate

if TYPE_CHECKING:
    from uvicorn._types import ASGIReceiveEvent

log = structlog.get_logger(__name__)

TRANSPORT = "parley.transport"
"""The extension of the ASGI scope that holds asyncio's transport."""

SLICE = 8192
"""Bytes that are taken apart at a time, in some 6 ms at worst."""
UNPACED = Rate(burst=2000, seconds=0.005)
"""Frames that the application does not see, or not one by one: pings, pongs, pieces of a message. A message of 1 MiB in
pieces of 1 KiB are 1024."""
PIECES = 256
"""Of one message that are kept apart. Their number has no other limit: empty ones add nothing to the size."""
CLOSE_SECONDS = 2.0
"""How long a peer that we have said goodbye to may take to say it, too."""


class SocketProtocol(WebSocketsSansIOProtocol):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.close_timeout = CLOSE_SECONDS
        self._unread = b""
        self._unpaced = Bucket(UNPACED, self.loop.time)
        self._last_pong = b""

    async def run_asgi(self) -> None:
        extensions: dict[str, Any] = {**(self.scope.get("extensions") or {}), TRANSPORT: self.transport}
        self.scope["extensions"] = extensions
        await super().run_asgi()

    def data_received(self, data: bytes) -> None:
        self._unread += data
        self._take_apart()

    async def receive(self) -> ASGIReceiveEvent:
        message = await super().receive()
        self._take_apart()
        return message

    def _take_apart(self) -> None:
        """Up to the next message; what comes after it is left until the application has taken that."""
        while self._unread and not self.read_paused and not self.transport.is_closing():
            piece, self._unread = self._unread[:SLICE], self._unread[SLICE:]
            super().data_received(piece)
            if self.conn.handshake_exc is not None and not self.handshake_initiated:
                self._refuse_handshake()

    def _refuse_handshake(self) -> None:
        """The library has an answer for a head that is too large, and none for other faults; uvicorn sends neither."""
        answer = b"".join(self.conn.data_to_send())
        self.transport.write(answer or b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
        self.transport.close()

    def handle_events(self) -> None:
        unpaced = sum(1 for event in self.conn.events if self.close_sent or _is_unpaced(event))
        if self._unpaced.take(unpaced) > 0:
            self._note("flooded")
            self.conn.fail(CloseCode.RATE_LIMITED, "too many frames")
            self.handle_parser_exception()
            return
        super().handle_events()

    def handle_parser_exception(self) -> None:
        """Before the handshake's answer there is no close frame to send, which uvicorn takes for granted."""
        if self.handshake_complete and not self.close_sent:
            super().handle_parser_exception()
        else:
            self.transport.abort()

    def handle_cont(self, event: Frame) -> None:
        super().handle_cont(event)
        if len(self.frames) == PIECES:
            self.frames = [b"".join(self.frames)]

    def handle_ping(self) -> None:
        """The last of several pings is the one to answer (RFC 6455, 5.5.3), once the peer takes what it is sent."""
        pongs = self.conn.data_to_send()
        if not self.handshake_complete:
            return  # they would stand before the handshake's answer
        if self.writable.is_set():
            self.transport.write(b"".join(pongs))
        elif pongs:
            self._last_pong = pongs[-1]

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._last_pong and not self.transport.is_closing():
            self.transport.write(self._last_pong)
        self._last_pong = b""

    def keepalive_timeout(self) -> None:
        """A ping waits behind what a slow peer has yet to take; one that takes nothing is cut off for that."""
        if self.transport.get_write_buffer_size() > 0 and self.ping_timeout is not None:
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
            return
        if not self.close_sent and not self.transport.is_closing():
            self._note("silent")
        super().keepalive_timeout()

    def _note(self, reason: str) -> None:
        metrics.READERS_DROPPED.labels(reason).inc()
        log.warning("socket.dropped", reason=reason, peer_address=self.client and self.client[0])


def transport_of(websocket: WebSocket) -> Transport:
    transport: Transport = websocket.scope["extensions"][TRANSPORT]
    return transport


def _is_unpaced(event: Any) -> bool:
    return isinstance(event, Frame) and event.opcode not in (Opcode.TEXT, Opcode.BINARY, Opcode.CLOSE)
