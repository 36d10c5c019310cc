"""Commit, then announce: where a write becomes events, and where a snapshot gets its place in the log.

Every write that has something to say makes new versions of its user's state, one per event, under a lock of the
user's row. The log takes announcements in the order of their versions only. So events stand in the log in the order
of the commits, whichever workers made them, and each once.

Between the commit of a write and its announcement, database and log disagree. A snapshot reads the version together
with the rows, and waits until the log has come as far: its place in the log is before the first newer entry.

When an announcement does not come, because a worker died with it on its lips or the log could not be reached, the
user's logs are renewed: followers take a snapshot, which lacks nothing. Nothing that was missed is ever replayed.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from time import monotonic
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

import anyio
import structlog
from sqlalchemy import bindparam, update
from sqlmodel import Session, col, select

from server import metrics
from server.db import Database, Work
from server.errors import NotFound, Unavailable
from server.protocol.events import ConversationEvent, Event
from server.realtime.event_log import EventLog, HistoryLost, Outcome
from server.realtime.tail import Log, Position, Tail
from server.tables import User

log = structlog.get_logger(__name__)

T = TypeVar("T")

PATIENCE = 2.0
"""Seconds that another worker's announcement may take before the log is renewed without it; usually it takes one
thousandth of that."""
STEP = 0.005
TIDY_SECONDS = 0.5
"""Between two rounds of housekeeping."""
LOOK_EVERY = 4
"""Rounds from one look for announcements that did not come to the next. What two have seen is taken for one."""


@dataclass(frozen=True, slots=True)
class Recorded(Generic[T]):
    """What a write gave, and what it has to say, in the order in which it happened."""

    result: T
    events: Sequence[Event] = field(default=())


class Journal:
    def __init__(self, db: Database, event_log: EventLog) -> None:
        self.log = event_log
        self._db = db
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()
        self._owed: set[str] = set()
        """Users whose logs lack something, because the log could not be reached."""
        self._told: dict[str, int] = {}
        """Versions that were announced, and are still marked as unannounced in the database."""

    async def record(self, user: str, work: Work[Recorded[T]]) -> T:
        """Commits and announces as one act, which a cancellation cannot cut in two.

        The lock keeps this worker from overtaking itself, so that it need not wait for its own announcements.
        """
        numbered = partial(_numbered, work, user, noted=self.log.outlives_process)
        async with self._locks.setdefault(user, asyncio.Lock()):
            with anyio.CancelScope(shield=True):
                recorded, version = await self._db.write(numbered)
                if version is not None:
                    await self._announce(user, version, recorded.events)
        return recorded.result

    async def prepare(self, user: str) -> None:
        """Before the user's logs are followed: if they have to begin anew, then now and not under the follower."""
        if await self.log.ledger(user) is None:
            await self.renew(user)

    async def snapshot(self, tail: Tail, read: Work[T]) -> tuple[T, Position]:
        """What ``read`` gives, and the place in the log that it is as of. HistoryLost: follow the log anew."""
        result, version = await self._db.read(lambda session: (read(session), _version(session, tail.log.owner)))
        await self._await_version(tail, version or 0)
        return result, tail.place_of(version or 0)

    async def recovers(self, tail: Tail, position: Position) -> bool:
        """Whether all that came after ``position`` is still there to be told."""
        await self.log.catch_up(tail)  # another worker may have told of more than is known here
        return tail.holds(position)

    async def position(self, log_: Log) -> Position:
        """The present end of a log."""
        while True:
            try:
                return await self.log.position(log_)
            except HistoryLost:
                await self.renew(log_.owner)

    async def renew(self, user: str) -> None:
        """Begins the user's logs anew, as of what the database holds."""
        ledger = await self.log.ledger(user)
        version = await self._db.read(lambda session: _version(session, user))
        if version is None:
            raise NotFound("There is no such account.")
        if ledger is not None:
            metrics.LOG_RENEWED.inc()
            log.warning("journal.renewed", user=user, version=version, announced=ledger.version)
        await self.log.renew(user, version, instead_of=ledger)

    async def distrust(self, user: str) -> None:
        """Renews as soon as the log can be reached: it lacks something."""
        try:
            await self.renew(user)
        except Unavailable:
            self._owed.add(user)

    async def forget(self, user: str, conversations: Collection[str]) -> None:
        """The user is deleted. What the log still has of them goes now, or within a day if it cannot be reached."""
        self._owed.discard(user)
        self._told.pop(user, None)
        try:
            await self.log.forget(user, conversations)
        except Unavailable as error:
            log.warning("journal.not_forgotten", user=user, reason=error.message)

    async def serve(self) -> None:
        """For ever: settles what announcements that did not come have left behind."""
        seen: set[tuple[str, int]] = set()
        for turn in itertools.count():
            await anyio.sleep(TIDY_SECONDS)
            try:
                for user in list(self._owed):
                    await self._pay(user)
                await self._tidy()
                if turn % LOOK_EVERY == 0:
                    seen = await self._look(seen)
            except Unavailable as error:
                log.warning("journal.put_off", reason=error.message)
            except Exception:
                log.exception("journal.failed")  # this loop ends with the server only

    async def _announce(self, user: str, version: int, events: Sequence[Event]) -> None:
        entries = [(_log_of(user, event), event) for event in events]
        deadline = monotonic() + PATIENCE
        try:
            if user in self._owed:  # what is renewed now covers these events, which do not fit to what is missing
                await self._pay(user)
            while (outcome := await self.log.announce(user, version, entries)) is not Outcome.DONE:
                if outcome is Outcome.LOST or monotonic() > deadline:
                    await self.renew(user)
                else:
                    await anyio.sleep(STEP)
        except Unavailable as error:
            metrics.LOG_UNREACHABLE.inc()
            log.warning("journal.not_announced", user=user, version=version, reason=error.message)
            self._owed.add(user)
        else:
            if self.log.outlives_process:
                self._told[user] = version

    async def _await_version(self, tail: Tail, version: int) -> None:
        deadline = monotonic() + PATIENCE
        while (await self.log.catch_up(tail)).version < version:
            if monotonic() > deadline:
                await self.renew(tail.log.owner)
                raise HistoryLost
            await anyio.sleep(STEP)

    async def _pay(self, user: str) -> None:
        self._owed.discard(user)  # before the others can owe something again
        try:
            with suppress(NotFound):  # the account was deleted meanwhile: nobody is owed anything
                await self.renew(user)
        except Unavailable:
            self._owed.add(user)
            raise

    async def _tidy(self) -> None:
        """Takes back the marks of what has been announced. A mark stays where there is a newer version since."""
        told, self._told = self._told, {}
        if not told:
            return
        users = User.__table__  # type: ignore[attr-defined]
        statement = (
            update(users)
            .where(users.c.id == bindparam("of_user"), users.c.version == bindparam("of_version"))
            .values(unannounced=False)
        )
        rows = [{"of_user": user, "of_version": version} for user, version in told.items()]
        try:
            await self._db.write(lambda session: session.connection().execute(statement, rows))
        except BaseException:
            self._told = told | self._told
            raise

    async def _look(self, seen: set[tuple[str, int]]) -> set[tuple[str, int]]:
        """Renews the logs of users whose announcement did not come between two looks."""
        marked = await self._db.read(_unannounced)
        for user, version in marked & seen:
            ledger = await self.log.ledger(user)
            if ledger is not None and ledger.version < version:
                await self.renew(user)
            self._told.setdefault(user, version)
        return marked


def _numbered(work: Work[Recorded[T]], user: str, session: Session, *, noted: bool) -> tuple[Recorded[T], int | None]:
    """Runs ``work``, and numbers what it has to say; None: it has nothing to say, or there is no such user.

    The user's row is locked first of all: whoever waits for it has no other lock that somebody else may wait for.
    """
    before = session.exec(select(User.version).where(User.id == user).with_for_update()).one_or_none()
    recorded = work(session)
    if before is None or not recorded.events:
        return recorded, None
    version = before + len(recorded.events)
    users = User.__table__  # type: ignore[attr-defined]
    session.connection().execute(update(users).where(users.c.id == user).values(version=version, unannounced=noted))
    return recorded, version


def _version(session: Session, user: str) -> int | None:
    return session.exec(select(User.version).where(User.id == user)).one_or_none()


def _unannounced(session: Session) -> set[tuple[str, int]]:
    return set(session.exec(select(User.id, User.version).where(col(User.unannounced))).all())


def _log_of(user: str, event: Event) -> Log:
    return Log(user, event.conversation if isinstance(event, ConversationEvent) else None)
