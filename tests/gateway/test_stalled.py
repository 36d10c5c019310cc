"""A peer that stops reading is cut off, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.asyncio.client import connect
from websockets.client import ClientProtocol
from websockets.frames import Frame
from websockets.uri import parse_uri

from server import serving
from server.gateway import connection, connections
from server.gateway.connection import STILL_CHECKS, Connection
from server.gateway.transport import transport_of
from tests.fixtures.client import SECONDS, Person
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish
from tests.gateway.raw import TABLE, narrow_line, open_sockets, raw_socket, text

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not TABLE.exists(), reason="needs Linux's /proc")]

LOOKS_EVERY = connections.CHECK_SECONDS
READERS = 200
FEW = 2
"""Chunks that are more than a connection holds whose client reads nothing by itself either."""
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
    line = narrow_line(scripted.url)
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
    reader, writer = await asyncio.open_connection(sock=narrow_line(scripted.url), limit=PIECE)
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


def test_in_time() -> None:
    """20 s are promised; the first look only sees that there is something to take."""
    assert LOOKS_EVERY * (STILL_CHECKS + 1) <= 20


class Looks:
    """What the server saw of its peers."""

    def __init__(self) -> None:
        self._transports: dict[str, asyncio.Transport] = {}
        self.most = 0

    def note(self, connection: Connection) -> None:
        self._transports[connection.id] = transport_of(connection._websocket)
        self.most = max(self.most, self.unsent)

    @property
    def unsent(self) -> int:
        """The most that is kept for any of them now."""
        return max((transport.get_write_buffer_size() for transport in list(self._transports.values())), default=0)


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Looks:
    looks = Looks()
    check = Connection.check_progress

    def watch(self: Connection) -> None:
        looks.note(self)
        check(self)

    monkeypatch.setattr(Connection, "check_progress", watch)
    return looks


def gone(house: Running, *, left: int) -> bool:
    return len(open_sockets(urlsplit(house.url).port)) <= left


async def test_also_while_more_and_more_waits_for_it(tmp_path: Path, looks: Looks) -> None:
    with running(settings_for(tmp_path)) as house:
        ann = await Person.register(house.url)
        async with ann.tab() as tab, raw_socket(house.socket_url, ann.token, line=narrow_line(house.url)) as stalled:
            await stalled.greeted()
            stalled.send(text('{"type":"sync","id":"sync"}'))
            await stalled.until(lambda: '"sync"' in stalled.texts()[-1])
            stalled.pause()
            for _ in range(8):  # the kernel holds more than that
                await tab.call("settings", key="k", value="x" * 19_000)
            async with asyncio.timeout(SECONDS):
                while not looks.unsent:
                    await tab.call("settings", key="k", value="x" * 1000)
                while not gone(house, left=1):
                    await tab.call("settings", key="k", value="x")
                    await asyncio.sleep(0.02)
        assert looks.most < 64 << 10  # where the server would have stopped to write


async def test_also_when_its_socket_is_closed_and_nobody_looks(
    tmp_path: Path, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its close frame waits behind what it does not take."""
    monkeypatch.setattr(serving, "UNTAKEN_SECONDS", 1)
    monkeypatch.setattr(connection, "FAREWELL_SECONDS", 0.01)
    with running(settings_for(tmp_path)) as house:
        ann, leaver = await Person.register(house.url), await Person.log_in(house.url)
        line = narrow_line(house.url)
        async with ann.tab() as tab, raw_socket(house.socket_url, leaver.token, line=line) as stalled:
            await stalled.greeted()
            stalled.send(text('{"type":"sync","id":"sync"}'))
            await stalled.until(lambda: '"sync"' in stalled.texts()[-1])
            stalled.pause()
            monkeypatch.setattr(connection, "STILL_CHECKS", 1_000_000)
            async with asyncio.timeout(SECONDS):
                while not looks.unsent:
                    await tab.call("settings", key="k", value="x" * 19_000)
                await leaver.log_out()
                await tab.event("session.closed")
                while not gone(house, left=1):  # noqa: ASYNC110 -- nothing else tells
                    await asyncio.sleep(0.05)


async def test_one_among_two_hundred(
    tmp_path: Path, upstream: Upstream, looks: Looks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All others have the whole answer; what is kept for the one stays small, and it is gone soon."""
    monkeypatch.setattr(connections, "CHECK_SECONDS", 0.5)  # the others share one process, and take their time
    gate = Gate()
    upstream.script(delta("So:"), gate, *[delta(CHUNK)] * FEW, finish(), DONE)
    models = {"openai_api_key": "sk-canary-7f3a", "openai_base_url": upstream.base_url}
    async with AsyncExitStack() as stack:
        house = stack.enter_context(running(settings_for(tmp_path, **models)))
        ann = await Person.register(house.url)
        tabs = [await stack.enter_async_context(ann.tab(sync=False)) for _ in range(READERS)]
        stalled = await stack.enter_async_context(raw_socket(house.socket_url, ann.token, line=narrow_line(house.url)))
        await stalled.greeted()
        sent = await tabs[0].send("Why?")
        ask = {"conversation": sent["conversation"], "format": "text"}
        for tab in tabs[1:]:
            await tab.call("open", **ask)
        stalled.send(text(json.dumps({"type": "open", "id": "open", **ask})))
        await stalled.until(lambda: '"open"' in stalled.texts()[-1])
        stalled.pause()
        gate.open()
        for tab in tabs:
            message = await tab.finished(sent["turn"])
            assert len(message["text"]) == len("So:") + FEW * len(CHUNK)
        async with asyncio.timeout(SECONDS):
            while not gone(house, left=READERS):  # noqa: ASYNC110 -- nothing else tells
                await asyncio.sleep(0.05)
        assert await tabs[-1].call("ping") == {}
    assert 64 << 10 < looks.most <= 1 << 20
