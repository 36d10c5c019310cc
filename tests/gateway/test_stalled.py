"""A peer that stops reading is cut off, and nobody else notices."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect

from server.gateway import connection
from tests.fixtures.client import SECONDS, Person
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Upstream, delta, finish

TABLE = Path("/proc/net/tcp")
"""The kernel's connections: a peer that reads nothing has no other way to see its own end."""

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not TABLE.exists(), reason="needs Linux's /proc")]

CHUNK = "x" * 100_000
CHUNKS = 38
"""Together 3.8 MB: more than the buffers of a loopback connection hold, and less than an answer may have."""


async def test_who_does_not_read_is_cut_off(
    scripted: Running, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a close frame, which would wait behind what is not read; another tab has the whole answer."""
    monkeypatch.setattr(connection, "STALLED_SECONDS", 0.5)
    upstream.script(*[delta(CHUNK)] * CHUNKS, finish(), DONE)
    ann = await Person.register(scripted.url)
    place = urlsplit(scripted.url)
    line = socket.socket()
    line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    line.connect((place.hostname, place.port))
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
            while len(open_sockets(place.port)) > 1:  # noqa: ASYNC110 -- nothing else tells
                await asyncio.sleep(0.05)
        stalled.transport.abort()


def open_sockets(port: int | None) -> list[str]:
    """The server's ends of established connections (proc(5))."""
    wanted = f":{port:04X}"
    rows = [row.split() for row in TABLE.read_text().splitlines()[1:]]
    return [row[2] for row in rows if row[1].endswith(wanted) and row[3] == "01"]
