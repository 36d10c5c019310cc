"""The tails of this process: each log that somebody follows, as Redis tells of it.

A channel brings the entries as they are appended, and what it did not bring the stream has. So a log is subscribed to
first and read second; and whenever something comes that is not the next entry, the stream is read again, until nothing
odd has come meanwhile. What is held already is passed over. So a tail has no gap and nothing twice, or it is lost.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Any, NoReturn

import structlog

from server.errors import Unavailable
from server.realtime import redis_entries
from server.realtime import redis_scripts as scripts
from server.realtime.event_log import MAX_ENTRIES, WINDOW, HistoryLost, Ledger, Wake
from server.realtime.redis_connection import BATCH, Call, RedisConnection, token
from server.realtime.redis_reader import RedisReader
from server.realtime.tail import Log, Tail

log = structlog.get_logger(__name__)

LINGER = 30.0
"""Seconds for which a log that nobody follows is heard on: pages are loaded anew, and people come back."""


@dataclass(eq=False, slots=True)
class _Shelf:
    """A log, and what is known of it here."""

    log: Log
    keys: Sequence[str]
    channel: str
    tail: Tail
    begun: bool = False
    """Whether the stream has been read. Before that the tail is none."""
    used: float = field(default_factory=monotonic)
    followers: set[Wake] = field(default_factory=set)
    opening: asyncio.Lock = field(default_factory=asyncio.Lock)
    ledger: bytes = b""
    """Under which the tail's epoch was begun."""
    epoch: bytes = b""
    end: int = 0
    """The offset that the tail has come to."""
    heard: int = -1
    """The offset that the channel has come to. It may lag behind the stream, but it never goes back."""
    doubtful: bool = False
    """Whether there is more in the stream, or something odd has come since that was last asked."""
    lost: bool = False


