"""A client that can send any bytes, and can do nothing at all."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

from websockets.client import ClientProtocol
from websockets.frames import Close, Frame, Opcode
from websockets.http11 import Response
from websockets.uri import parse_uri

SECONDS = 20
TABLE = Path("/proc/net/tcp")
"""The kernel's connections: a peer that does nothing has no other way to see its own end."""


class RawSocket:
    """The client's half of a WebSocket whose frames are made by hand."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, protocol: ClientProtocol) -> None:
        self._reader = reader
        self._writer = writer
        self._transport = cast(asyncio.Transport, writer.transport)
        self._protocol = protocol
        self.response: Response | None = None
        self.frames: list[Frame] = []

    def send(self, *data: bytes) -> None:
        self._writer.writelines(data)

    def pause(self) -> None:
        """Reads nothing by itself either."""
        self._transport.pause_reading()

    def resume(self) -> None:
        self._transport.resume_reading()

    async def read(self) -> bool:
        """Some more of what was sent; pings in it are answered. False when nothing more comes."""
        data = b""
        with suppress(ConnectionError):
            data = await self._reader.read(1 << 16)
        if not data:
            return False
        self._protocol.receive_data(data)
        self._writer.writelines(self._protocol.data_to_send())
        for event in self._protocol.events_received():
            if isinstance(event, Response):
                self.response = event
            elif isinstance(event, Frame):
                self.frames.append(event)
        return True

    async def ended(self) -> int | None:
        """The code of the close frame that came before the end."""
        async with asyncio.timeout(SECONDS):
            while await self.read():
                pass
        closes = [frame.data for frame in self.frames if frame.opcode is Opcode.CLOSE]
        return Close.parse(closes[0]).code if closes else None

    async def greeted(self) -> None:
        """Has had its first frame."""
        await self.until(lambda: bool(self.texts()))

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition():
                assert await self.read(), "the connection ended"

    def texts(self) -> list[str]:
        return [bytes(frame.data).decode() for frame in self.frames if frame.opcode is Opcode.TEXT]


@asynccontextmanager
async def raw_socket(
    url: str, token: str | None = None, *, line: socket.socket | None = None
) -> AsyncIterator[RawSocket]:
    """Has sent its handshake and read nothing."""
    protocol = ClientProtocol(parse_uri(url), max_size=None)
    handshake = protocol.connect()
    if token is not None:
        handshake.headers["Authorization"] = f"Bearer {token}"
    protocol.send_request(handshake)
    place = urlsplit(url)
    if line is None:
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
    else:
        reader, writer = await asyncio.open_connection(sock=line)
    writer.writelines(protocol.data_to_send())
    try:
        yield RawSocket(reader, writer, protocol)
    finally:
        writer.transport.abort()


def masked(opcode: Opcode, data: bytes = b"", *, fin: bool = True) -> bytes:
    return Frame(opcode, data, fin).serialize(mask=True)


def text(frame: str) -> bytes:
    return masked(Opcode.TEXT, frame.encode())


def pings(count: int) -> bytes:
    """Commands, not frames of that name."""
    return b"".join(text(f'{{"type":"ping","id":"{number}"}}') for number in range(count))


def narrow_line(url: str) -> socket.socket:
    """A connection whose client end holds next to nothing that is not read."""
    place = urlsplit(url)
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect((place.hostname, place.port))
    return line


def open_sockets(port: int | None) -> list[str]:
    """The server's ends of established connections (proc(5))."""
    wanted = f":{port:04X}"
    rows = [row.split() for row in TABLE.read_text().splitlines()[1:]]
    return [row[2] for row in rows if row[1].endswith(wanted) and row[3] == "01"]
