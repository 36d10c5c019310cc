"""What every request and every socket has: ids that its log lines carry, and headers that make a browser careful."""

from __future__ import annotations

import re
import secrets
import time

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from server import metrics
from server.http.errors import Error, error_response, internal_error
from server.rate import Bucket, Rate

log = structlog.get_logger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._~-]{1,64}")
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})(?P<trace>[0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")
"""W3C Trace Context, level 1, 3.2: version, trace id, parent id, flags."""

PROBES = ("/healthz", "/readyz", "/metrics")
"""Asked every few seconds by several who watch: what they find is worth a line only when it is not well."""

SECURITY_HEADERS = {
    "content-security-policy": "; ".join(
        (
            "default-src 'self'",
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "frame-src 'self'",  # server/http/frames
            "connect-src 'self'",  # in CSP level 3 that is the same host's socket, too
            "object-src 'none'",
            "base-uri 'none'",
            "frame-ancestors 'none'",
            "form-action 'self'",
        )
    ),
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}


AT_ONCE = 500
"""Requests that are being answered."""
TELL = Rate(burst=1, seconds=10)


class RequestContext:
    """Binds request id, trace id, client address, method and path to whatever is logged on the way.

    One line per HTTP request, and its id echoed. An exception that nobody foresaw ends here: as one line with its
    traceback, and as an answer that shows none of it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _request_id(headers.get("x-request-id"))
        client = scope.get("client")
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(
            request_id=request_id,
            trace_id=_trace_id(headers.get("traceparent")),
            client_address=client[0] if client else None,
            method=scope.get("method", "GET"),
            # Percent-encoded, as it came: a line break in it is harmless. Without the query, which may be secret.
            path=scope.get("raw_path", b"").partition(b"?")[0].decode("ascii", "replace")[:500],
        )
        if scope["type"] == "http":
            await self._request(scope, receive, send, request_id)
        else:
            await self._app(scope, receive, _echoing(send, request_id))

    async def _request(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        began = time.perf_counter()
        status: int | None = None

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        answer = _echoing(watch, request_id)
        try:
            await self._app(scope, receive, answer)
        except Exception:
            log.exception("http.failed")
            if status is not None:
                raise  # half an answer is out: the server cuts the connection, so that nobody takes it for a whole one
            await internal_error(request_id)(scope, receive, answer)
        finally:
            metrics.REQUESTS.labels(str(status)).inc()
            tell = log.debug if status == 200 and scope["path"] in PROBES else log.info
            tell("http.request", status=status, duration_ms=round((time.perf_counter() - began) * 1000, 1))


class AtOnce:
    """Refuses requests beyond `AT_ONCE`. Whether the server is alive can always be asked."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._under_way = 0
        self._tell = Bucket(TELL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == "/healthz":
            await self._app(scope, receive, send)
        elif self._under_way < AT_ONCE:
            self._under_way += 1
            try:
                await self._app(scope, receive, send)
            finally:
                self._under_way -= 1
        else:
            if self._tell.take() == 0:
                log.warning("http.overloaded", under_way=self._under_way)
            error = Error(code="unavailable", message="Too many requests at once. Try again in 2 s.")
            headers = {"retry-after": "2", "connection": "close"}
            await error_response(503, error, headers)(scope, receive, send)


class SecurityHeaders:
    """On every HTTP answer, unless it brings its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message.setdefault("headers", [])
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, with_headers if scope["type"] == "http" else send)


def _echoing(send: Send, request_id: str) -> Send:
    async def echo(message: Message) -> None:
        if message["type"] in ("http.response.start", "websocket.accept", "websocket.http.response.start"):
            message.setdefault("headers", [])
            MutableHeaders(scope=message)["x-request-id"] = request_id
        await send(message)

    return echo


def _request_id(given: str | None) -> str:
    return given if given is not None and _REQUEST_ID.fullmatch(given) else secrets.token_hex(12)


def _trace_id(traceparent: str | None) -> str:
    match = _TRACEPARENT.fullmatch(traceparent) if traceparent is not None else None
    return match["trace"] if match is not None else secrets.token_hex(16)
