"""uvicorn's socket, with a way to cut off a peer that takes nothing any more.

A close frame waits behind what such a peer does not read, and a missed ping does not end its connection either.
"""

from __future__ import annotations

from typing import Any

from starlette.websockets import WebSocket
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

ABORT = "parley.abort"
"""The extension of the ASGI scope that holds the transport's ``abort``."""


class SocketProtocol(WebSocketsSansIOProtocol):
    async def run_asgi(self) -> None:
        extensions: dict[str, Any] = {**(self.scope.get("extensions") or {}), ABORT: self.transport.abort}
        self.scope["extensions"] = extensions
        await super().run_asgi()


def cut_off(websocket: WebSocket) -> None:
    """Without a word: what is still on its way to the peer is dropped."""
    websocket.scope["extensions"][ABORT]()
