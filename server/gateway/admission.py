"""How many sockets this worker takes, of everyone and of one user, and how many at a time find out who they are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import structlog

from server.errors import Unavailable
from server.rate import Bucket, Rate
from server.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")

HANDSHAKES = 256
"""Under way at a time. The database has a handful of connections: the last of so many waits for tenths of a second."""
HANDSHAKE_SECONDS = 10.0
TELL = Rate(burst=1, seconds=10)
"""Lines in the log about sockets that were turned away."""


class Full(Exception):
    """No room for another socket; the words are those of its close frame."""


class Admission:
    def __init__(self, settings: Settings) -> None:
        self._most = settings.connections
        self._most_of_user = settings.user_connections
        self._arriving: set[asyncio.Task[Any]] = set()
        self._seated = 0
        self._of_user: Counter[str] = Counter()
        self._tell = Bucket(TELL)

    async def look_up(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Has a handshake find out whose it is. Raises Full before that begins, or Unavailable when it takes too long.

        It cannot be cut off, for its thread waits for the database: it is left running, and counts until it ends.
        """
        if len(self._arriving) >= HANDSHAKES or len(self._arriving) + self._seated >= self._most:
            raise self._full("the server is full")
        task = asyncio.create_task(work())
        self._arriving.add(task)
        task.add_done_callback(self._arrived)
        await asyncio.wait({task}, timeout=HANDSHAKE_SECONDS)
        if not task.done():
            raise Unavailable("The database does not answer.")
        return task.result()

    @contextmanager
    def seat(self, user: str) -> Iterator[None]:
        """For as long as the socket is open. Raises Full."""
        if self._seated >= self._most:
            raise self._full("the server is full")
        if self._of_user[user] >= self._most_of_user:
            raise self._full("too many connections of this account", user=user)
        self._seated += 1
        self._of_user[user] += 1
        try:
            yield
        finally:
            self._seated -= 1
            self._of_user[user] -= 1
            if not self._of_user[user]:
                del self._of_user[user]

    def _arrived(self, task: asyncio.Task[Any]) -> None:
        self._arriving.discard(task)
        if not task.cancelled():
            task.exception()  # has been told, or nobody waits for it any more

    def _full(self, reason: str, **about: str) -> Full:
        if self._tell.take() == 0:
            log.warning("sockets.refused", reason=reason, open=self._seated, arriving=len(self._arriving), **about)
        return Full(reason)
