"""What every request carries into the log, and what every answer carries to the browser."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
import structlog
import websockets
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.types import Message, Scope
from starlette.websockets import WebSocket

from server.http.middleware import SECURITY_HEADERS
from tests.http.conftest import Program, application, serving

pytestmark = pytest.mark.anyio

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


async def show(_request: Request) -> Response:
    structlog.contextvars.bind_contextvars(user="u1")
    structlog.get_logger().info("inside")
    return PlainTextResponse("ok", headers={"referrer-policy": "no-referrer"})


async def echo(socket: WebSocket) -> None:
    structlog.get_logger().info("inside")
    await socket.accept()
    await socket.close()


ROUTES: list[BaseRoute] = [Route("/{path:path}", show), WebSocketRoute("/ws", echo)]


@pytest.fixture
def lines() -> Iterator[list[Any]]:
    """What is logged, with all that is bound to it."""
    capture = structlog.testing.LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture], cache_logger_on_first_use=False)
    yield capture.entries
    structlog.configure(**before)


@pytest.fixture
async def client() -> AsyncIterator[Program]:
    async with serving(ROUTES) as url, Program(url) as client:
        yield client


async def test_one_line_per_request(client: Program, lines: list[Any]) -> None:
    await client.get("/a%20b?token=secret", headers={"x-request-id": "abc-1"})
    [inside, request] = lines
    bound = {"request_id": "abc-1", "client_address": "127.0.0.1", "method": "GET", "path": "/a%20b"}
    assert bound.items() <= inside.items()
    assert {**bound, "event": "http.request", "status": 200, "user": "u1"}.items() <= request.items()
    assert request["duration_ms"] >= 0
    assert "secret" not in repr(lines)


@pytest.mark.parametrize(
    ("path", "status", "level"),
    [("/readyz", 200, "debug"), ("/readyz", 503, "info"), ("/metrics", 200, "debug"), ("/", 200, "info")],
)
async def test_probes_that_find_all_well_do_not_fill_the_log(
    path: str, status: int, level: str, lines: list[Any]
) -> None:
    async def answer(_request: Request) -> Response:
        return Response(status_code=status)

    async with serving([Route(path, answer)]) as url, Program(url) as client:
        await client.get(path)
    assert [(line["event"], line["log_level"]) for line in lines] == [("http.request", level)]


async def test_no_address_can_forge_a_line(client: Program, lines: list[Any]) -> None:
    await client.get("/a%0A2026-01-01%20admin%20logged%20in")
    assert [line["path"] for line in lines] == ["/a%0A2026-01-01%20admin%20logged%20in"]


async def test_nothing_of_one_request_is_left_for_the_next(lines: list[Any]) -> None:
    """Also under a server that serves both in one task, as uvicorn does not."""

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(_message: Message) -> None:
        pass

    for path in ("/", "/nothing"):
        scope: Scope = {"type": "http", "method": "GET", "path": path, "raw_path": path.encode(), "headers": []}
        await application([Route("/", show)])(scope, receive, send)
    assert [(line["path"], line.get("user")) for line in lines] == [("/", "u1"), ("/", "u1"), ("/nothing", None)]


@pytest.mark.parametrize("given", ["abc", "A-1_2.3~4", "x" * 64])
async def test_a_sane_request_id_is_kept(client: Program, given: str) -> None:
    assert (await client.get("/", headers={"x-request-id": given})).headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", 'a"b', "<script>", "é".encode(), None])
async def test_any_other_is_replaced(client: Program, given: str | bytes | None) -> None:
    headers = {} if given is None else {b"x-request-id": given if isinstance(given, bytes) else given.encode()}
    response = await client.get("/", headers=headers)
    assert re.fullmatch("[0-9a-f]{24}", response.headers["x-request-id"])


async def test_a_trace_that_began_elsewhere_goes_on(client: Program, lines: list[Any]) -> None:
    await client.get("/", headers={"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"})
    assert {line["trace_id"] for line in lines} == {TRACE}


@pytest.mark.parametrize(
    "given",
    [
        f"ff-{TRACE}-00f067aa0ba902b7-01",
        f"00-{'0' * 32}-00f067aa0ba902b7-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-00f067aa0ba902b7-01",
        TRACE,
    ],
)
async def test_a_broken_trace_begins_anew(client: Program, lines: list[Any], given: str) -> None:
    await client.get("/", headers={"traceparent": given})
    [trace] = {line["trace_id"] for line in lines}
    assert re.fullmatch("[0-9a-f]{32}", trace)
    assert trace not in given.lower()


async def test_a_socket_carries_the_same(lines: list[Any]) -> None:
    async with serving(ROUTES) as url:
        connecting = websockets.connect(
            url.replace("http", "ws", 1) + "/ws", additional_headers={"x-request-id": "abc-1"}, proxy=None
        )
        async with connecting as socket:
            assert socket.response is not None
            assert socket.response.headers["x-request-id"] == "abc-1"
            await socket.wait_closed()
    [inside] = lines
    assert {
        "request_id": "abc-1",
        "client_address": "127.0.0.1",
        "method": "GET",
        "path": "/ws",
    }.items() <= inside.items()


async def test_a_browser_is_told_to_be_careful(client: Program) -> None:
    headers = (await client.get("/")).headers
    for name, value in SECURITY_HEADERS.items():
        assert headers[name] == ("no-referrer" if name == "referrer-policy" else value), "an answer may bring its own"
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["script-src"] == policy["connect-src"] == policy["frame-src"] == policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == policy["base-uri"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
