"""A peer that has vanished without a word is noticed, and what it held is free again."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from websockets.frames import Opcode

from server.gateway.transport import SocketProtocol
from server.settings import Settings
from tests.fixtures.client import Person
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import DONE, Upstream, delta, finish
from tests.gateway.raw import SECONDS, TABLE, narrow_line, open_sockets, raw_socket, text

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(not TABLE.exists(), reason="needs Linux's /proc")]

CLIENT = """
import asyncio, sys
from websockets.asyncio.client import connect

async def main():
    async with connect(sys.argv[1], additional_headers={"Authorization": sys.argv[2]}, proxy=None) as socket:
        await socket.recv()
        print("connected", flush=True)
        await asyncio.sleep(3600)

asyncio.run(main())
"""
CHUNK = "x" * 100_000
CHUNKS = 20


@pytest.fixture
def house(tmp_path: Path, upstream: Upstream) -> Iterator[Running]:
    """Asks for signs of life often."""
    models = {"openai_api_key": "sk-canary-7f3a", "openai_base_url": upstream.base_url}
    with running(settings_for(tmp_path, ping_seconds=0.5, **models)) as server:
        yield server


async def gone(house: Running) -> None:
    """Until the server has no connection any more."""
    async with asyncio.timeout(SECONDS):
        while open_sockets(urlsplit(house.url).port):  # noqa: ASYNC110 -- nothing else tells
            await asyncio.sleep(0.02)


def test_in_time() -> None:
    """A ping that is due when the peer vanishes, and the wait for its pong; 45 s are promised."""
    assert 2 * Settings(_env_file=None).ping_seconds <= 40  # type: ignore[call-arg]


async def test_a_peer_that_answers_no_ping(house: Running) -> None:
    """Nor reads, nor closes: as after a power cut."""
    ann = await Person.register(house.url)
    async with raw_socket(house.socket_url, ann.token) as raw:
        await raw.greeted()
        raw.pause()
        await gone(house)


async def test_a_client_that_stands_still(house: Running) -> None:
    ann = await Person.register(house.url)
    client = await asyncio.create_subprocess_exec(
        sys.executable, "-c", CLIENT, house.socket_url, f"Bearer {ann.token}", stdout=subprocess.PIPE
    )
    try:
        assert client.stdout is not None
        assert await client.stdout.readline() == b"connected\n"
        client.send_signal(signal.SIGSTOP)
        await gone(house)
    finally:
        client.kill()
        await client.wait()


async def test_a_peer_that_answers_pings_needs_to_do_nothing_else(house: Running) -> None:
    ann = await Person.register(house.url)
    async with raw_socket(house.socket_url, ann.token) as raw:
        await raw.until(lambda: sum(1 for frame in raw.frames if frame.opcode is Opcode.PING) == 3)
        raw.send(text('{"type":"ping","id":"still here"}'))
        await raw.until(lambda: "still here" in raw.texts()[-1])


async def test_a_ping_that_waits_behind_much_else_is_waited_for(
    house: Running, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A slow reader gets to it later than one is given to answer."""
    overdue = threading.Semaphore(0)
    timeout = SocketProtocol.keepalive_timeout

    def count(self: SocketProtocol) -> None:
        overdue.release()
        timeout(self)

    monkeypatch.setattr(SocketProtocol, "keepalive_timeout", count)
    upstream.script(*[delta(CHUNK)] * CHUNKS, finish(), DONE)
    ann = await Person.register(house.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.finished(sent["turn"])
    async with raw_socket(house.socket_url, ann.token, line=narrow_line(house.url)) as raw:
        await raw.greeted()
        raw.send(text(f'{{"type":"open","id":"1","conversation":"{sent["conversation"]}","format":"text"}}'))
        raw.pause()
        for _ in range(3):
            assert await asyncio.to_thread(overdue.acquire, timeout=SECONDS)
        raw.resume()
        await raw.until(lambda: CHUNK * CHUNKS in raw.texts()[-1])
