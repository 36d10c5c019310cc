"""The event log of several processes, on Redis: each operation is one script."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import ClassVar, NoReturn

from server.protocol.codes import Part
from server.protocol.events import Event
from server.realtime import redis_entries
from server.realtime import redis_scripts as scripts
from server.realtime.event_log import Entry, EventLog, HistoryLost, Ledger, Outcome, RunKey, Speech, Wake
from server.realtime.redis_connection import Call, RedisConnection, token
from server.realtime.redis_reader import RedisReader
from server.realtime.redis_scripts import OUTCOMES
from server.realtime.redis_tails import RedisTails
from server.realtime.tail import Log, Position, Tail


class RedisEventLog(EventLog):
    """Followers hear through Redis of everything, of what this process appends too.

    So they hear of it a moment later, as they do of an epoch's end, and may be woken more than once by one append.
    """

    outlives_process: ClassVar[bool] = True

    def __init__(self, redis: RedisConnection, reader: RedisReader) -> None:
        self._redis = redis
        self._tails = RedisTails(redis, reader)

    async def serve(self) -> NoReturn:
        await self._tails.serve()

    async def announce(self, user: str, version: int, entries: Sequence[Entry]) -> Outcome:
        reply = await self._redis.run(scripts.ANNOUNCE, *self._told(user, entries, version))
        return OUTCOMES[reply]

    async def write(self, speeches: Sequence[Speech]) -> list[Outcome]:
        replies = await self._redis.run_all(scripts.WRITE, [self._said(speech) for speech in speeches])
        return [OUTCOMES[reply] for reply in replies]

    async def append(self, entries: Sequence[Entry]) -> None:
        of_users: dict[str, list[Entry]] = {}
        for entry in entries:
            of_users.setdefault(entry[0].owner, []).append(entry)
        await self._redis.run_all(scripts.APPEND, [self._told(user, own) for user, own in of_users.items()])

    async def ledger(self, user: str) -> Ledger | None:
        reply = await self._redis.run(scripts.LEDGER, self._redis.keys.of_user(user))
        return None if reply is None else Ledger(reply[0].decode(), reply[1])

    async def renew(self, user: str, version: int, instead_of: Ledger | None) -> None:
        keys = self._redis.keys
        held = "" if instead_of is None else instead_of.key
        await self._redis.run(scripts.RENEW, keys.of_user(user), [held, token(), version, token(), keys.renewals, user])

    async def forget(self, user: str, conversations: Collection[str]) -> None:
        logs = [Log(user), *(Log(user, conversation) for conversation in conversations)]
        await self._redis.run_all(scripts.FORGET, [(self._keys(log), []) for log in logs])

    async def resume(self, run: RunKey, chars: dict[Part, int]) -> Position:
        epoch = token()
        said = (chars[Part.ANSWER], chars[Part.REASONING])
        if await self._redis.run(scripts.RESUME, self._keys(run.log), [epoch, run.turn, run.number, *said]) is None:
            raise HistoryLost
        return Position(epoch, 0)

    async def seize(self, run: RunKey) -> Sequence[Event]:
        page = await self._redis.run(scripts.SEIZE, self._keys(run.log), [run.turn, run.number])
        events: list[Event] = []
        for _, offset, _, encoded in redis_entries.lines(page):
            if event := redis_entries.decode(encoded):
                event.offset = offset
                events.append(event)
        return events

    async def follow(self, log: Log, wake: Wake) -> Tail:
        return await self._tails.follow(log, wake)

    def unfollow(self, log: Log, wake: Wake) -> None:
        self._tails.unfollow(log, wake)

    async def catch_up(self, tail: Tail) -> Ledger:
        return await self._tails.catch_up(tail)

    async def position(self, log: Log) -> Position:
        reply = await self._redis.run(scripts.POSITION, self._keys(log), [token()])
        if reply is None:
            raise HistoryLost
        return Position(reply[0].decode(), reply[1])

    def followed(self) -> list[Log]:
        return self._tails.followed()

    def sweep(self) -> None:
        self._tails.sweep()

    def _keys(self, log: Log) -> list[str]:
        return [*self._redis.keys.of_user(log.owner), *self._redis.keys.of_log(log)]

    def _told(self, user: str, entries: Sequence[Entry], version: int | None = None) -> Call:
        keys = self._redis.keys
        of_logs = [key for log, _ in entries for key in keys.of_log(log)]
        events = [argument for _, event in entries for argument in redis_entries.told(event)]
        return [*keys.of_user(user), *of_logs], [*([] if version is None else [version]), token(), *events]

    def _said(self, speech: Speech) -> Call:
        run = speech.run
        deltas = [argument for delta in speech.deltas for argument in redis_entries.said(delta)]
        return self._keys(run.log), [speech.epoch, run.turn, run.number, *deltas]