class RedisTails:
    def __init__(self, redis: RedisConnection, reader: RedisReader) -> None:
        self._redis = redis
        self._reader = reader
        self._shelves: dict[Log, _Shelf] = {}
        self._doubts: dict[_Shelf, None] = {}
        self._doubted = asyncio.Event()
        self._woken: dict[_Shelf, None] = {}
        reader.listen(redis.keys.renewals, self._hear_renewal)
        reader.on(back=self._doubt_all, away=self._lose_all)

    async def follow(self, log_: Log, wake: Wake) -> Tail:
        while True:
            shelf = self._shelves.get(log_) or self._new_shelf(log_)
            async with shelf.opening:
                if not shelf.begun and not shelf.lost:
                    await self._reader.subscribe(shelf.channel, partial(self._hear, shelf))
                if not shelf.lost and await self._read(shelf, fresh=token()) is None:
                    raise HistoryLost
            if not shelf.lost:
                shelf.followers.add(wake)
                return shelf.tail

    def unfollow(self, log_: Log, wake: Wake) -> None:
        if shelf := self._shelves.get(log_):
            shelf.followers.discard(wake)
            shelf.used = monotonic()

    async def catch_up(self, tail: Tail) -> Ledger:
        shelf = self._shelves.get(tail.log)
        if shelf is not None and shelf.tail is tail:
            ledger = await self._read(shelf)
            if ledger is not None and not tail.lost:
                return ledger
        raise HistoryLost

    def followed(self) -> list[Log]:
        return [log for log, shelf in self._shelves.items() if shelf.followers]

    def sweep(self) -> None:
        limit = monotonic() - LINGER
        for shelf in list(self._shelves.values()):
            if not shelf.followers and shelf.used < limit:
                self._lose(shelf)
            else:
                shelf.tail.trim(WINDOW, MAX_ENTRIES, least=1)

    async def serve(self) -> NoReturn:
        """Removes doubts, of many logs in one go: after a new connection there are doubts about all."""
        while True:
            await self._doubted.wait()
            self._doubted.clear()
            while self._doubts:
                shelves = list(self._doubts)[:BATCH]
                for shelf in shelves:
                    del self._doubts[shelf]
                try:
                    await self._settle([shelf for shelf in shelves if not shelf.lost])
                except Exception as error:  # this loop ends with the server only
                    if not isinstance(error, Unavailable):
                        log.exception("redis.doubts_failed")
                    for shelf in shelves:
                        self._lose(shelf)

    async def _settle(self, shelves: Sequence[_Shelf]) -> None:
        calls = [self._question(shelf) for shelf in shelves]
        ends = [shelf.end for shelf in shelves]
        replies = await self._redis.run_all(scripts.READ, calls)
        for shelf, end, reply in zip(shelves, ends, replies, strict=True):
            self._take(shelf, reply, end)
            if shelf.doubtful and not shelf.lost:
                self._doubts[shelf] = None

    async def _read(self, shelf: _Shelf, fresh: str = "") -> Ledger | None:
        """Brings a shelf to the present end of its log. None: there is no ledger. Or the shelf is lost afterwards.

        ``fresh``: the epoch that begins if there is no log.
        """
        while True:
            end = shelf.end
            reply = await self._redis.run(scripts.READ, *self._question(shelf, fresh))
            ledger = self._take(shelf, reply, end)
            if shelf.lost or not shelf.doubtful:
                return ledger

    def _question(self, shelf: _Shelf, fresh: str = "") -> Call:
        shelf.doubtful = False
        return shelf.keys, [shelf.end, scripts.PAGE, fresh]

    def _take(self, shelf: _Shelf, reply: Any, asked_at: int) -> Ledger | None:
        """Adds what the stream has after the end that the shelf had when it was asked."""
        if reply is None:
            self._lose(shelf)
            return None
        key, version, epoch, offset, page = reply
        entries = redis_entries.lines(page)
        if not shelf.begun:
            shelf.begun, shelf.ledger, shelf.epoch = True, key, epoch
            self._begin_tail(shelf, entries[0][1] if entries else offset + 1)
        elif epoch != shelf.epoch or offset < asked_at:
            self._lose(shelf)  # its time is over; or the server has forgotten what it had told of
        for _, number, announced, event in entries:
            if number > shelf.end + 1:
                self._give_up(shelf, before=number)
            if number > shelf.end and not shelf.lost:
                self._add(shelf, announced, event)
        if shelf.end < offset and not entries:
            self._give_up(shelf, before=offset + 1)
        shelf.doubtful = shelf.doubtful or shelf.end < offset
        return Ledger(key.decode(), version)

    def _hear(self, shelf: _Shelf, message: bytes) -> None:
        epoch, offset, announced, event = redis_entries.parse(message)
        if not shelf.begun or epoch != shelf.epoch:
            self._doubt(shelf)
        elif offset <= shelf.heard:
            self._lose(shelf)
        else:
            shelf.heard = offset
            if offset == shelf.end + 1:
                self._add(shelf, announced, event)
            elif offset > shelf.end:
                self._doubt(shelf)

    def _hear_renewal(self, message: bytes) -> None:
        user, key = message.split(b" ")
        owner = user.decode()
        for shelf in [shelf for log, shelf in self._shelves.items() if log.owner == owner]:
            if not shelf.begun:
                self._doubt(shelf)
            elif shelf.ledger != key:
                self._lose(shelf)

    def _add(self, shelf: _Shelf, announced: int | None, encoded: bytes) -> None:
        event = redis_entries.decode(encoded)
        if event is None:
            self._give_up(shelf, before=shelf.end + 2)
        else:
            shelf.tail.add(event, announced)
            shelf.tail.trim(WINDOW, MAX_ENTRIES)
            shelf.end += 1
            if not self._woken:
                asyncio.get_running_loop().call_soon(self._wake)
            self._woken[shelf] = None

    def _new_shelf(self, log_: Log) -> _Shelf:
        keys = self._redis.keys
        of_log = keys.of_log(log_)
        tail = Tail(log_, "", monotonic)
        shelf = self._shelves[log_] = _Shelf(log_, [*keys.of_user(log_.owner), *of_log], of_log[0], tail)
        return shelf

    def _give_up(self, shelf: _Shelf, before: int) -> None:
        """What is before this offset cannot be had. That matters to followers only."""
        if shelf.followers:
            self._lose(shelf)
        else:
            self._begin_tail(shelf, before)

    def _begin_tail(self, shelf: _Shelf, first: int) -> None:
        shelf.tail.lost = True
        shelf.tail = Tail(shelf.log, shelf.epoch.decode(), monotonic, first)
        shelf.end = first - 1

    def _doubt(self, shelf: _Shelf) -> None:
        shelf.doubtful = True
        if shelf.begun:  # else it is being read at this moment
            self._doubts[shelf] = None
            self._doubted.set()

    def _doubt_all(self) -> None:
        for shelf in self._shelves.values():
            self._doubt(shelf)

    def _lose(self, shelf: _Shelf) -> None:
        if shelf.lost:
            return
        shelf.lost = True
        del self._shelves[shelf.log]
        self._reader.unsubscribe(shelf.channel)
        shelf.tail.lost = True
        self._woken[shelf] = None
        self._wake()

    def _lose_all(self) -> None:
        for shelf in list(self._shelves.values()):
            self._lose(shelf)

    def _wake(self) -> None:
        """Once for all that has come in one go."""
        woken, self._woken = self._woken, {}
        for wake in dict.fromkeys(wake for shelf in woken for wake in shelf.followers):
            try:
                wake()
            except Exception:  # one follower must not keep the news from all others
                log.exception("redis.wake_failed")
