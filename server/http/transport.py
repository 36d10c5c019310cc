"""uvicorn's HTTP connection with the limits that it lacks: of time, of size, and of how many wait.

httptools keeps what it is given: a head without an end, or requests sent ahead of their answers, would fill the memory.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from functools import partial
from typing import Any

import httptools
import msgspec
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from server.http import bodies
from server.http.errors import Error
from server.http.uploads import UPLOAD_PATH
from server.rate import Bucket, Rate

log = structlog.get_logger(__name__)

HEAD_SECONDS = 10.0
"""For a request's head to arrive, counted from the connection's beginning or from the head's first byte."""
REST_SECONDS = 20.0
"""For what follows the head. Where a body is read it has less time, and a better answer."""
HEAD_BYTES = 32 << 10
HEADERS = 100
REQUEST_BYTES = 4 * bodies.MAX_BYTES
"""Of all that belongs to a request, such as the marks between chunks and what stands behind the last.

Not of a file: uvicorn reads on only as it is asked for more, and `uploads` knows when it has enough."""
AHEAD = 16
"""Requests that may wait for the answer to one before them."""
WAITING = 1000
"""Connections of this worker that have not sent a whole request."""
TELL = Rate(burst=1, seconds=10)
"""Lines in the log of a kind."""


@dataclass(frozen=True, slots=True)
class Refusal:
    status: int
    code: str
    message: str


class Refused(Exception):
    """Ends the parser's work in the middle of what it was given."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


MALFORMED = Refusal(400, "invalid", "This is not an HTTP request.")
TOO_SLOW = Refusal(408, "invalid", "The request did not arrive in time.")
TOO_LARGE = Refusal(413, "too_large", "The request is too large.")
LARGE_HEAD = Refusal(431, "too_large", f"A request has at most {HEADERS} headers and {HEAD_BYTES >> 10} KiB of them.")
TOO_FAR_AHEAD = Refusal(429, "rate_limited", f"At most {AHEAD} requests may be sent ahead.")


class Crowd:
    """The connections that wait for their peers. When there are too many, the one that has waited longest goes."""

    def __init__(self) -> None:
        self._waiting: dict[HttpProtocol, None] = {}
        self._tell: defaultdict[int | None, Bucket] = defaultdict(partial(Bucket, TELL))

    def tell(self, event: str, status: int | None, **about: object) -> None:
        """One line for a burst of the same."""
        if self._tell[status].take() == 0:
            log.warning(event, status=status, **about)

    def add(self, connection: HttpProtocol) -> None:
        self._waiting[connection] = None
        if len(self._waiting) > WAITING:
            self.tell("http.crowded", None, waiting=WAITING)
            oldest = next(iter(self._waiting))
            del self._waiting[oldest]
            oldest.transport.close()

    def discard(self, connection: HttpProtocol) -> None:
        self._waiting.pop(connection, None)


class HttpProtocol(HttpToolsProtocol):
    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        crowd: Crowd,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._crowd = crowd
        self._timer: asyncio.TimerHandle | None = None
        self._in_head = True
        self._is_file = False
        self._size = 0
        """Bytes of the request that is on its way."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._wait(HEAD_SECONDS)
        self._crowd.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._wait_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        if self._timer is None:
            self._wait(HEAD_SECONDS)
        self._size += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            if self._should_upgrade():
                self.handle_websocket_upgrade()
        except httptools.HttpParserError as error:
            ours = error.__context__
            self._refuse(ours.refusal if isinstance(ours, Refused) else MALFORMED)
        else:
            if self._in_head and self._size > HEAD_BYTES:
                self._refuse(LARGE_HEAD)
            elif not self._in_head and not self._is_file and self._size > REQUEST_BYTES:
                self._refuse(TOO_LARGE)

    def handle_websocket_upgrade(self) -> None:
        self._wait_no_more()
        super().handle_websocket_upgrade()

    def on_message_begin(self) -> None:
        if len(self.pipeline) == AHEAD:
            raise Refused(TOO_FAR_AHEAD)
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # behind the body; as a header it would be believed (RFC 9110, 6.5.1)
        if len(self.headers) == HEADERS:
            raise Refused(LARGE_HEAD)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        if len(self.url) + sum(len(name) + len(value) for name, value in self.headers) > HEAD_BYTES:
            raise Refused(LARGE_HEAD)
        self._in_head = False
        self._is_file = self.url.partition(b"?")[0] == UPLOAD_PATH.encode()
        self._wait(REST_SECONDS)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_head = True
        self._size = 0
        self._wait_no_more()
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.transport.is_closing():
            self._crowd.add(self)

    @property
    def _answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _wait(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.loop.call_later(seconds, self._expired, seconds)

    def _wait_no_more(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._crowd.discard(self)

    def _expired(self, seconds: float) -> None:
        if self._answering:
            self._wait(seconds)  # now it is the peer who waits
        elif self._size > 0 and self._in_head:
            self._refuse(TOO_SLOW)
        else:
            self.transport.close()

    def _refuse(self, refusal: Refusal) -> None:
        """And ends the connection; without a word where an answer is on its way, which this would become a part of."""
        self._crowd.tell("http.refused", refusal.status, peer_address=self.client and self.client[0])
        if not self._answering and not self.transport.is_closing():
            content = msgspec.json.encode({"error": Error(code=refusal.code, message=refusal.message)})
            headers = [
                *self.server_state.default_headers,
                (b"content-type", b"application/json"),
                (b"content-length", str(len(content)).encode()),
                (b"cache-control", b"no-store"),
                (b"connection", b"close"),
            ]
            lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
            self.transport.write(STATUS_LINE[refusal.status] + lines + b"\r\n" + content)
        self.transport.close()
