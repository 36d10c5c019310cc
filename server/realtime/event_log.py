"""The interface of the event log: short, hot and ordered; the database is the truth.

Every user and every conversation has a log of its own. An append assigns the next offset and wakes every follower in
one act. A log is kept for at least `WINDOW` seconds; whoever comes back later gets a snapshot. Its *epoch* is never
used again: a log whose history was lost begins another one, so that an offset of the past cannot be taken for one of
the present.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from server.protocol.events import Event

WINDOW = 150.0
"""Seconds. The contract asks for 120."""
MAX_ENTRIES = 20_000
"""Entries of one log, at most: 150 s at a delta per 10 ms, and some room."""

Wake = Callable[[], None]


def user_log(user: str) -> str:
    return f"user:{user}"


def conversation_log(conversation: str) -> str:
    return f"conversation:{conversation}"


@dataclass(frozen=True, slots=True)
class Position:
    epoch: str
    offset: int
    """Of the last entry; 0 before the first."""


class Tail(ABC):
    """The recent entries of one log, as this worker knows them. Their offsets have no gap."""

    @property
    @abstractmethod
    def position(self) -> Position: ...

    @property
    @abstractmethod
    def first(self) -> int:
        """Offset of the oldest entry that is still here; one after the last where there is none."""

    @abstractmethod
    def after(self, offset: int, limit: int | None = None) -> Sequence[Event]:
        """Entries after ``offset``, oldest first; only if ``first <= offset + 1``."""

    def holds(self, position: Position) -> bool:
        """Whether all that came after ``position`` is still here."""
        return position.epoch == self.position.epoch and self.first - 1 <= position.offset <= self.position.offset


class EventLog(ABC):
    @abstractmethod
    async def append(self, entries: Sequence[tuple[str, Event]]) -> None:
        """Appends pairs of a log's name and an event, in this order. Assigns offsets and wakes followers."""

    @abstractmethod
    async def follow(self, log: str, wake: Wake) -> Tail:
        """The log's tail. ``wake`` is called after each append, until `unfollow` with the same ``wake``."""

    @abstractmethod
    def unfollow(self, log: str, wake: Wake) -> None: ...

    @abstractmethod
    async def position(self, log: str) -> Position: ...

    @abstractmethod
    async def names(self, prefix: str) -> list[str]:
        """The logs that are kept at the moment and whose name starts so."""
