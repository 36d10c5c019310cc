"""uvicorn's socket, with a look at what its peer has not taken, and a way to cut it off.

A close frame waits behind what a stalled peer does not read, and a missed ping does not end its connection either.
"""

from __future__ import annotations

from asyncio import Transport
from typing import Any

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

TRANSPORT = "parley.transport"
"""The extension of the ASGI scope that holds asyncio's transport."""


class SocketProtocol(WebSocketsSansIOProtocol):
    async def run_asgi(self) -> None:
        extensions: dict[str, Any] = {**(self.scope.get("extensions") or {}), TRANSPORT: self.transport}
        self.scope["extensions"] = extensions
        await super().run_asgi()


def transport_of(websocket: WebSocket) -> Transport:
    transport: Transport = websocket.scope["extensions"][TRANSPORT]
    return transport
