"""One process that serves: checks that it may, listens, and says where."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from server import data_folder, db, migrations
from server.app import create_app
from server.errors import StartupError
from server.gateway.transport import SocketProtocol
from server.settings import Settings

SEND_BUFFER_BYTES = 128 << 10
"""Of the kernel, per connection; inherited from the listener. Left alone it grows to megabytes for a peer that does not
read, and hides for as long whether that peer takes anything. 128 KiB in a round trip of 100 ms are 1.3 MB/s."""
SHUTDOWN_SECONDS = 2
"""How long a reader that has stalled may hold up the end."""


def serve(settings: Settings, *, migrate_first: bool = False) -> None:
    with data_folder.held(settings), listen(settings) as listener:
        with db.engine_for(settings) as engine:
            if migrate_first:
                migrations.upgrade(engine)
            migrations.check(engine)
        server = _Server(configuration(settings), settings.public_url or address(listener))
        server.run(sockets=[listener])


def configuration(settings: Settings) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        ws=SocketProtocol,
        ws_max_size=settings.frame_bytes,
        ws_per_message_deflate=False,  # it doubles the memory of an idle socket, and costs CPU for every token
        proxy_headers=True,
        forwarded_allow_ips=settings.trusted_proxies,
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_SECONDS,
    )


class _Server(uvicorn.Server):
    """Says on standard output where it is, once it really is there."""

    def __init__(self, config: uvicorn.Config, address: str) -> None:
        super().__init__(config)
        self._address = address

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            print(f"Parley is at {self._address}", flush=True)  # noqa: T201 -- for whoever started it


@contextmanager
def listen(settings: Settings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
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
