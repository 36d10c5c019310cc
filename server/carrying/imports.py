"""Conversations from a file: read in a thread, written in short transactions, each with its reason when it fails."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

import anyio
import msgspec
import structlog
from anyio import to_thread
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlmodel import Session

from server.carrying import planting, reading, repository
from server.carrying.reading import Failed, Found
from server.conversations import folders, objects
from server.db import Database
from server.errors import Busy, NotFound, ParleyError, Unavailable
from server.journal import Journal, Recorded
from server.llm.catalog import Catalog
from server.protocol.events import ConversationCreated, Event
from server.tables import now

log = structlog.get_logger(__name__)

BATCH = 20
BATCH_CHARS = 500_000
"""Conversations and characters of one transaction, in which nobody else writes on SQLite."""
TOLD = 100
"""Conversations of one import that every tab is told of one by one. When there are more, the user's tabs take a
snapshot at the end: ten thousand events would push everything else out of the log."""
UNPACKED = 5
"""How much larger than an upload may be what it unpacks to."""
AT_ONCE = 4
"""Imports of a worker: each may hold a large file."""
FAILURES = 1000
"""Failures that are told with their reasons."""
TRIES = 5
PATIENCE = 2.0
"""Seconds between tries while the database does not answer."""


class Progress(msgspec.Struct, kw_only=True):
    done: int
    total: int


class Failure(msgspec.Struct, kw_only=True):
    title: str
    code: str
    reason: str


class Result(msgspec.Struct, kw_only=True, omit_defaults=True):
    imported: int
    skipped: int
    failed: list[Failure]
    more_failed: int = 0
    """Beside those in ``failed``."""


@dataclass(slots=True)
class _Tally:
    imported: int = 0
    skipped: int = 0
    failed: list[Failure] = field(default_factory=list)
    more_failed: int = 0
    untold: bool = False
    """There are conversations that no event has told of."""

    @property
    def done(self) -> int:
        return self.imported + self.skipped + len(self.failed) + self.more_failed

    def fail(self, failed: Failed) -> None:
        if len(self.failed) < FAILURES:
            self.failed.append(Failure(title=failed.title, code=failed.code, reason=failed.reason))
        else:
            self.more_failed += 1


@dataclass(frozen=True, slots=True)
class _Written:
    imported: int
    skipped: int
    failed: list[Failed]


class Imports:
    def __init__(self, db: Database, journal: Journal, catalog: Catalog, *, most_bytes: int) -> None:
        self._db = db
        self._journal = journal
        self._catalog = catalog
        self._unpacked = most_bytes * UNPACKED
        self._under_way: set[str] = set()

    @contextmanager
    def turn(self, user: str) -> Iterator[None]:
        """One import of a user at a time, and only some of all users together."""
        if user in self._under_way:
            raise Busy("Something is being imported already. Wait until that has ended.")
        if len(self._under_way) >= AT_ONCE:
            raise Unavailable("Too many imports are under way. Try again in a moment.", retry_after=10)
        self._under_way.add(user)
        try:
            yield
        finally:
            self._under_way.discard(user)

    async def count(self, file: BinaryIO) -> int:
        """Raises Unfit when the file is none that can be read."""
        return await to_thread.run_sync(reading.count, file, self._unpacked)

    async def run(self, user: str, file: BinaryIO, total: int) -> AsyncIterator[Progress | Result]:
        """Where it breaks off, what is imported by then stays; the same file again goes on from there."""
        found = reading.conversations(file, self._unpacked)
        tally = _Tally()
        try:
            while batch := await to_thread.run_sync(_batch, found):
                for failed in (each for each in batch if isinstance(each, Failed)):
                    tally.fail(failed)
                tell = tally.imported + len(batch) <= TOLD
                written = await self._write(user, [each for each in batch if isinstance(each, Found)], tell=tell)
                tally.untold |= not tell and written.imported > 0
                tally.imported += written.imported
                tally.skipped += written.skipped
                for failed in written.failed:
                    tally.fail(failed)
                yield Progress(done=min(tally.done, total), total=total)
        finally:
            if tally.untold:
                with anyio.CancelScope(shield=True), suppress(NotFound):
                    await self._journal.distrust(user)
        yield Result(imported=tally.imported, skipped=tally.skipped, failed=tally.failed, more_failed=tally.more_failed)

    async def _write(self, user: str, batch: Sequence[Found], *, tell: bool) -> _Written:
        models = {model.id for model in self._catalog.models}
        moment = now()

        def work(session: Session) -> Recorded[_Written]:
            events: list[Event] = []
            failed: list[Failed] = []
            skipped = 0
            shelves = False  # whether a folder was made
            sources = [planting.source_of(each.kind, each.conversation) for each in batch]
            known = repository.known_sources(session, user, sources)
            own = repository.own(session, user, [each.conversation.id for each in batch if each.kind == "parley"])
            for source, each in zip(sources, batch, strict=True):
                conversation = each.conversation
                if source in known or (each.kind == "parley" and conversation.id in own):
                    skipped += 1
                    continue
                try:
                    row, messages = planting.rows(conversation, user, moment, models)
                    shelf = planting.folder_of(conversation)
                    with session.begin_nested():
                        made = bool(shelf) and folders.put_into(session, row, shelf)
                        repository.add(session, source, row, messages)
                except ParleyError as error:
                    failed.append(Failed.of(conversation.title, error))
                except DBAPIError as error:
                    if isinstance(error, OperationalError):  # no fault of this conversation's
                        raise
                    log.warning("import.refused", reason=str(error.orig))
                    failed.append(Failed(conversation.title, "refused", "The database does not take it."))
                else:
                    known.add(source)
                    shelves = shelves or made
                    events.append(ConversationCreated(conversation=objects.conversation(row)))
            written = _Written(len(events), skipped, failed)
            if shelves:
                events.insert(0, folders.told(session, user))
            return Recorded(written, events if tell else [])

        for left in reversed(range(TRIES)):
            try:
                return await self._journal.record(user, work)
            except Unavailable:
                if left == 0:
                    raise
                await anyio.sleep(PATIENCE)
        raise AssertionError("the last try returns or raises")


def _batch(found: Iterator[Found | Failed]) -> list[Found | Failed]:
    batch: list[Found | Failed] = []
    chars = 0
    for each in islice(found, BATCH):
        batch.append(each)
        if isinstance(each, Found):
            chars += sum(len(message.text) for message in each.conversation.messages)
        if chars >= BATCH_CHARS:
            break
    return batch
