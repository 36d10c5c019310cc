"""Nobody holds a connection for nothing, fills the memory, or keeps others from being answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx2
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from server.http import middleware, transport
from server.http.transport import AHEAD, HEAD_BYTES, HEADERS, REQUEST_BYTES
from tests.http.conftest import Program, error_of, serving

pytestmark = pytest.mark.anyio

SECONDS = 20
SOON = 0.15
"""A limit of time, where a test has it run out."""
HEAD = b"GET /healthz HTTP/1.1\r\nhost: x\r\n"


class House:
    """Three addresses: one answers at once, one when the gate is open, one says which headers it was given."""

    def __init__(self) -> None:
        self.url = ""
        self.gate = asyncio.Event()
        self.waiting = 0

    async def alive(self, _request: Request) -> Response:
        return PlainTextResponse("ok")

    async def slow(self, _request: Request) -> Response:
        self.waiting += 1
        await self.gate.wait()
        return PlainTextResponse("ok")

    async def echo(self, request: Request) -> Response:
        await request.body()
        return PlainTextResponse(repr(sorted(request.headers)))

    @asynccontextmanager
    async def line(self) -> AsyncIterator[Line]:
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(self.url).port)
        try:
            yield Line(reader, writer)
        finally:
            writer.transport.abort()


class Line:
    """A client that sends any bytes."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    def send(self, *data: bytes) -> None:
        self._writer.writelines(data)

    async def trickle(self, data: bytes) -> None:
        """A byte now and then, for ever."""
        while True:
            self.send(data)
            await asyncio.sleep(SOON / 10)

    async def answer(self) -> tuple[int, bytes]:
        async with asyncio.timeout(SECONDS):
            head = await self._reader.readuntil(b"\r\n\r\n")
            length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
            return int(head.split()[1]), await self._reader.readexactly(int(length.split()[1]))

    async def refusal(self) -> tuple[int, str]:
        """Status and code of an answer after which the connection ends."""
        status, body = await self.answer()
        await self.end()
        return status, json.loads(body)["error"]["code"]

    async def end(self) -> None:
        """Nothing more comes."""
        async with asyncio.timeout(SECONDS):
            with suppress(ConnectionError):  # what it still sent was not read
                assert await self._reader.read() == b""


@pytest.fixture
async def house() -> AsyncIterator[House]:
    house = House()
    routes = [
        Route("/healthz", house.alive),
        Route("/slow", house.slow),
        Route("/echo", house.echo, methods=["POST"]),
    ]
    async with serving(routes) as house.url:
        yield house
        house.gate.set()


@pytest.fixture
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "HEAD_SECONDS", SOON)
    monkeypatch.setattr(transport, "REST_SECONDS", SOON)


@asynccontextmanager
async def doing(work: Any) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def alive(house: House) -> bool:
    async with Program(house.url) as client:
        return (await client.get("/healthz")).text == "ok"


@pytest.mark.usefixtures("soon")
async def test_a_head_that_comes_slowly(house: House) -> None:
    async with house.line() as line:
        line.send(HEAD, b"x-a: ")
        async with doing(line.trickle(b"a")):
            assert await line.refusal() == (408, "invalid")


@pytest.mark.usefixtures("soon")
async def test_a_second_head_that_comes_slowly(house: House) -> None:
    async with house.line() as line:
        line.send(HEAD, b"\r\n")
        assert await line.answer() == (200, b"ok")
        async with doing(line.trickle(b"\r\n")):  # what may stand before a request, and belongs to none
            assert await line.refusal() == (408, "invalid")


@pytest.mark.usefixtures("soon")
async def test_who_says_nothing_is_told_nothing(house: House) -> None:
    async with house.line() as line:
        await line.end()


@pytest.mark.usefixtures("soon")
async def test_a_body_that_comes_slowly_after_the_answer(house: House) -> None:
    async with house.line() as line:
        line.send(b"POST /healthz HTTP/1.1\r\nhost: x\r\ncontent-length: 9999\r\n\r\n")
        status, _ = await line.answer()
        assert status == 405
        async with doing(line.trickle(b"a")):
            await line.end()


