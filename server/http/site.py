"""The built client: its files, and ``index.html`` for every address that the client's own router knows.

The folder is listed, and only what was listed is served: an address is looked up, never turned into a path, so that
none can lead out of the folder.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from anyio import to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route, Router

from server.http.frames import FRAMES, SHARED

FOREVER = "public, max-age=31536000, immutable"
"""For ``/assets``: the build puts a hash of the content into each name."""
ASK_FIRST = "no-cache"
"""Kept, but asked for again with its ETag each time: a new version is seen at once."""
NOT_FOR_THE_CLIENT = ("api", "ws", "assets", "frames", "healthz", "readyz", "metrics")
"""First parts of addresses that are never a page of the client."""
PACKED = {"br": ".br", "gzip": ".gz"}
"""Content codings, the smallest first, and what the names of files end with that the build has packed by them."""

NOT_BUILT = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Parley: the client is not built</title>
<h1>The client is not built</h1>
<p>The server runs, but the pages that a browser needs are missing. Build them and reload:</p>
<pre>./scripts/serve</pre>
<p>or, with Node 20.19 or newer:</p>
<pre>cd client
npm ci
npm run build</pre>
<h1 lang="zh">客户端尚未构建</h1>
<p lang="zh">服务器正在运行，但缺少浏览器所需的页面。请执行上面的命令，然后刷新本页。</p>
</html>
"""


_BUILD = re.compile(r'<meta name="parley-client" content="([0-9a-f]+)"')

_KINDS = {
    ".css": "text/css",
    ".html": "text/html",
    ".ico": "image/x-icon",
    ".js": "text/javascript",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
    ".webmanifest": "application/manifest+json",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}
"""What a client's build holds. Python's own table depends on the machine, and a script of the wrong kind is not run."""


@dataclass(frozen=True, slots=True)
class File:
    plain: bytes
    packed: dict[str, bytes]
    """By content coding, the smallest first; what is small, or packed by itself, has none."""
    kind: str
    etag: str


def built_client(folder: Path) -> str | None:
    """The build's own name for itself, a hash of all that is in it; None where nothing is built."""
    try:
        found = _BUILD.search((folder / "index.html").read_text(encoding="utf-8"))
    except OSError:
        return None
    return found[1] if found else None


def site_routes(folder: Path) -> list[BaseRoute]:
    """To be put last: it answers whatever no other route does. Addresses under ``/api`` get no page."""
    site = _Site(folder)
    site.look()
    return [
        Mount("/api", app=Router()),
        Route("/{path:path}", site.serve, methods=["GET"]),
    ]


class _Site:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._built: int | None = None
        self._names: frozenset[str] = frozenset()
        self._files: dict[str, File] = {}

    async def serve(self, request: Request) -> Response:
        name: str = request.path_params["path"]
        if name not in self._names:
            first, _, _ = name.partition("/")
            if first in NOT_FOR_THE_CLIENT or "." in name.rpartition("/")[2]:
                raise HTTPException(404)
            name = "index.html"
        if name == "index.html":
            self.look()
        if self._built is None:
            return HTMLResponse(NOT_BUILT, 503, {"cache-control": "no-store"})
        if name not in self._files:
            self._files[name] = await to_thread.run_sync(_load, self._folder / name)
        return _answer(request, self._files[name], _headers(name))

    def look(self) -> None:
        """Lists the folder anew when the client was built since: that always rewrites its index."""
        index = self._folder / "index.html"
        built = index.stat().st_mtime_ns if index.is_file() else None
        if built != self._built:
            found = (path for path in self._folder.rglob("*") if path.is_file() and path.suffix not in PACKED.values())
            self._names = frozenset(path.relative_to(self._folder).as_posix() for path in found)
            self._files.clear()
            self._built = built


def _load(path: Path) -> File:
    plain = path.read_bytes()
    kind = _KINDS.get(path.suffix) or "application/octet-stream"
    beside = {coding: path.with_name(path.name + ending) for coding, ending in PACKED.items()}
    packed = {coding: other.read_bytes() for coding, other in beside.items() if other.is_file()}
    return File(plain, packed, kind, f'W/"{hashlib.sha256(plain).hexdigest()[:32]}"')


def _headers(name: str) -> dict[str, str]:
    if name.startswith("assets/"):
        return {"cache-control": FOREVER, **SHARED}
    return {"cache-control": ASK_FIRST, **FRAMES.get(name, {})}


def _answer(request: Request, file: File, headers: dict[str, str]) -> Response:
    headers = {"etag": file.etag, "vary": "accept-encoding", **headers}
    known = [etag.strip() for etag in request.headers.get("if-none-match", "").split(",")]
    if file.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    taken = _codings(request.headers.get("accept-encoding", ""))
    for coding, packed in file.packed.items():
        if coding in taken:
            return Response(packed, headers={**headers, "content-encoding": coding}, media_type=file.kind)
    return Response(file.plain, headers=headers, media_type=file.kind)


def _codings(accepted: str) -> set[str]:
    """Those that may be used; ``gzip;q=0`` is a no."""
    taken = set()
    for part in accepted.lower().split(","):
        coding, _, quality = part.replace(" ", "").partition(";q=")
        if not quality or quality.strip("0."):
            taken.add(coding)
    return taken
