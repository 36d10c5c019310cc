"""What stands between the tabs and the workers: deals connections out in turn, and does what networks do."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from time import monotonic

CHUNK = 16 << 10
BUFFER = 16 << 10
"""Bytes that one direction of a line may hold back, so that a peer that does not read is felt on the other side."""
CONNECT_SECONDS = 2.0
RESET = struct.pack("ii", 1, 0)
"""SO_LINGER for no time: closing is a reset."""


class Way(Enum):
    UP = "to the worker"
    DOWN = "to the tab"


@dataclass(eq=False)
class Line:
    """One connection. What is done to one way of it does nothing to the other."""

    tab: asyncio.StreamWriter
    worker: asyncio.StreamWriter
    port: int
    """The worker's."""
    _left: dict[Way, int] = field(default_factory=dict)
    """Bytes until the line is cut."""
    deaf: set[Way] = field(default_factory=set)
    """Ways on which nothing gets through. Of such a line neither side learns that the other has gone."""
    _pace: dict[Way, float] = field(default_factory=dict)
    """Seconds that each chunk takes."""
    _flows: dict[Way, asyncio.Event] = field(default_factory=lambda: {way: _set_event() for way in Way})
    _politely: bool = False

    def cut_after(self, way: Way, count: int, *, politely: bool) -> None:
        """After so many bytes more, wherever in a frame that is; ``politely`` with FIN, else with RST."""
        self._left[way], self._politely = count, politely

    def swallow(self, way: Way) -> None:
        """From now on nothing gets through, and nobody is told."""
        self.deaf.add(way)

    def slow_down(self, way: Way, seconds: float) -> None:
        self._pace[way] = seconds

    def stall(self, way: Way) -> None:
        """Nothing is taken any more, until `go_on`."""
        self._flows[way].clear()

    def go_on(self) -> None:
        self._pace.clear()
        for flow in self._flows.values():
            flow.set()

    def cut(self, *, politely: bool = False) -> None:
        for writer in (self.tab, self.worker):
            if not politely:
                with suppress(OSError, AttributeError):
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                writer.transport.abort()
            else:
                writer.close()

    async def pump(self, reader: asyncio.StreamReader, way: Way) -> None:
        writer = self.worker if way is Way.UP else self.tab
        while True:
            await self._flows[way].wait()
            data = await reader.read(CHUNK if way not in self._pace else CHUNK // 16)
            await self._flows[way].wait()
            if not data:
                return
            if way in self.deaf:
                continue
            if (left := self._left.get(way)) is not None:
                self._left[way] = left - len(data)
                data = data[:left]
            writer.write(data)
            await writer.drain()
            if self._left.get(way, 1) <= 0:
                self.cut(politely=self._politely)
                return
            if way in self._pace:
                await asyncio.sleep(self._pace[way])


class Proxy:
    """``ports`` are those of the workers that are said to be there; whoever refuses is passed over."""

    def __init__(self, seed: int) -> None:
        self.ports: list[int] = []
        self.lines: set[Line] = set()
        self.url = ""
        self.freed = 0.0
        """Seconds, at most, that one side of a dead line held on to it after the other had let go."""
        self._random = Random(f"proxy {seed}")
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[Proxy]:
        server = await asyncio.start_server(self._connected, "127.0.0.1", 0, limit=CHUNK)
        self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def some(self, share: float) -> list[Line]:
        """Lines chosen at random, at least one if there is any."""
        lines = sorted(self.lines, key=lambda line: line.tab.get_extra_info("peername") or ())
        return self._random.sample(lines, k=max(min(1, len(lines)), int(len(lines) * share)))

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self._tasks.discard(task)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        found = await self._reach()
        if found is None:
            writer.transport.abort()
            return
        port, up_reader, up_writer = found
        for one in (writer, up_writer):
            one.transport.set_write_buffer_limits(high=BUFFER)
        line = Line(writer, up_writer, port)
        self.lines.add(line)
        pumps = [
            asyncio.create_task(line.pump(reader, Way.UP)),
            asyncio.create_task(line.pump(up_reader, Way.DOWN)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if line.deaf:
                line.deaf.update(Way)
                began = monotonic()
                await asyncio.wait(pumps)
                self.freed = max(self.freed, monotonic() - began)
        finally:
            self.lines.discard(line)
            for pump in pumps:
                pump.cancel()
            broken = [isinstance(end, Exception) for end in await asyncio.gather(*pumps, return_exceptions=True)]
            line.cut(politely=not any(broken))

    async def _reach(self) -> tuple[int, asyncio.StreamReader, asyncio.StreamWriter] | None:
        for port in self._random.sample(self.ports, k=len(self.ports)):
            with suppress(OSError, TimeoutError):
                async with asyncio.timeout(CONNECT_SECONDS):
                    return port, *await asyncio.open_connection("127.0.0.1", port, limit=CHUNK)
        return None


def _set_event() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event
