"""The recent entries of one log, as one process holds them. Their offsets have no gap."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.protocol.events import Event

TRIM = 256
"""Entries are removed in lots of so many: a removal from the front of a list moves all the others."""


@dataclass(frozen=True, slots=True)
class Log:
    """A log's name: a conversation's, or else the user's own."""

    owner: str
    conversation: str | None = None

    def __str__(self) -> str:
        return f"user:{self.owner}" if self.conversation is None else f"conversation:{self.conversation}"


@dataclass(frozen=True, slots=True)
class Position:
    epoch: str
    offset: int
    """Of the last entry; 0 before the first."""


class Tail:
    """Of one epoch. Once that is over the tail is ``lost`` for good, and holds nothing more."""

    def __init__(self, log: Log, epoch: str, now: Callable[[], float], first: int = 1) -> None:
        self.log = log
        self.lost = False
        self._now = now
        self._epoch = epoch
        self._first = first
        self._entries: list[Event] = []
        self._times: list[float] = []
        self._announced: list[int] = []
        """Offsets of the entries that were announced, and beside them the versions that they made."""
        self._versions: list[int] = []

    @property
    def position(self) -> Position:
        return Position(self._epoch, self._first + len(self._entries) - 1)

    @property
    def first(self) -> int:
        """Offset of the oldest entry that is still here; one after the last where there is none."""
        return self._first

    def after(self, offset: int, limit: int | None = None) -> Sequence[Event]:
        """Entries after ``offset``, oldest first; only if ``first <= offset + 1``."""
        start = offset - self._first + 1
        return self._entries[start:] if limit is None else self._entries[start : start + limit]

    def holds(self, position: Position) -> bool:
        """Whether all that came after ``position`` is still here."""
        known = position.epoch == self._epoch and not self.lost
        return known and self._first - 1 <= position.offset <= self.position.offset

    def place_of(self, version: int) -> Position:
        """Before the first entry that is newer than ``version``: all that led to it is at or below this place."""
        newer = bisect_right(self._versions, version)
        offset = self._announced[newer] - 1 if newer < len(self._announced) else self.position.offset
        return Position(self._epoch, offset)

    def add(self, event: Event, version: int | None = None) -> None:
        """``version``: what it was announced under."""
        event.offset = self._first + len(self._entries)
        self._entries.append(event)
        self._times.append(self._now())
        if version is not None:
            self._announced.append(event.offset)
            self._versions.append(version)

    def trim(self, window: float, most: int, least: int = TRIM) -> None:
        """Removes what is older than ``window`` seconds, or beyond ``most`` entries, if that is ``least`` or more."""
        expired = bisect_left(self._times, self._now() - window)
        excess = max(expired, len(self._entries) - most)
        if excess >= least:
            del self._entries[:excess], self._times[:excess]
            self._first += excess
            gone = bisect_left(self._announced, self._first)
            del self._announced[:gone], self._versions[:gone]
