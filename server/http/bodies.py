"""JSON in and out: any bytes in a request's body give a struct or an error with words."""

from __future__ import annotations

import re
from typing import Any, TypeVar

import anyio
import msgspec
from starlette.requests import Request
from starlette.responses import Response

from server.errors import Invalid, TooLarge
from server.http.uploads import declared

MAX_BYTES = 64 * 1024
MAX_SECONDS = 10.0
"""For the whole body to arrive: whoever sends a byte now and then does not hold a request open."""

S = TypeVar("S", bound=msgspec.Struct)

_AT_FIELD = re.compile(r" - at `\$\.?(?P<path>[^`]*)`$")
_NAMED_FIELD = re.compile(r"field `(?P<name>[^`]*)`")


class Body(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What a request holds."""


def answer(content: Any, status: int = 200) -> Response:
    """What accounts answer is for the one who asked, now: no cache may keep it."""
    headers = {"cache-control": "no-store"}
    return Response(msgspec.json.encode(content), status, headers, media_type="application/json")


def done() -> Response:
    """There is nothing more to say."""
    return Response(status_code=204, headers={"cache-control": "no-store"})


async def read(request: Request, kind: type[S]) -> S:
    """The body as ``kind``; an empty one counts as ``{}``. Raises Invalid or TooLarge, whatever it holds."""
    body = await _bytes(request)
    try:
        content = msgspec.json.decode(body.strip() or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise _explain(str(error)) from None
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        raise Invalid("The body is not valid JSON.") from None
    for name in kind.__struct_fields__:
        value = getattr(content, name)
        if isinstance(value, str) and "\0" in value:
            raise Invalid("A text cannot hold the character U+0000.", field=name)
    return content


async def _bytes(request: Request) -> bytes:
    if declared(request) > MAX_BYTES:
        raise _too_large()
    body = bytearray()
    try:
        with anyio.fail_after(MAX_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > MAX_BYTES:
                    raise _too_large()
    except TimeoutError:
        raise Invalid("The body did not arrive in time.") from None
    return bytes(body)


def _too_large() -> TooLarge:
    return TooLarge(f"A body has at most {MAX_BYTES // 1024} KiB.")


def _explain(words: str) -> Invalid:
    """msgspec's words with the field taken out of them: "Expected `str`, got `int` - at `$.email`"."""
    at, named = _AT_FIELD.search(words), _NAMED_FIELD.search(words)
    field = (at and at["path"]) or (named and named["name"]) or None
    return Invalid(_AT_FIELD.sub("", words) + ".", field=field)
