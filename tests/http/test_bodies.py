"""Any bytes in a body get an answer: 400 or 413, with words, and never a 500."""

from __future__ import annotations

import asyncio
import json

import httpx2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message, Receive

from server.errors import Invalid
from server.http import bodies
from server.http.auth import LogIn
from tests.http.conftest import Program, Site, error_of

pytestmark = pytest.mark.anyio

LOG_IN_PATH = "/api/auth/login"


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b"[]",
        b"null",
        b'"text"',
        b"NaN",
        b'{"login": "a", "password": "b"} trailing',
        b'{"login": "\\ud800", "password": "b"}',
        b'{"login": "a\\u0000", "password": "b"}',
        b'{"login": "a", "password": "\\u0000"}',
        b'{"login": "a\x00", "password": "b"}',
        b'{"login": "\xc3\x28", "password": "b"}',
        b'{"login": 1e999, "password": "b"}',
        b'{"login": ' + b"9" * 5000 + b', "password": "b"}',
        b'{"login": ' + b"[" * 20_000 + b"]" * 20_000 + b', "password": "b"}',
        b"[" * 60_000,
        b'{"password": "b"}',
        b'{"login": "a", "password": "b", "more": 1}',
        b'{"login": ["a"], "password": "b"}',
        b'{"login": null, "password": "b"}',
        b"",
    ],
)
async def test_what_is_no_log_in(program: Program, body: bytes) -> None:
    response = await program.post(LOG_IN_PATH, content=body)
    status, code, _ = error_of(response)
    assert (status, code) == (400, "invalid")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"password": "b"}, "login"),
        ({"login": 3, "password": "b"}, "login"),
        ({"login": "a", "password": "b", "more": 1}, "more"),
        ({"login": "a", "password": "b\0"}, "password"),
    ],
)
async def test_the_field_is_named(program: Program, body: dict[str, object], field: str) -> None:
    assert error_of(await program.post(LOG_IN_PATH, json=body)) == (400, "invalid", field)


async def test_the_largest_body_and_one_byte_more(program: Program) -> None:
    frame = json.dumps({"login": "nobody", "password": ""}).encode()
    largest = frame + b" " * (bodies.MAX_BYTES - len(frame))
    assert error_of(await program.post(LOG_IN_PATH, content=largest)) == (401, "bad_credentials", None)
    assert error_of(await program.post(LOG_IN_PATH, content=largest + b" ")) == (413, "too_large", None)


async def test_a_body_that_does_not_say_how_long_it_is(site: Site) -> None:
    """In chunks without an end: refused as soon as it is too long."""
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(site.url).port)
    writer.write(f"POST {LOG_IN_PATH} HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n".encode())
    writer.write(b"8000\r\n" + b" " * 0x8000 + b"\r\n")
    writer.write(b"8001\r\n" + b" " * 0x8001 + b"\r\n")
    await writer.drain()
    assert (await reader.readline()).split()[1] == b"413"
    writer.close()


async def test_a_body_that_says_more_than_it_can_mean(site: Site) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(site.url).port)
    writer.write(f"POST {LOG_IN_PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 9999999999\r\n\r\n".encode())
    await writer.drain()
    assert (await reader.readline()).split()[1] == b"413"
    writer.close()


def request_with(receive: Receive) -> Request:
    return Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
def test_any_bytes(any_bytes: bytes) -> None:
    async def receive() -> Message:
        return {"type": "http.request", "body": any_bytes}

    async def read() -> None:
        with pytest.raises(Invalid):
            await bodies.read(request_with(receive), LogIn)

    asyncio.run(read())


async def test_a_body_that_does_not_come_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bodies, "MAX_SECONDS", 0.01)

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError("nothing sets it")

    with pytest.raises(Invalid, match="in time"):
        await bodies.read(request_with(receive), LogIn)
