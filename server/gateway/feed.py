"""What this worker shows of one log, shared by all of its connections that follow it.

Entries become visible in order. Those that carry messages first get their HTML; deltas are folded into renderings
while somebody wants blocks. `Following` (one per connection) reads what is visible at its own pace.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import takewhile

import structlog

from server.gateway.html import Live, Renderer, draw
from server.gateway.pages import newest_that_fit
from server.gateway.rendering import Drawn, Pace, Rendering
from server.protocol import codec
from server.protocol.events import (
    Event,
    MessageCreated,
    MessageUpdated,
    PathSelected,
    TurnDelta,
    TurnFinished,
    TurnStarted,
)
from server.protocol.objects import Message
from server.realtime.event_log import EventLog
from server.realtime.tail import Log, Position, Tail
from server.transcript.standing import texts

log = structlog.get_logger(__name__)

ENCODED = 256
"""Encoded entries that are kept: followers read much the same ones at much the same time."""


class Feed:
    def __init__(self, log: Log, renderer: Renderer, pace: Pace) -> None:
        self.log = log
        self.ready = 0
        """Entries up to this offset are visible."""
        self.tail: Tail
        self._renderer = renderer
        self._pace = pace
        self._wakes: dict[Callable[[], None], bool] = {}
        self._renderings: dict[Live, Rendering] = {}
        self._preparing: asyncio.Task[None] | None = None
        self._encoded: dict[int, str] = {}

    async def begin(self, event_log: EventLog) -> None:
        """Prepares the whole window: whoever comes back wants what was missed."""
        self.tail = await event_log.follow(self.log, self.advance)
        self.ready = self.tail.first - 1
        self.advance()

    def end(self, event_log: EventLog) -> None:
        event_log.unfollow(self.log, self.advance)
        self._close_renderings()
        if self._preparing is not None:
            self._preparing.cancel()

    @property
    def idle(self) -> bool:
        return not self._wakes

    @property
    def position(self) -> Position:
        return self.tail.position

    def join(self, wake: Callable[[], None], *, html: bool) -> None:
        self._wakes[wake] = html

    def leave(self, wake: Callable[[], None]) -> None:
        self._wakes.pop(wake, None)
        if not self._wants_blocks:
            self._close_renderings()

    def advance(self) -> None:
        """Makes visible what has come, up to an entry that has to be prepared first."""
        if self._preparing is not None:
            return
        for event in self.tail.after(max(self.ready, self.tail.first - 1)):
            if isinstance(event, TurnDelta):
                if rendering := self._renderings.get((event.turn, event.part)):
                    rendering.feed(event)
            elif messages := _messages(event):
                self._preparing = asyncio.get_running_loop().create_task(
                    self._prepare(event, messages), name=f"prepare {self.log} {event.offset}"
                )
                break
            self.ready = event.offset
        self._wake()

    def rendering(self, live: Live) -> Rendering | None:
        rendering = self._renderings.get(live)
        return None if rendering is None or rendering.failed else rendering

    def render(self, live: Live, drawn: Drawn, offset: int) -> None:
        """While somebody wants them there are blocks of this part, on from ``drawn``, its text up to entry ``offset``.

        The newest stay: entries of the past may still be on their way to visibility.
        """
        held = self.rendering(live)
        if not self._wants_blocks or (held is not None and held.offset >= offset):
            return
        if held is not None:
            held.close()
        rendering = self._renderings[live] = Rendering(*live, drawn, offset, changed=self._wake, pace=self._pace)
        missed = self.tail.after(max(offset, self.tail.first - 1))
        for event in takewhile(lambda event: event.offset <= self.ready, missed):
            if isinstance(event, TurnDelta) and (event.turn, event.part) == live:
                rendering.feed(event)

    def encoded(self, event: Event) -> str:
        frame = self._encoded.get(event.offset)
        if frame is None:
            if len(self._encoded) >= ENCODED:
                self._encoded.clear()
            frame = self._encoded[event.offset] = codec.encode(event)
        return frame

    async def _prepare(self, event: Event, messages: list[Message]) -> None:
        try:
            if isinstance(event, TurnFinished):
                await self._settle(event.message)
            await self._renderer.fill(messages)
            if isinstance(event, PathSelected):
                event.messages, _ = newest_that_fit(messages, None)
            if isinstance(event, TurnStarted):
                await self._begin_run(event)
        except Exception:  # one entry must not hold up all that follow it
            log.exception("feed.not_prepared", log=str(self.log), offset=event.offset)
        finally:
            self._preparing = None
        self.ready = event.offset
        self.advance()

    async def _begin_run(self, event: TurnStarted) -> None:
        """The renderings of earlier runs end."""
        for live, rendering in list(self._renderings.items()):
            if rendering.offset < event.offset:
                rendering.close()
                del self._renderings[live]
        if self._wants_blocks:
            for live, drawn in (await draw(event.message)).items():
                self.render(live, drawn, event.offset)

    async def _settle(self, message: Message) -> None:
        """The last render of an answer, which is its HTML."""
        for part, text in texts(message).items():
            rendering = self.rendering((message.id, part))
            if rendering is None or (blocks := await rendering.settle()) is None:
                continue
            if rendering.chars == len(text):  # else words are stored that the log lacks
                self._renderer.keep(message.id, part, text, blocks)

    @property
    def _wants_blocks(self) -> bool:
        return any(self._wakes.values())

    def _wake(self) -> None:
        for wake in self._wakes:
            wake()

    def _close_renderings(self) -> None:
        for rendering in self._renderings.values():
            rendering.close()
        self._renderings.clear()


class Feeds:
    """The feeds of this worker, each while somebody follows it."""

    def __init__(self, event_log: EventLog, renderer: Renderer) -> None:
        self._event_log = event_log
        self._renderer = renderer
        self._pace = Pace()
        self._feeds: dict[Log, Feed] = {}
        self._lock = asyncio.Lock()

    async def join(self, log: Log, wake: Callable[[], None], *, html: bool) -> Feed:
        async with self._lock:
            feed = self._feeds.get(log)
            if feed is None or feed.tail.lost:
                feed = Feed(log, self._renderer, self._pace)
                try:
                    await feed.begin(self._event_log)
                except BaseException:
                    feed.end(self._event_log)
                    raise
                self._feeds[log] = feed
            feed.join(wake, html=html)
            return feed

    def leave(self, feed: Feed, wake: Callable[[], None]) -> None:
        feed.leave(wake)
        if not feed.idle:
            return
        feed.end(self._event_log)
        if self._feeds.get(feed.log) is feed:  # else its log has begun anew, with another feed
            del self._feeds[feed.log]


def _messages(event: Event) -> list[Message]:
    match event:
        case MessageCreated() | MessageUpdated() | TurnStarted() | TurnFinished():
            return [event.message]
        case PathSelected():
            return event.messages
        case _:
            return []
