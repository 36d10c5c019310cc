"""A feed, a socket that takes frames only when it is let, and events to put in."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from server.gateway.feed import Feed, Feeds
from server.gateway.following import Following
from server.gateway.html import Renderer
from server.gateway.outbox import Outbox
from server.protocol.codes import Format, Part, Role, Status
from server.protocol.events import Event, PathSelected, TurnDelta, TurnFinished, TurnStarted
from server.protocol.objects import Message
from server.realtime.event_log import WINDOW, conversation_log
from server.realtime.event_log_memory import MemoryEventLog
from server.realtime.tail import Log
from tests.fixtures.client import Frame

SECONDS = 20
"""How long a test waits for what must come."""
OWNER = "ann"
LOG = conversation_log(OWNER, "c")


class Bench:
    """One worker's logs and feeds, and the time that the logs go by."""

    def __init__(self, renderer: Renderer | None = None) -> None:
        self.seconds = 1000.0
        self.log = MemoryEventLog(lambda: self.seconds)
        self.renderer = renderer or Renderer()
        self.feeds = Feeds(self.log, self.renderer)
        self._written: dict[tuple[str, Part], int] = {}

    async def open(self) -> None:
        """What whoever follows a log finds prepared."""
        await self.log.renew(OWNER, 0, instead_of=None)

    async def append(self, *events: Event, log: Log = LOG) -> None:
        await self.open()
        await self.log.append([(log, event) for event in events])

    async def say(self, *texts: str, part: Part = Part.ANSWER, turn: str = "t", log: Log = LOG) -> None:
        """Appends a delta each."""
        for text in texts:
            start = self._written.get((turn, part), 0)
            self._written[turn, part] = start + len(text)
            await self.append(TurnDelta(conversation="c", turn=turn, part=part, from_=start, text=text), log=log)

    async def follow(self, format: Format | None = Format.TEXT, log: Log = LOG) -> Follower:
        """From the present end of the log on."""
        await self.open()
        follower = Follower()
        feed = await self.feeds.join(log, follower.wake, html=format is Format.HTML)
        follower.following = Following(feed, format, follower.wake)
        return follower

    async def forget(self) -> None:
        """The window passes, and what was in it goes; the logs stay."""
        await self.open()
        await self.log.follow(LOG, ignore)
        self.seconds += WINDOW + 1
        self.log.sweep()


def ignore() -> None:
    pass


class Follower:
    """Takes frames as a socket would that is always free."""

    following: Following

    def __init__(self) -> None:
        self.passed: list[Event] = []
        self._woken = asyncio.Event()

    def wake(self) -> None:
        self._woken.set()

    @property
    def feed(self) -> Feed:
        return self.following.feed

    def take(self) -> list[Frame]:
        """All that can be sent at the moment."""
        frames = []
        while (frame := self.following.next(self.passed.append)) is not None:
            frames.append(json.loads(frame))
        return frames

    async def until(self, condition: Callable[[], bool]) -> None:
        """Asked again whenever something has become visible."""
        async with asyncio.timeout(SECONDS):
            while not condition():
                self._woken.clear()
                await self._woken.wait()

    async def ready(self) -> None:
        """All that is in the log is prepared."""
        await self.until(lambda: self.feed.ready == self.feed.position.offset)


class Wire:
    """A socket's end: ``send`` waits while the line is not open."""

    def __init__(self, *, opened: bool = True) -> None:
        self.frames: list[Frame] = []
        self.waiting = 0
        self._line = asyncio.Event()
        self._news = asyncio.Event()
        if opened:
            self._line.set()

    async def send(self, frame: str) -> None:
        self.waiting += 1
        self._news.set()
        await self._line.wait()
        self.waiting -= 1
        self.frames.append(json.loads(frame))
        self._news.set()

    def open(self) -> None:
        self._line.set()

    async def until(self, condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition():
                self._news.clear()
                await self._news.wait()

    @property
    def kinds(self) -> list[str]:
        return [frame["type"] for frame in self.frames]


async def attach(bench: Bench, outbox: Outbox, format: Format | None = Format.TEXT, log: Log = LOG) -> Following:
    """Has the outbox follow a log from its present end on."""
    names = itertools.count()

    def wake() -> None:
        next(names)
        outbox.wake()

    await bench.open()
    feed = await bench.feeds.join(log, wake, html=format is Format.HTML)
    following = Following(feed, format, wake)
    outbox.follow(following)
    return following


def control(leaf: str = "m") -> PathSelected:
    """An event that is no delta and has no messages to be prepared."""
    return PathSelected(conversation="c", leaf=leaf, after=None, messages=[])


def message(text: str = "", *, id: str = "t", status: Status = Status.PENDING, **more: Any) -> Message:
    return Message(
        id=id,
        conversation="c",
        parent=None,
        role=Role.ASSISTANT,
        text=text,
        html="",
        status=status,
        attachments=[],
        siblings=[id],
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        **more,
    )


def started(turn: str = "t", text: str = "") -> TurnStarted:
    return TurnStarted(conversation="c", message=message(text, id=turn))


def finished(text: str, turn: str = "t", **more: Any) -> TurnFinished:
    return TurnFinished(conversation="c", message=message(text, id=turn, status=Status.COMPLETE, **more))


class Marker(msgspec.Struct, kw_only=True, tag_field="type", tag="reply"):
    """Something to reply."""

    id: str = "r"
