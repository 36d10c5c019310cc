"""Errors have one shape, and what nobody foresaw is told to the log, not to the client."""

from __future__ import annotations

from typing import Any

import httpx2
import pytest
import structlog
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Message

from server.errors import (
    BadCredentials,
    BadOrigin,
    Conflict,
    Invalid,
    NotFound,
    ParleyError,
    RateLimited,
    Suspended,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from tests.http.conftest import Program, application, error_of, serving

pytestmark = pytest.mark.anyio

SECRET = "sk-canary"


def raising(error: Exception) -> Route:
    async def endpoint(_request: Request) -> Response:
        raise error

    return Route("/", endpoint)


async def get(route: Route, path: str = "/", **more: Any) -> httpx2.Response:
    async with serving([route]) as url, Program(url) as client:
        return await client.get(path, **more)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (Invalid("words", field="name"), (400, "invalid", "name")),
        (BadCredentials("words"), (401, "bad_credentials", None)),
        (Unauthenticated("words"), (401, "unauthenticated", None)),
        (BadOrigin("words"), (403, "bad_origin", None)),
        (Suspended("words"), (403, "suspended", None)),
        (NotFound("words"), (404, "not_found", None)),
        (Conflict("words", field="email"), (409, "conflict", "email")),
        (TooLarge("words"), (413, "too_large", None)),
        (RateLimited("words"), (429, "rate_limited", None)),
        (Unavailable("words"), (503, "unavailable", None)),
    ],
)
async def test_errors_of_the_house(error: ParleyError, told: tuple[int, str, str | None]) -> None:
    response = await get(raising(error))
    assert error_of(response) == told
    assert response.json()["error"]["message"] == "words"
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("seconds", "header"), [(0.2, "1"), (2, "2"), (2.01, "3"), (None, None)])
async def test_when_to_come_again(seconds: float | None, header: str | None) -> None:
    response = await get(raising(RateLimited("words", retry_after=seconds)))
    assert response.headers.get("retry-after") == header


async def test_what_nobody_foresaw() -> None:
    with structlog.testing.capture_logs() as lines:
        response = await get(raising(RuntimeError(f"the key is {SECRET}")), headers={"x-request-id": "abc-1"})
    assert error_of(response) == (500, "internal", None)
    assert "abc-1" in response.json()["error"]["message"]
    assert SECRET not in response.text
    assert response.headers["x-content-type-options"] == "nosniff"
    [failed] = [line for line in lines if line["event"] == "http.failed"]
    assert failed["exc_info"]
    assert [line["status"] for line in lines if line["event"] == "http.request"] == [500]


async def test_half_an_answer_is_cut_off() -> None:
    async def endpoint(_request: Request) -> Response:
        async def parts() -> Any:
            yield b"half"
            raise RuntimeError(SECRET)

        return StreamingResponse(parts())

    with pytest.raises(httpx2.RemoteProtocolError):
        await get(Route("/", endpoint))


async def test_the_routers_own_errors() -> None:
    assert error_of(await get(raising(RuntimeError()), "/other")) == (404, "not_found", None)
    async with serving([raising(RuntimeError())]) as url, Program(url) as client:
        response = await client.post("/")
    assert error_of(response) == (405, "invalid", None)
    assert response.headers["allow"] == "GET, HEAD" or response.headers["allow"] == "HEAD, GET"


async def test_a_client_that_leaves_in_the_middle_is_no_fault_of_ours() -> None:
    sent: list[Message] = []

    async def endpoint(request: Request) -> Response:
        await request.body()
        raise AssertionError("there is no whole body")

    async def receive() -> Message:
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "raw_path": b"/", "headers": [], "query_string": b""}
    with structlog.testing.capture_logs() as lines:
        await application([Route("/", endpoint, methods=["POST"])])(scope, receive, send)
    assert sent[0]["status"] == 400
    assert [line["event"] for line in lines] == ["http.request"]
