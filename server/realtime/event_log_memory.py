"""The event log of one process: lists."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from time import monotonic
from typing import ClassVar

from server.protocol.codes import Part
from server.protocol.events import Event, TurnFinished, TurnStarted
from server.realtime.event_log import (
    MAX_ENTRIES,
    WINDOW,
    Entry,
    EventLog,
    HistoryLost,
    Ledger,
    Outcome,
    RunKey,
    Speech,
    Wake,
)
from server.realtime.tail import Log, Position, Tail


@dataclass(slots=True)
class _Shelf:
    """A log: its tail, who follows it, and the run that may write into it."""

    tail: Tail
    used: float
    followers: set[Wake] = field(default_factory=set)
    run: RunKey | None = None
    chars: dict[Part, int] = field(default_factory=lambda: dict.fromkeys(Part, 0))


class MemoryEventLog(EventLog):
    """Everything happens in one step of the event loop; nothing here waits."""

    outlives_process: ClassVar[bool] = False

    def __init__(self, now: Callable[[], float] = monotonic) -> None:
        self._now = now
        self._shelves: dict[Log, _Shelf] = {}
        self._ledgers: dict[str, Ledger] = {}

    async def announce(self, user: str, version: int, entries: Sequence[Entry]) -> Outcome:
        ledger = self._ledgers.get(user)
        if ledger is None:
            return Outcome.LOST
        if ledger.version >= version:
            return Outcome.DONE
        before = version - len(entries)
        if ledger.version != before:
            return Outcome.BEHIND
        self._ledgers[user] = Ledger(ledger.key, version)
        self._add((log, event, number) for number, (log, event) in enumerate(entries, before + 1))
        return Outcome.DONE

    async def write(self, speeches: Sequence[Speech]) -> list[Outcome]:
        outcomes = [self._fate(speech) for speech in speeches]
        taken = [speech for speech, outcome in zip(speeches, outcomes, strict=True) if outcome is Outcome.DONE]
        for speech in taken:
            chars = self._shelves[speech.run.log].chars
            for delta in speech.deltas:
                chars[delta.part] += len(delta.text)
        self._add((speech.run.log, delta, None) for speech in taken for delta in speech.deltas)
        return outcomes

    async def append(self, entries: Sequence[Entry]) -> None:
        self._add((log, event, None) for log, event in entries if log.owner in self._ledgers)

    async def ledger(self, user: str) -> Ledger | None:
        return self._ledgers.get(user)

    async def renew(self, user: str, version: int, instead_of: Ledger | None) -> None:
        held = self._ledgers.get(user)
        if (held and held.key) != (instead_of and instead_of.key):
            return
        self._ledgers[user] = Ledger(secrets.token_hex(8), max(version, held.version if held else 0))
        for log in [log for log in self._shelves if log.owner == user]:
            self._lose(log)

    async def forget(self, user: str, conversations: Collection[str]) -> None:
        self._ledgers.pop(user, None)
        for log in [log for log in self._shelves if log.owner == user]:
            self._lose(log)

    async def resume(self, run: RunKey, chars: dict[Part, int]) -> Position:
        self._ledger(run.log)
        self._lose(run.log)
        shelf = self._shelf(run.log)
        shelf.run, shelf.chars = run, dict(chars)
        return shelf.tail.position

    async def seize(self, run: RunKey) -> Sequence[Event]:
        shelf = self._shelves.get(run.log)
        if shelf is None:
            return []
        if shelf.run == run:
            shelf.run = None
        return shelf.tail.after(shelf.tail.first - 1)

    async def follow(self, log: Log, wake: Wake) -> Tail:
        self._ledger(log)
        shelf = self._shelf(log)
        shelf.followers.add(wake)
        return shelf.tail

    def unfollow(self, log: Log, wake: Wake) -> None:
        if shelf := self._shelves.get(log):
            shelf.followers.discard(wake)
            shelf.used = self._now()

    async def catch_up(self, tail: Tail) -> Ledger:
        if tail.lost:
            raise HistoryLost
        return self._ledger(tail.log)

    async def position(self, log: Log) -> Position:
        self._ledger(log)
        return self._shelf(log).tail.position

    def followed(self) -> list[Log]:
        return [log for log, shelf in self._shelves.items() if shelf.followers]

    def sweep(self) -> None:
        limit = self._now() - WINDOW
        for log, shelf in list(self._shelves.items()):
            if not shelf.followers and shelf.used < limit:
                del self._shelves[log]
            else:
                shelf.tail.trim(WINDOW, MAX_ENTRIES, least=1)
        kept = {log.owner for log in self._shelves}
        for user in [user for user in self._ledgers if user not in kept]:
            del self._ledgers[user]

    def _add(self, entries: Iterable[tuple[Log, Event, int | None]]) -> None:
        woken: dict[Wake, None] = {}
        for log, event, version in entries:
            shelf = self._shelf(log)
            shelf.tail.add(event, version)
            shelf.tail.trim(WINDOW, MAX_ENTRIES)
            if isinstance(event, TurnStarted):
                shelf.run = RunKey(log, event.message.id, event.run)
                shelf.chars = {Part.ANSWER: len(event.message.text), Part.REASONING: len(event.message.reasoning or "")}
            elif isinstance(event, TurnFinished):
                shelf.run = None
            woken.update(dict.fromkeys(shelf.followers))
        for wake in woken:
            wake()

    def _fate(self, speech: Speech) -> Outcome:
        shelf = self._shelves.get(speech.run.log)
        if shelf is None or shelf.tail.position.epoch != speech.epoch:
            return Outcome.LOST
        if shelf.run != speech.run:
            return Outcome.OVER
        chars = dict(shelf.chars)
        for delta in speech.deltas:
            if delta.from_ != chars[delta.part]:
                return Outcome.LOST
            chars[delta.part] += len(delta.text)
        return Outcome.DONE

    def _lose(self, log: Log) -> None:
        shelf = self._shelves.pop(log, None)
        if shelf is None:
            return
        shelf.tail.lost = True
        for wake in shelf.followers:
            wake()

    def _ledger(self, log: Log) -> Ledger:
        if ledger := self._ledgers.get(log.owner):
            return ledger
        raise HistoryLost

    def _shelf(self, log: Log) -> _Shelf:
        shelf = self._shelves.get(log)
        if shelf is None:
            shelf = self._shelves[log] = _Shelf(Tail(log, secrets.token_hex(8), self._now), self._now())
        shelf.used = self._now()
        return shelf
