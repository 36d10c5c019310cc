"""Commit, then append: where a write becomes events, and where a snapshot gets its offset.

Between the commit of a write and the append of its events, database and log disagree. Nobody may look then: what one
user's writes do to the user's log and to the logs of that user's conversations happens under one lock per user, and
so do snapshots. A snapshot with the offset of its moment therefore holds exactly the events up to that offset.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

import anyio

from server.protocol.events import ConversationEvent, Event
from server.realtime.event_log import EventLog, conversation_log, user_log

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Recorded(Generic[T]):
    """What a write gave, and what it has to say, in the order in which it happened."""

    result: T
    events: Sequence[Event] = field(default=())


class Journal:
    def __init__(self, log: EventLog) -> None:
        self.log = log
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    async def record(self, user: str, commit: Callable[[], Awaitable[Recorded[T]]]) -> T:
        """Commits and appends as one act, which a cancellation cannot cut in two."""
        async with self.quiet(user):
            with anyio.CancelScope(shield=True):
                recorded = await commit()
                await self.log.append([(_log_of(user, event), event) for event in recorded.events])
        return recorded.result

    @asynccontextmanager
    async def quiet(self, user: str) -> AsyncIterator[None]:
        """While it lasts, the user's rows and logs agree and stay as they are, deltas of live answers excepted."""
        lock = self._locks.setdefault(user, asyncio.Lock())
        async with lock:
            yield


def _log_of(user: str, event: Event) -> str:
    return conversation_log(event.conversation) if isinstance(event, ConversationEvent) else user_log(user)
