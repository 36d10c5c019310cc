"""The HTTP client that asks endpoints, and how its errors read. Costs most of a second to import: import it late.

The defaults of the openai package do not suit a server that calls addresses which people type in: ten minutes of
silence, two silent retries, redirects followed, proxies taken from the environment. All four are set here.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from dataclasses import dataclass

import aiohttp
import httpx2
from openai import APIConnectionError, DefaultAioHttpClient

from server.errors import UpstreamError
from server.llm import faults
from server.llm.chunks import Garbled
from server.llm.endpoint import Endpoint

MAX_ERROR_BYTES = 64 << 10
MAX_BODY_BYTES = 4 << 20

FAULTS = (aiohttp.ClientError, httpx2.HTTPError, httpx2.InvalidURL, APIConnectionError, OSError, UnicodeError, Garbled)
"""What comes out of a request that got no answer, or half of one, or nonsense. Not all of aiohttp's are translated."""


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Seconds."""

    connect: float = 10
    first: float = 300
    """Until the first byte: models that reason think for minutes without a word, and local ones are loaded first."""
    between: float = 60
    """Between two bytes. A comment counts: that is how an endpoint says that it is still alive."""
    silent: float = 600
    """Between two events, however many comments come."""
    closing: float = 5
    """From the last word of an answer to the end mark. The answer is complete, only its usage is missing."""
    listing: float = 10


def open_client(timeouts: Timeouts) -> httpx2.AsyncClient:
    return DefaultAioHttpClient(
        timeout=httpx2.Timeout(timeouts.first, connect=timeouts.connect),
        # A negative expiry: no connection is used twice. A request on an idle one that the endpoint closes at that
        # moment is lost, and one that may have cost money is not sent again. How many run at once, others decide.
        limits=httpx2.Limits(max_connections=10_000, keepalive_expiry=-1),
        follow_redirects=False,
        trust_env=False,
        headers={"Accept-Encoding": "identity", "Connection": "close"},
        event_hooks={"response": [_bound_error]},
    )


async def _bound_error(response: httpx2.Response) -> None:
    """The openai package reads the body of an error whole and unpacks it, whatever its size."""
    if not response.is_success and isinstance(response.stream, httpx2.AsyncByteStream):
        response.headers.pop("content-encoding", None)
        response.stream = _FirstBytes(response.stream)


class _FirstBytes(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream) -> None:
        self._stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        left = MAX_ERROR_BYTES
        async for chunk in self._stream:
            yield chunk[:left]
            left -= len(chunk)
            if left <= 0:
                return

    async def aclose(self) -> None:
        await self._stream.aclose()


async def read_body(response: httpx2.Response, limit: int = MAX_BODY_BYTES) -> bytes:
    """A body as it came over the line. Raises Garbled beyond ``limit`` bytes."""
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > limit:
            raise Garbled(f"more than {limit} bytes")
    return bytes(body)


def media_type(response: httpx2.Response) -> str:
    """Raises Garbled for a web page, and for what is packed: a small package can unfold to fill the memory."""
    if (encoding := response.headers.get("content-encoding", "identity").lower()) != "identity":
        raise Garbled(f"packed with {encoding}, although asked not to")
    kind = response.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "text/html":
        raise Garbled("a web page")
    return kind


def broken(endpoint: Endpoint, error: Exception, *, answering: bool) -> UpstreamError:
    """``error``: one of FAULTS. ``answering``: the answer had begun."""
    causes: list[BaseException] = [error]
    while (cause := causes[-1].__cause__) is not None:
        causes.append(cause)
    # What aiohttp says is exact; its translation takes a dropped connection for a timeout.
    exact = next((cause for cause in causes if isinstance(cause, aiohttp.ClientError)), error)
    match exact:
        case Garbled():
            return faults.garbled(endpoint, str(exact))
        case aiohttp.ConnectionTimeoutError():
            return faults.unreachable(endpoint, "no connection in time")
        case TimeoutError() | httpx2.TimeoutException():
            return faults.timed_out(endpoint, "fell silent" if answering else "did not answer in time")
        case aiohttp.ClientConnectorDNSError():
            return faults.unreachable(endpoint, f"no address is known for {exact.host}")
        case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientSSLError():
            return faults.unreachable(endpoint, f"no secure connection: {exact}")
        case aiohttp.ClientConnectorError():
            number = exact.os_error.errno
            return faults.unreachable(endpoint, os.strerror(number) if number else "no connection")
        case aiohttp.InvalidURL() | aiohttp.NonHttpUrlClientError() | httpx2.InvalidURL() | UnicodeError():
            return faults.unreachable(endpoint, "this is no address")
        case aiohttp.ClientConnectionError() | aiohttp.ClientPayloadError() | OSError():
            return faults.cut_off(endpoint) if answering else faults.hung_up(endpoint)
    return faults.garbled(endpoint, str(exact))
