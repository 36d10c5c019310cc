"""One `parley serve` of a house, behind the proxy: it can be killed, frozen, ended and started again."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path
from urllib.parse import urlsplit

from anyio import to_thread

from tests.chaos.proxy import Proxy
from tests.fixtures.server import ServerProcess

STARTS = 30


class Process:
    """``lock`` is held by whoever does something to it: one fault at a time."""

    def __init__(self, name: str, folder: Path, proxy: Proxy, environment: dict[str, str]) -> None:
        self.name = name
        self.lock = asyncio.Lock()
        self.pid = 0
        self.folder = folder
        self._proxy = proxy
        self._server = ServerProcess(folder, **environment)
        self._port = 0

    async def start(self) -> None:
        """Again and again, as whatever looks after services does: the database may be away."""
        for left in reversed(range(STARTS)):
            try:
                await to_thread.run_sync(self._server.start)
                break
            except AssertionError:
                await self.kill()
                if left == 0:
                    raise
                await asyncio.sleep(1)
        self.pid = self._server.pid
        port = urlsplit(self._server.url).port
        assert port is not None
        self._port = port
        self._proxy.ports.append(port)

    async def kill(self) -> None:
        self._gone()
        await to_thread.run_sync(self._server.kill)

    async def end(self) -> int:
        """SIGTERM. Returns the exit status, once it has ended."""
        self._gone()
        self._server.send_signal(signal.SIGTERM)
        return await to_thread.run_sync(self._server.wait)

    def send_signal(self, which: signal.Signals) -> None:
        self._server.send_signal(which)

    def freeze(self) -> None:
        self._server.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._server.send_signal(signal.SIGCONT)

    def _gone(self) -> None:
        if self._port in self._proxy.ports:
            self._proxy.ports.remove(self._port)
