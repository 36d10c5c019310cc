"""A file as a request's body: taken to the disk piece by piece, within limits of its own."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

import anyio
import structlog
from anyio import to_thread
from starlette.requests import Request

from server.errors import Invalid, TooLarge, Unavailable

log = structlog.get_logger(__name__)

UPLOAD_PATH = "/api/import"
"""The only call whose body is a file."""
PIECE_SECONDS = 30.0
"""For the next piece to come."""
WHOLE_SECONDS = 1800.0
"""For all of it: whoever sends a byte now and then does not hold a place for ever."""


def declared(request: Request) -> int:
    """How long the body says that it is; 0: it does not."""
    length = request.headers.get("content-length", "")
    return int(length) if length.isdecimal() and len(length) < 20 else 0


@asynccontextmanager
async def received(request: Request, folder: Path, most: int) -> AsyncIterator[BinaryIO]:
    """The body as a file without a name, which is gone when it is closed, or when the process dies.

    Raises TooLarge, Invalid where it does not come in time, and Unavailable where there is no room for it.
    """
    if declared(request) > most:
        raise _too_large(most)
    try:
        with await to_thread.run_sync(lambda: tempfile.TemporaryFile(dir=folder)) as file:
            await _write(request, file, most)
            yield file
    except OSError as error:
        log.warning("upload.not_kept", reason=error.strerror)
        raise Unavailable("There is no room for this file on the server at the moment.", retry_after=60) from error


async def _write(request: Request, file: BinaryIO, most: int) -> None:
    pieces = aiter(request.stream())
    size = 0
    try:
        with anyio.fail_after(WHOLE_SECONDS):
            while True:
                with anyio.fail_after(PIECE_SECONDS):
                    piece = await anext(pieces, None)
                if piece is None:
                    return
                size += len(piece)
                if size > most:
                    raise _too_large(most)
                await to_thread.run_sync(file.write, piece)
    except TimeoutError:
        raise Invalid("The file did not arrive in time.") from None


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"A file to be imported has at most {most >> 20} MB.")
