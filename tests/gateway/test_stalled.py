"""A peer that stops reading is cut off, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.uri import parse_uri

from server.gateway import connections
from server.gateway.connection import STILL_CHECKS
from tests.fixtures.client import SECONDS, Person
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Upstream, delta, finish

TABLE = Path("/proc/net/tcp")
"""The kernel's connections: a peer that reads nothing has no other way to see its own end."""

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not TABLE.exists(), reason="needs Linux's /proc")]

CHUNK = "x" * 100_000
PIECE = 16 << 10
"""What the slow reader takes at a time."""
CHUNKS = 38
"""Together 3.8 MB: more than the buffers of a loopback connection hold, and less than an answer may have."""


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Before the server starts to look."""
    monkeypatch.setattr(connections, "CHECK_SECONDS", 0.2)


async def test_who_does_not_read_is_cut_off(scripted: Running, upstream: Upstream) -> None:
    """Without a close frame, which would wait behind what is not read; another tab has the whole answer."""
    upstream.script(*[delta(CHUNK)] * CHUNKS, finish(), DONE)
    ann = await Person.register(scripted.url)
    line = narrow_line(scripted)
    headers = {"Authorization": f"Bearer {ann.token}"}
    async with ann.tab() as tab:
        stalled = await connect(
            scripted.socket_url, sock=line, additional_headers=headers, proxy=None, max_queue=1, max_size=None
        )
        await stalled.send('{"type": "sync", "id": "1"}')
        sent = await tab.send("Why?")
        ask = f'{{"type": "open", "id": "2", "conversation": "{sent["conversation"]}", "format": "text"}}'
        await stalled.send(ask)
        message = await tab.finished(sent["turn"])
        assert tab.joined(sent["turn"]) == message["text"] == CHUNK * CHUNKS
        async with asyncio.timeout(SECONDS):
            while len(open_sockets(urlsplit(scripted.url).port)) > 1:  # noqa: ASYNC110 -- nothing else tells
                await asyncio.sleep(0.05)
        stalled.transport.abort()


async def test_who_reads_slowly_gets_everything(scripted: Running, upstream: Upstream) -> None:
    """Also where one frame takes longer than a peer that takes nothing is borne with."""
    text = CHUNK * 8
    upstream.script(*[delta(CHUNK)] * 8, finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.finished(sent["turn"])
    protocol = ClientProtocol(parse_uri(scripted.socket_url), max_size=None)
    handshake = protocol.connect()
    handshake.headers["Authorization"] = f"Bearer {ann.token}"
    protocol.send_request(handshake)
    open_it = f'{{"type": "open", "id": "1", "conversation": "{sent["conversation"]}", "format": "text"}}'
    reader, writer = await asyncio.open_connection(sock=narrow_line(scripted), limit=PIECE)
    began = asyncio.get_running_loop().time()
    messages: list[bytes] = []
    async with asyncio.timeout(SECONDS):
        while len(messages) < 2:  # the hello and the snapshot
            writer.writelines(protocol.data_to_send())
            protocol.receive_data(await reader.read(PIECE))
            for event in protocol.events_received():
                if isinstance(event, Frame):
                    messages.append(bytes(event.data))
                elif event is not handshake:
                    protocol.send_text(open_it.encode())
            await asyncio.sleep(0.02)  # the pace of this reader: some 800 KB in a second
    writer.transport.abort()
    assert json.loads(messages[1])["data"]["snapshot"]["messages"][-1]["text"] == text
    took = asyncio.get_running_loop().time() - began
    assert took > 2 * connections.CHECK_SECONDS * STILL_CHECKS  # else it has proven nothing


def narrow_line(server: Running) -> socket.socket:
    """A connection whose client end holds next to nothing that is not read."""
    place = urlsplit(server.url)
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect((place.hostname, place.port))
    return line


def open_sockets(port: int | None) -> list[str]:
    """The server's ends of established connections (proc(5))."""
    wanted = f":{port:04X}"
    rows = [row.split() for row in TABLE.read_text().splitlines()[1:]]
    return [row[2] for row in rows if row[1].endswith(wanted) and row[3] == "01"]
