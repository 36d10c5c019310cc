"""All that leaves one socket, and the only task that writes to it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager

import msgspec

from server.gateway.feed import Feeds
from server.gateway.following import Following
from server.protocol import codec
from server.protocol.events import ConversationDeleted, Event, Reset
from server.realtime.tail import Log

REPLIES = 64
"""Replies that may wait; a client that does not read them is not read from either."""
REPLY_CHARS = 256 << 10
"""Of them together, the last one excepted: a snapshot is as large as that alone."""


class SocketGone(Exception):
    """The socket takes nothing more."""


class Outbox:
    """Replies leave first, then what the followed logs hold, a frame of each in turn.

    While a command is carried out events are held back: a reply comes before the events that its command causes.
    """

    def __init__(self, feeds: Feeds, send: Callable[[str], Awaitable[None]]) -> None:
        self._feeds = feeds
        self._send = send
        self._replies: deque[str] = deque()
        self._reply_chars = 0
        self._lost: deque[str] = deque()
        self._followings: dict[Log, Following] = {}
        self._holds = 0
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._closed = False

    def reply(self, frame: msgspec.Struct) -> None:
        if self._closed:
            return
        encoded = codec.encode(frame)
        self._replies.append(encoded)
        self._reply_chars += len(encoded)
        if len(self._replies) >= REPLIES or self._reply_chars >= REPLY_CHARS:
            self._room.clear()
        self._work.set()

    async def room(self) -> None:
        """Waits until another command may be answered."""
        await self._room.wait()

    @contextmanager
    def holding(self) -> Iterator[None]:
        self._holds += 1
        try:
            yield
        finally:
            self._holds -= 1
            self._work.set()

    def wake(self) -> None:
        self._work.set()

    def following(self, log: Log) -> Following | None:
        following = self._followings.get(log)
        return None if following is None or following.lost else following

    def follow(self, following: Following) -> None:
        """In place of an earlier following of the same log: nothing more comes of that."""
        self.leave(following.feed.log)
        if self._closed:
            self._feeds.leave(following.feed, following.wake)
            return
        self._followings[following.feed.log] = following
        self._work.set()

    def leave(self, log: Log) -> None:
        if following := self._followings.pop(log, None):
            self._feeds.leave(following.feed, following.wake)

    def lose(self, conversation: str) -> None:
        """The client is told to open this conversation anew, after the replies that wait."""
        self._lost.append(conversation)
        self._work.set()

    def close(self) -> None:
        """Nothing leaves any more. What is still to be answered or followed is dropped."""
        self._closed = True
        self._replies.clear()
        self._lost.clear()
        self._room.set()
        for log in list(self._followings):
            self.leave(log)

    async def run(self) -> None:
        """Until the socket takes nothing more. Commands that it still brought take effect all the same."""
        try:
            while True:
                await self._work.wait()
                self._work.clear()
                while (frame := self._next()) is not None:
                    await self._send(frame)
        except SocketGone:
            self.close()

    def _next(self) -> str | None:
        if self._replies:
            frame = self._replies.popleft()
            self._reply_chars -= len(frame)
            if len(self._replies) < REPLIES // 2 and self._reply_chars < REPLY_CHARS // 2:
                self._room.set()
            return frame
        if self._holds:
            return None
        if self._lost:
            return codec.encode(Reset(conversation=self._lost.popleft()))
        for log, following in list(self._followings.items()):
            next_frame = following.next(self._passed)
            if following.lost:
                self.leave(log)
            if next_frame is not None:
                if log in self._followings:  # to the end: the others have their turn
                    self._followings[log] = self._followings.pop(log)
                return next_frame
        return None

    def _passed(self, event: Event) -> None:
        """After a conversation's end nothing of it follows."""
        if isinstance(event, ConversationDeleted):
            for log in [log for log in self._followings if log.conversation == event.conversation]:
                self.leave(log)
