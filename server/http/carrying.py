"""``GET /api/export`` and ``POST /api/import``: conversations as files, out and in."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, ExitStack, aclosing
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from server.accounts.identity import Identity
from server.carrying import filenames
from server.carrying.exports import Exports, Kind
from server.carrying.imports import Imports
from server.errors import Forbidden, Invalid, ParleyError
from server.http.callers import Callers
from server.http.errors import Error
from server.http.uploads import UPLOAD_PATH, received
from server.pages.words import preferred
from server.protocol.codes import AccountRole
from server.settings import Settings

HEADERS = {"cache-control": "no-store"}
AS_IT_COMES = {**HEADERS, "x-accel-buffering": "no"}
"""For proxies that would keep lines back until there are more."""


def carrying_routes(exports: Exports, imports: Imports, callers: Callers, settings: Settings) -> list[BaseRoute]:
    carrying = _Carrying(exports, imports, callers, settings)
    return [
        Route("/api/export", carrying.take_out, methods=["GET"]),
        Route(UPLOAD_PATH, carrying.take_in, methods=["POST"]),
    ]


class _Carrying:
    def __init__(self, exports: Exports, imports: Imports, callers: Callers, settings: Settings) -> None:
        self._exports = exports
        self._imports = imports
        self._callers = callers
        self._folder: Path = settings.data_dir
        self._most = settings.import_bytes

    async def take_out(self, request: Request) -> Response:
        user = (await self._admitted(request)).user.id
        asked = request.query_params
        if asked.get("format") not in set(Kind):
            raise Invalid("The format is `markdown`, `json` or `html`.", field="format")
        kind = Kind(asked["format"])
        language = preferred(request.headers.get("accept-language", ""))
        if (conversation := asked.get("conversation")) is not None:
            file = await self._exports.one(user, conversation, kind, language)
            headers = {**HEADERS, "content-disposition": filenames.disposition(file.name)}
            return Response(file.content, headers=headers, media_type=kind.media_type)
        until = ExitStack()
        until.enter_context(self._exports.turn(user))
        headers = {**HEADERS, "content-disposition": filenames.disposition(self._exports.archive_name())}
        return _Archive(self._exports.all(user, kind, language), until, headers)

    async def take_in(self, request: Request) -> Response:
        user = (await self._admitted(request)).user.id
        async with AsyncExitStack() as until:
            until.enter_context(self._imports.turn(user))
            file = await until.enter_async_context(received(request, self._folder, self._most))
            total = await self._imports.count(file)
            return _Lines(self._imports.run(user, file, total), until.pop_all())

    async def _admitted(self, request: Request) -> Identity:
        who = await self._callers.identify(request)
        if who.user.role is AccountRole.PENDING:
            raise Forbidden("This account waits for an admin to admit it.")
        return who


class _Archive(StreamingResponse):
    """Ends with its reader."""

    def __init__(self, pieces: AsyncIterator[bytes], until: ExitStack, headers: dict[str, str]) -> None:
        super().__init__(pieces, headers=headers, media_type="application/zip")
        self._until = until

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._until:
            await super().__call__(scope, receive, send)


class _Lines(Response):
    """A line of JSON for each thing that there is to say. What was begun goes on when nobody listens any more."""

    def __init__(self, news: AsyncIterator[msgspec.Struct], until: AsyncExitStack) -> None:
        super().__init__(headers=AS_IT_COMES, media_type="application/x-ndjson")
        del self.headers["content-length"]
        self._news = news
        self._until = until

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        async with self._until:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            async with aclosing(self._lines()) as lines:
                async for line in lines:
                    await send({"type": "http.response.body", "body": line + b"\n", "more_body": True})
            await send({"type": "http.response.body", "body": b""})

    async def _lines(self) -> AsyncGenerator[bytes]:
        try:
            async for new in self._news:
                yield msgspec.json.encode(new)
        except ParleyError as error:
            yield msgspec.json.encode({"error": Error(code=error.code, message=error.message)})
