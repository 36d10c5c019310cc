"""One part of a live answer as blocks, rendered once per worker however many tabs look."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from time import monotonic, perf_counter

import structlog
from anyio import to_thread

from server.markdown import BlockStream
from server.protocol.codes import Part
from server.protocol.events import TurnDelta

log = structlog.get_logger(__name__)

Blocks = tuple[str, ...]

ANSWER_SHARE = 0.1
"""Of the event loop's time that one answer's rendering may take."""
WORKER_SHARE = 0.4
"""The same for all answers together."""
THREAD_CHARS = 4_000
"""An open block larger than this is rendered off the loop, which would stand still for some 5 ms."""


class Pace:
    """When renders of this worker may begin, by what those before them cost."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self.now = now
        self._free = 0.0

    def after(self, cost: float) -> float:
        """The moment for the next render of an answer whose last one took ``cost`` seconds until now."""
        now = self.now()
        self._free = max(self._free, now) + cost / WORKER_SHARE
        return max(self._free, now + cost * (1 / ANSWER_SHARE - 1))


@dataclass(frozen=True, slots=True)
class Drawn:
    """A text as blocks, ready to grow."""

    stream: BlockStream
    blocks: Blocks
    chars: int


class Rendering:
    """``blocks`` show the text up to log entry ``offset``."""

    def __init__(
        self, turn: str, part: Part, drawn: Drawn, offset: int, *, changed: Callable[[], None], pace: Pace
    ) -> None:
        """``drawn`` is the text up to entry ``offset``; ``changed`` is called when there are other blocks."""
        self.turn = turn
        self.part = part
        self.blocks = drawn.blocks
        self.offset = offset
        self.failed = False
        """Nothing more comes of it: its text cannot be rendered, or is not known."""
        self._stream = drawn.stream
        self.chars = drawn.chars
        """Of the text that was fed."""
        self._changed = changed
        self._pace = pace
        self._waiting: list[str] = []
        self._waiting_offset = offset
        self._not_before = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._task: asyncio.Task[None] | None = None
        self._closed = False

    @property
    def behind(self) -> bool:
        """Whether there is text that ``blocks`` do not show yet."""
        return bool(self._waiting) or self._task is not None

    def feed(self, delta: TurnDelta) -> None:
        """Appends what is new of a delta. Where something is missing before it, nothing right can be shown."""
        if delta.offset <= self._waiting_offset or self.failed:
            return
        if delta.from_ > self.chars:
            self._fail()
            return
        new = delta.text[self.chars - delta.from_ :]
        self.chars += len(new)
        self._waiting.append(new)
        self._waiting_offset = delta.offset
        if self._timer is None and self._task is None and not self._closed:
            self._schedule()

    async def settle(self) -> Blocks | None:
        """The blocks of all that was fed, rendered now if they are not yet; None if they cannot be."""
        self.close()
        while self.behind and not self.failed:
            if self._task is None:
                self._start()
            if self._task is not None:
                await asyncio.shield(self._task)
        return None if self.failed else self.blocks

    def close(self) -> None:
        """No render begins by itself any more."""
        self._closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _schedule(self) -> None:
        delay = self._not_before - self._pace.now()
        if delay > 0:
            self._timer = asyncio.get_running_loop().call_later(delay, self._start)
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
        if self._waiting and not self._closed:
            self._schedule()

    def _fail(self) -> None:
        self.failed = True
        self.close()
        self._changed()

    def _work(self, text: str) -> tuple[Blocks, float] | None:
        start = perf_counter()
        try:
            self._stream.feed(text)
            return self._stream.render(), perf_counter() - start
        except Exception:
            log.exception("rendering.failed", turn=self.turn, part=self.part)
            return None

    def _show(self, rendered: tuple[Blocks, float] | None, offset: int) -> None:
        if rendered is None:
            self._fail()
            return
        self.blocks, cost = rendered
        self.offset = offset
        self._not_before = self._pace.after(cost)
        self._changed()
