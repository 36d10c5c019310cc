"""One process that serves: checks that it may, listens, and says where. `server.fleet` has several of them."""

from __future__ import annotations

import asyncio
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from types import FrameType
from typing import Any

import uvicorn
from starlette.applications import Starlette

from server import data_folder, db, migrations, open_files
from server.app import create_app
from server.errors import StartupError
from server.gateway.transport import SocketProtocol
from server.http.transport import Crowd, HttpProtocol
from server.operations.upgrade import upgrade
from server.realtime import redis_service
from server.settings import Settings
from server.workers import alone

SEND_BUFFER_BYTES = 128 << 10
"""Of the kernel, per connection; inherited from the listener. Left alone it grows to megabytes for a peer that does not
read, and hides for as long whether that peer takes anything. 128 KiB in a round trip of 100 ms are 1.3 MB/s."""
BACKLOG = 2048
UNTAKEN_SECONDS = 30
"""After so long without any of it taken, the kernel drops what it has for a peer, and the connection. Nobody else looks
after connections that are being closed. Inherited from the listener; Linux alone knows it."""
SHUTDOWN_SECONDS = 2
"""How long a reader that has stalled may hold up the end."""


def serve(settings: Settings, *, migrate_first: bool = False) -> None:
    with data_folder.held(settings), listen(settings) as listener:
        prepare(settings, migrate_first=migrate_first)
        say_where = settings.public_url or address(listener)
        run(settings, listener, started=lambda: announce(say_where))


def prepare(settings: Settings, *, migrate_first: bool) -> None:
    """Database and Redis, before anybody serves. Raises StartupError."""
    if migrate_first:
        upgrade(settings)
    with db.engine_for(settings) as engine:
        migrations.check(engine)
        if settings.redis_url is None:
            alone.ensure(engine)
    if settings.redis_url is not None:
        redis_service.ensure_admitted(settings.redis_url.get_secret_value())


def run(settings: Settings, listener: socket.socket, started: Callable[[], None]) -> None:
    settings = open_files.make_room(settings)
    app = create_app(settings)
    server = _Server(app, configuration(app, settings), started)
    server.run(sockets=[listener])
    if server.broken:
        raise SystemExit(1)


def announce(where: str) -> None:
    """On standard output, for whoever started it."""
    print(f"Parley is at {where}", flush=True)  # noqa: T201


def configuration(app: Starlette, settings: Settings) -> uvicorn.Config:
    http: Any = partial(HttpProtocol, crowd=Crowd())  # uvicorn wants a class, and only calls it
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        http=http,
        ws=SocketProtocol,
        ws_max_size=settings.frame_bytes,
        ws_ping_interval=settings.ping_seconds,
        ws_ping_timeout=settings.ping_seconds,
        ws_per_message_deflate=False,  # it doubles the memory of an idle socket, and costs CPU for every token
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        server_header=False,
        backlog=BACKLOG,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


class _Server(uvicorn.Server):
    """Says when it really is there. Ctrl+C, or asking twice, does not wait for live answers."""

    def __init__(self, app: Starlette, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._app = app
        self._started = started
        self._loop: asyncio.AbstractEventLoop

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self.started:
            self._started()

    @property
    def broken(self) -> bool:
        """Whether the lifespan, which holds all that goes on in the background, has ended before its time."""
        return bool(self.lifespan.error_occurred)

    async def on_tick(self, counter: int) -> bool:
        """Ten times a second; True ends the server. Without what goes on in the background it would only seem to be
        there: its sockets go elsewhere, and whoever looks after it starts another."""
        return self.broken or await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Uvicorn's own leaves without the lifespan's end when it is asked twice, and never with status 0."""
        if sig == signal.SIGINT or self.should_exit:
            self._loop.call_soon_threadsafe(self._app.state.hurry)
        self.should_exit = True


@contextmanager
def listen(settings: Settings, *, shared: bool = False) -> Iterator[socket.socket]:
    """``shared``: each of several processes has a listener of its own on the port, and the kernel deals out."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    if shared:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if sys.platform == "linux":
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, UNTAKEN_SECONDS * 1000)
    try:
        listener.bind((settings.host, settings.port))
    except OSError as error:
        listener.close()
        where = f"{settings.host}:{settings.port}"
        raise StartupError(
            f"{where} cannot be used ({error.strerror}); choose another by --port or PARLEY_PORT."
        ) from None
    with listener:
        yield listener


def address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104 -- what it says, not what it does
        host = "localhost"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
