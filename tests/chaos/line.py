"""One socket of a tab, strict about what comes on it: each request is answered once, and in order."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic
from typing import Any, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake

from tests.fixtures.client import Frame, Refused

OPEN_SECONDS = 6.0
"""For a handshake and a `hello`; a worker that is frozen gives neither."""
SLOW = ("title",)
"""What may be answered out of order."""


class LineLost(Exception):
    """``code``: with which it was closed."""

    def __init__(self, code: int | None) -> None:
        super().__init__(f"the line was lost ({code})")
        self.code = code


@dataclass
class Asked:
    """A command on its way. ``note`` is what the sender needs to know when the reply comes."""

    type: str
    fields: Frame
    reply: asyncio.Future[Frame]
    note: Any = None


class Line:
    """``take`` is given each frame in order, and for a reply what was asked; what it raises ends the line."""

    def __init__(self, socket: ClientConnection, take: Callable[[Frame, Asked | None], None]) -> None:
        self.hello: Frame = {}
        self.last: deque[Frame] = deque(maxlen=12)
        self.broken: Exception | None = None
        """What was wrong with what came, if that is why it ended."""
        self.opened_at = monotonic()
        self.ended = asyncio.Event()
        self._socket = socket
        self._take = take
        self._ids = itertools.count(1)
        self._asked: dict[str, Asked] = {}
        self._heard = monotonic()
        self._greeted = asyncio.Event()
        self._tasks = [asyncio.create_task(self._read())]

    @classmethod
    async def open(cls, url: str, token: str, take: Callable[[Frame, Asked | None], None]) -> Self:
        """Raises LineLost."""
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                socket = await connect(
                    url.replace("http", "ws", 1) + "/ws",
                    additional_headers={"Authorization": f"Bearer {token}"},
                    proxy=None,
                    max_size=None,
                    ping_interval=None,
                    close_timeout=0.5,
                    open_timeout=None,
                    compression=None,
                )
        except (OSError, TimeoutError, InvalidHandshake, ConnectionClosed, EOFError) as error:
            raise LineLost(None) from error
        line = cls(socket, take)
        try:
            async with asyncio.timeout(OPEN_SECONDS):
                await line._greeted.wait()
        except TimeoutError:
            await line.drop()
            raise LineLost(None) from None
        except asyncio.CancelledError:
            await line.drop()
            raise
        if not line.hello:
            raise line.loss
        line._tasks.append(asyncio.create_task(line._watch(line.hello["heartbeat"])))
        return line

    @property
    def loss(self) -> LineLost:
        return LineLost(self._socket.close_code)

    async def ask(self, type_: str, *, note: Any = None, **fields: Any) -> Frame:
        """Raises Refused for an error, LineLost when there is no answer."""
        return await self.post(type_, note=note, **fields)

    def post(self, type_: str, *, note: Any = None, **fields: Any) -> asyncio.Future[Frame]:
        """Takes its place behind what was asked before, at once."""
        reply: asyncio.Future[Frame] = asyncio.get_running_loop().create_future()
        if self.ended.is_set():
            reply.set_exception(self.loss)
            return reply
        request = f"r{next(self._ids)}"
        self._asked[request] = Asked(type_, fields, reply, note)
        writing = asyncio.create_task(self._write(json.dumps({"type": type_, "id": request, **fields})))
        self._tasks.append(writing)
        writing.add_done_callback(self._tasks.remove)
        return reply

    def abort(self) -> None:
        self._socket.transport.abort()

    async def drop(self) -> None:
        """Without a word."""
        self.abort()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._end()

    async def _write(self, text: str) -> None:
        with suppress(ConnectionClosed):
            await self._socket.send(text)

    async def _read(self) -> None:
        try:
            async for text in self._socket:
                self._heard = monotonic()
                frame = json.loads(text)
                self.last.append(frame)
                self._receive(frame)
        except ConnectionClosed:
            pass
        except Exception as error:  # noqa: BLE001 -- whoever holds the line says what was wrong with it
            self.broken = error
            self.abort()
        finally:
            self._end()

    def _receive(self, frame: Frame) -> None:
        asked = None
        if frame["type"] in ("reply", "error"):
            asked = self._asked.pop(frame["id"], None)
            assert asked is not None, "an answer to nothing, or a second one"
            if asked.type not in SLOW:
                earlier = [one.type for number, one in self._asked.items() if int(number[1:]) < int(frame["id"][1:])]
                assert set(earlier) <= set(SLOW), f"{asked.type} was answered before {earlier}"
        self._take(frame, asked)
        if asked is not None and not asked.reply.done():
            if frame["type"] == "reply":
                asked.reply.set_result(frame["data"])
            else:
                asked.reply.set_exception(Refused(frame))
                asked.reply.exception()  # whoever asked may have gone
        if frame["type"] == "hello":
            self.hello = frame
            self._greeted.set()

    async def _watch(self, heartbeat: float) -> None:
        """Silence for two heartbeats after a ping, and the line is gone."""
        while not self.ended.is_set():
            await asyncio.sleep(heartbeat)
            if monotonic() - self._heard < heartbeat:
                continue
            pinged = monotonic()
            self.post("ping").add_done_callback(_seen)
            while self._heard < pinged:
                await asyncio.sleep(heartbeat / 4)
                if monotonic() - pinged > 2 * heartbeat:
                    self.abort()
                    return

    def _end(self) -> None:
        self.ended.set()
        self._greeted.set()
        for asked in self._asked.values():
            if not asked.reply.done():
                asked.reply.set_exception(self.loss)
                asked.reply.exception()
        self._asked.clear()


def _seen(reply: asyncio.Future[Frame]) -> None:
    if not reply.cancelled():
        reply.exception()
