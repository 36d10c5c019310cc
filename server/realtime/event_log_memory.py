"""The event log of one process: lists."""

from __future__ import annotations

import secrets
from bisect import bisect_left
from collections.abc import Callable, Sequence
from time import monotonic

from server.protocol.events import Event
from server.realtime.event_log import MAX_ENTRIES, WINDOW, EventLog, Position, Tail, Wake

TRIM = 256
"""Entries are removed in lots of so many: a removal from the front of a list moves all the others."""


class MemoryTail(Tail):
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._epoch = secrets.token_hex(8)
        self._entries: list[Event] = []
        self._times: list[float] = []
        self._first = 1
        self.used = now()
        self.followers: set[Wake] = set()

    @property
    def position(self) -> Position:
        return Position(self._epoch, self._first + len(self._entries) - 1)

    @property
    def first(self) -> int:
        return self._first

    def after(self, offset: int, limit: int | None = None) -> Sequence[Event]:
        start = offset - self._first + 1
        return self._entries[start:] if limit is None else self._entries[start : start + limit]

    def add(self, event: Event) -> None:
        event.offset = self._first + len(self._entries)
        self._entries.append(event)
        self.used = self._now()
        self._times.append(self.used)

    def trim(self, least: int = TRIM) -> None:
        """Removes what is past the window, if that is ``least`` entries or more."""
        expired = bisect_left(self._times, self._now() - WINDOW)
        excess = max(expired, len(self._entries) - MAX_ENTRIES)
        if excess >= least:
            del self._entries[:excess], self._times[:excess]
            self._first += excess


class MemoryEventLog(EventLog):
    """Appending and waking happen in one step of the event loop; nothing here waits."""

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._tails: dict[str, MemoryTail] = {}

    async def append(self, entries: Sequence[tuple[str, Event]]) -> None:
        woken: dict[Wake, None] = {}
        for log, event in entries:
            tail = self._tail(log)
            tail.add(event)
            tail.trim()
            woken.update(dict.fromkeys(tail.followers))
        for wake in woken:
            wake()

    async def follow(self, log: str, wake: Wake) -> MemoryTail:
        tail = self._tail(log)
        tail.followers.add(wake)
        return tail

    def unfollow(self, log: str, wake: Wake) -> None:
        if tail := self._tails.get(log):
            tail.followers.discard(wake)
            tail.used = self._now()

    async def position(self, log: str) -> Position:
        return self._tail(log).position

    async def names(self, prefix: str) -> list[str]:
        return [log for log in self._tails if log.startswith(prefix)]

    def sweep(self) -> None:
        """Forgets what nobody can ask for any more. Called every now and then."""
        limit = self._now() - WINDOW
        for log, tail in list(self._tails.items()):
            if not tail.followers and tail.used < limit:
                del self._tails[log]
            else:
                tail.trim(least=1)

    def _tail(self, log: str) -> MemoryTail:
        tail = self._tails.get(log)
        if tail is None:
            tail = self._tails[log] = MemoryTail(self._now)
        tail.used = self._now()
        return tail
