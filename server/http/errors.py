"""Errors as `{"error": {"code", "message", "field"?}}`, whoever raised them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import anyio
import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ExceptionHandler, Receive, Scope, Send

from server.errors import ParleyError
from server.http.uploads import UPLOAD_PATH

PARTING_SECONDS = 5.0
"""For the rest of a request that has been answered, and for its sender to read the answer."""
_CODES = {404: "not_found", 429: "rate_limited"}
_WORDS = {404: "There is nothing at this address.", 405: "This address does not take that method."}


class Error(msgspec.Struct, kw_only=True, omit_defaults=True):
    code: str
    message: str
    field: str | None = None


def error_response(
    status: int, error: Error, headers: Mapping[str, str] | None = None, kind: type[Response] = Response
) -> Response:
    return kind(
        msgspec.json.encode({"error": error}),
        status,
        {"cache-control": "no-store", **(headers or {})},
        media_type="application/json",
    )


class Parting(Response):
    """Says its word before the request has come whole, and then takes what still comes, for nothing.

    A connection that is closed while something is unread takes the answer with it (RFC 9112, 9.6): whoever sends a file
    that is too large would hear of a broken line instead.
    """

    async def __call__(self, _scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        with anyio.move_on_after(PARTING_SECONDS):
            while (await receive()).get("more_body", False):
                pass
        await send({"type": "http.response.body", "body": b""})


def internal_error(request_id: str) -> Response:
    """For what nobody foresaw. The log has the traceback under the same request id."""
    message = f"Something went wrong on the server. The request id is {request_id}."
    return error_response(500, Error(code="internal", message=message))


async def _told(request: Request, error: Exception) -> Response:
    assert isinstance(error, ParleyError)  # noqa: S101 -- what it is registered for
    headers = {}
    if error.retry_after is not None:
        headers["retry-after"] = str(math.ceil(error.retry_after))
    kind = Response
    if error.status == 413 or request.url.path == UPLOAD_PATH:
        headers["connection"] = "close"  # nobody wants the rest of the body
        kind = Parting
    told = Error(code=error.code, message=error.message, field=error.field)
    return error_response(error.status, told, headers, kind)


async def _of_starlette(_request: Request, error: Exception) -> Response:
    """The router's own: no such path, wrong method."""
    assert isinstance(error, HTTPException)  # noqa: S101 -- what it is registered for
    status = error.status_code
    words = _WORDS.get(status, error.detail)
    return error_response(status, Error(code=_CODES.get(status, "invalid"), message=words), error.headers)


async def _nobody_there(_request: Request, _error: Exception) -> Response:
    """The client left in the middle of its request: no one reads this."""
    return error_response(400, Error(code="invalid", message="The request was not complete."))


exception_handlers: dict[Any, ExceptionHandler] = {
    ParleyError: _told,
    HTTPException: _of_starlette,
    ClientDisconnect: _nobody_there,
}
