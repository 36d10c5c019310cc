"""One part of a live answer as blocks, rendered once per worker however many tabs look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from time import perf_counter

from anyio import to_thread

from server.markdown import BlockStream
from server.protocol.codes import Part

Blocks = tuple[str, ...]

LOOP_SHARE = 0.1
"""Of the event loop's time that one answer's rendering may take."""
THREAD_CHARS = 4_000
"""An open block larger than this is rendered off the loop, which would stand still for some 5 ms."""


class Rendering:
    """``blocks`` show the text up to log entry ``offset``. Renders are paced by what the last one cost."""

    def __init__(
        self, turn: str, part: Part, stream: BlockStream, blocks: Blocks, offset: int, changed: Callable[[], None]
    ) -> None:
        """``stream`` holds the text up to entry ``offset``, and ``blocks`` are what it renders to."""
        self.turn = turn
        self.part = part
        self.blocks = blocks
        self.offset = offset
        self._stream = stream
        self._changed = changed
        self._waiting: list[str] = []
        self._waiting_offset = offset
        self._not_before = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None

    def feed(self, text: str, offset: int) -> None:
        """Appends what log entry ``offset`` says, unless that is in already."""
        if offset <= self._waiting_offset:
            return
        self._waiting.append(text)
        self._waiting_offset = offset
        if self._timer is None and self._task is None:
            self._schedule()

    async def settle(self) -> Blocks:
        """The blocks of all that was fed, rendered now if they are not yet."""
        self.close()
        while self._waiting or self._task:
            if self._task is None:
                self._start()
            if self._task is not None:
                await asyncio.shield(self._task)
        return self.blocks

    def close(self) -> None:
        """No render begins by itself any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        loop = asyncio.get_running_loop()
        delay = self._not_before - loop.time()
        if delay > 0:
            self._timer = loop.call_later(delay, self._start)
        else:
            self._start()

    def _start(self) -> None:
        self._timer = None
        text, offset = "".join(self._waiting), self._waiting_offset
        self._waiting.clear()
        if self._stream.tail_chars + len(text) <= THREAD_CHARS:
            self._show(self._work(text), offset)
        else:
            self._task = asyncio.get_running_loop().create_task(self._aside(text, offset), name=f"render {self.turn}")

    async def _aside(self, text: str, offset: int) -> None:
        try:
            rendered = await to_thread.run_sync(partial(self._work, text))
        finally:
            self._task = None
        self._show(rendered, offset)
        if self._waiting:
            self._schedule()

    def _work(self, text: str) -> tuple[Blocks, float]:
        start = perf_counter()
        self._stream.feed(text)
        return self._stream.render(), perf_counter() - start

    def _show(self, rendered: tuple[Blocks, float], offset: int) -> None:
        self.blocks, cost = rendered
        self.offset = offset
        self._not_before = asyncio.get_running_loop().time() + cost * (1 / LOOP_SHARE - 1)
        self._changed()
