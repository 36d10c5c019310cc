"""What stands between a socket's bytes and its commands: one that floods it harms neither the loop nor the memory."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from websockets.frames import Opcode

from server.gateway import transport
from server.gateway.admission import Admission
from server.gateway.transport import PIECES, SLICE, UNPACED, SocketProtocol
from server.protocol.codes import CloseCode
from server.rate import Rate
from tests.fixtures.client import Person
from tests.fixtures.server import Running, running, settings_for
from tests.gateway.raw import SECONDS, RawSocket, masked, narrow_line, pings, raw_socket

pytestmark = pytest.mark.anyio


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(settings_for(tmp_path_factory.mktemp("transport"))) as server:
        yield server


@pytest.fixture(scope="module")
def token(house: Running) -> str:
    return asyncio.run(Person.register(house.url)).token


async def answered(raw: RawSocket, id: str) -> None:
    await raw.until(lambda: f'"id":"{id}"' in "".join(raw.texts()[-1:]))


FLOODS = {
    "pings": masked(Opcode.PING),
    "pongs": masked(Opcode.PONG, b"unasked"),
    "pieces": masked(Opcode.CONT, fin=False),
}


@pytest.mark.parametrize("kind", FLOODS)
async def test_frames_that_no_command_is_made_of_have_a_rate(house: Running, token: str, kind: str) -> None:
    async with raw_socket(house.socket_url, token) as raw:
        await raw.greeted()
        raw.send(masked(Opcode.TEXT, b"[", fin=False))
        raw.send(FLOODS[kind] * int(2 * UNPACED.burst))
        assert await raw.ended() == CloseCode.RATE_LIMITED


async def test_also_on_a_socket_that_was_turned_away(house: Running) -> None:
    async with raw_socket(house.socket_url) as raw:
        await raw.until(lambda: raw.response is not None)
        raw.send(FLOODS["pings"] * int(2 * UNPACED.burst))
        await raw.ended()


@pytest.mark.parametrize(
    ("early", "survives"),
    [
        (b"\xff" * 64, False),
        (FLOODS["pings"] * int(2 * UNPACED.burst), False),
        (FLOODS["pieces"], False),
        (masked(Opcode.CLOSE), False),
        (FLOODS["pings"], True),
        (pings(3), True),
    ],
    ids=["junk", "flood", "piece", "close", "ping", "commands"],
)
async def test_frames_before_the_handshake_has_its_answer(
    house: Running, token: str, early: bytes, survives: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No client sends them. They may end its socket, and nothing else comes of it."""
    asked, gate = threading.Event(), threading.Event()
    look_up = Admission.look_up

    async def wait(self: Admission, work: Any) -> Any:
        asked.set()
        await asyncio.to_thread(gate.wait, SECONDS)
        return await look_up(self, work)

    monkeypatch.setattr(Admission, "look_up", wait)
    async with raw_socket(house.socket_url, token) as raw:
        assert await asyncio.to_thread(asked.wait, SECONDS)
        raw.send(early)
        if survives:
            gate.set()
            await raw.greeted()
        else:
            await raw.ended()
            gate.set()


async def test_a_message_in_many_pieces(house: Running, token: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are kept together, so that empty ones without end cost nothing."""
    kept: list[int] = []
    handle = SocketProtocol.handle_cont

    def watch(self: SocketProtocol, event: object) -> None:
        handle(self, event)  # type: ignore[arg-type]
        kept.append(len(self.frames))

    monkeypatch.setattr(SocketProtocol, "handle_cont", watch)
    command = b'{"type":"ping","id":"in pieces"}'
    async with raw_socket(house.socket_url, token) as raw:
        await raw.greeted()
        raw.send(masked(Opcode.TEXT, fin=False), *[masked(Opcode.CONT, fin=False)] * (3 * PIECES))
        raw.send(*[masked(Opcode.CONT, bytes([byte]), fin=False) for byte in command], masked(Opcode.CONT))
        await answered(raw, "in pieces")
    assert max(kept) < PIECES


async def test_commands_sent_all_at_once_are_taken_apart_as_they_are_carried_out(
    house: Running, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting: list[int] = []
    receive = SocketProtocol.receive

    async def watch(self: SocketProtocol) -> object:
        waiting.append(self.queue.qsize())
        return await receive(self)

    monkeypatch.setattr(SocketProtocol, "receive", watch)
    frames = pings(5000)
    async with raw_socket(house.socket_url, token) as raw:
        await raw.greeted()
        raw.send(frames)
        await answered(raw, "4999")
        assert [json.loads(frame)["id"] for frame in raw.texts()[1:]] == [str(number) for number in range(5000)]
    assert max(waiting) <= SLICE // len(pings(1)) + 1


async def test_pings_of_a_peer_that_reads_nothing_cost_no_memory(
    house: Running, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The last of them is answered once it reads again."""
    monkeypatch.setattr(transport, "UNPACED", Rate(burst=100_000, seconds=0.001))
    seen: list[SocketProtocol] = []
    run = SocketProtocol.run_asgi

    async def watch(self: SocketProtocol) -> None:
        seen.append(self)
        await run(self)

    monkeypatch.setattr(SocketProtocol, "run_asgi", watch)
    ping = masked(Opcode.PING, b"a" * 125)
    async with raw_socket(house.socket_url, token, line=narrow_line(house.url)) as raw:
        await raw.greeted()
        raw.pause()
        raw.send(ping * 20_000, masked(Opcode.PING, b"last"))
        async with asyncio.timeout(SECONDS):
            while not seen or seen[0]._last_pong[2:] != b"last":  # noqa: ASYNC110 -- all of them were taken
                await asyncio.sleep(0.01)
        assert seen[0].transport.get_write_buffer_size() < 128 << 10
        raw.resume()
        await raw.until(lambda: raw.frames[-1].data == b"last")


@pytest.mark.parametrize(
    ("header", "value", "status"),
    [
        ("Cookie", "a" * 9000, 431),
        ("Content-Length", "5", 400),
        ("Transfer-Encoding", "chunked", 400),
        ("Sec-WebSocket-Version", "12", 400),
    ],
)
async def test_a_handshake_that_is_none_gets_an_answer(house: Running, header: str, value: str, status: int) -> None:
    place = house.socket_url.removeprefix("ws://").removesuffix("/ws")
    host, _, port = place.partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    headers = {
        "Host": place,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
        "Sec-WebSocket-Version": "13",
        header: value,
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    writer.write(f"GET /ws HTTP/1.1\r\n{lines}\r\n".encode())
    if header == "Content-Length":
        writer.write(b"12345")
    elif header == "Transfer-Encoding":
        writer.write(b"0\r\n\r\n")
    async with asyncio.timeout(SECONDS):
        assert int((await reader.readline()).split()[1]) == status
        await reader.read()
    writer.close()