@pytest.mark.usefixtures("soon")
async def test_who_waits_for_an_answer_is_not_hurried(house: House) -> None:
    """Some clients send a line's end behind a body, where the next head could begin."""
    async with house.line() as line:
        line.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n")
        line.send(b"\r\n")
        asyncio.get_running_loop().call_later(3 * SOON, house.gate.set)
        assert await line.answer() == (200, b"ok")


@pytest.mark.parametrize(
    "head",
    [
        b"GET /" + b"a" * HEAD_BYTES + b" HTTP/1.1\r\nhost: x\r\n\r\n",
        HEAD + b"x-a: " + b"a" * HEAD_BYTES + b"\r\n\r\n",
        HEAD + b"".join(b"x-%d: a\r\n" % number for number in range(HEADERS)) + b"\r\n",
        HEAD + b"x-a: " + b"a" * HEAD_BYTES,
        b"GET /" + b"a" * HEAD_BYTES,
        HEAD + b"a:\r\n" * HEAD_BYTES,
    ],
    ids=["address", "header", "headers", "endless header", "endless address", "endless headers"],
)
async def test_a_head_that_is_too_large(house: House, head: bytes) -> None:
    async with house.line() as line:
        line.send(head)
        assert await line.refusal() == (431, "too_large")


async def test_the_largest_head(house: House) -> None:
    async with house.line() as line:
        line.send(HEAD, b"".join(b"x-%d: a\r\n" % number for number in range(HEADERS - 1)), b"\r\n")
        assert await line.answer() == (200, b"ok")
        line.send(HEAD, b"x-a: " + b"a" * (HEAD_BYTES - len(HEAD)) + b"\r\n\r\n")
        assert await line.answer() == (200, b"ok")


@pytest.mark.parametrize(
    "junk", [b"nonsense\r\n\r\n", b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"\0" * 64]
)
async def test_what_is_no_request(house: House, junk: bytes) -> None:
    async with house.line() as line:
        line.send(junk)
        assert await line.refusal() == (400, "invalid")


CHUNKED = b"POST /echo HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n"


async def test_what_stands_behind_a_body_has_an_end(house: House) -> None:
    async with house.line() as line:
        line.send(CHUNKED, b"0\r\nx-a: ", b"a" * REQUEST_BYTES)
        await line.end()


async def test_what_stands_behind_a_body_is_no_header(house: House) -> None:
    async with house.line() as line:
        line.send(CHUNKED, b"0\r\nauthorization: Bearer x\r\n\r\n")
        assert await line.answer() == (200, b"['host', 'transfer-encoding']")


async def test_requests_sent_ahead_are_answered_in_their_order(house: House) -> None:
    async with house.line() as line:
        line.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n", *[HEAD + b"\r\n"] * AHEAD)
        house.gate.set()
        for _ in range(AHEAD + 1):
            assert await line.answer() == (200, b"ok")


async def test_but_only_so_many(house: House) -> None:
    """The answer that is on its way cannot be told from a word about those that follow."""
    async with house.line() as line:
        line.send(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n", *[HEAD + b"\r\n"] * (AHEAD + 1))
        await line.end()
    assert await alive(house)


async def test_of_too_many_that_wait_the_first_goes(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "WAITING", 3)
    async with house.line() as first, house.line() as second, house.line() as third, house.line() as fourth:
        for line in (first, second, third, fourth):
            line.send(b"GET /healthz")
        await first.end()
        assert await alive(house)
        await second.end()
        fourth.send(b" HTTP/1.1\r\n\r\n")
        assert await fourth.answer() == (200, b"ok")


async def test_beyond_a_number_of_requests_the_server_says_so(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """And whether it is alive can be asked all the same."""
    monkeypatch.setattr(middleware, "AT_ONCE", 2)
    async with Program(house.url) as client:
        under_way = [asyncio.create_task(client.get("/slow")) for _ in range(2)]
        async with asyncio.timeout(SECONDS):
            while house.waiting < 2:  # noqa: ASYNC110 -- both are in
                await asyncio.sleep(0.01)
        refused = await client.get("/slow")
        assert error_of(refused) == (503, "unavailable", None)
        assert refused.headers["retry-after"] == "2"
        assert await alive(house)
        house.gate.set()
        assert [answer.status_code for answer in await asyncio.gather(*under_way)] == [200, 200]
        assert (await client.get("/slow")).status_code == 200
