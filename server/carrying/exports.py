"""Conversations as files: one, or all of them as an archive that never exists as a whole."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from functools import partial

from anyio import CapacityLimiter, to_thread
from sqlmodel import Session

from server.carrying import as_html, as_markdown, filenames, format, repository
from server.carrying.archive import Archive
from server.carrying.format import Conversation, Export
from server.conversations import repository as conversations
from server.db import Database
from server.errors import Busy, NotFound
from server.pages.words import Language, Words, words
from server.tables import now

PAGE = 200
"""Ids that are looked up at once."""
THREADS = 2
"""Files that a worker packs at once, whoever waits for them."""


class Kind(StrEnum):
    MARKDOWN = "markdown"
    JSON = "json"
    HTML = "html"

    @property
    def ending(self) -> str:
        return "md" if self is Kind.MARKDOWN else self.value

    @property
    def media_type(self) -> str:
        return "application/json" if self is Kind.JSON else f"text/{self.value}; charset=utf-8"


@dataclass(frozen=True, slots=True)
class File:
    name: str
    content: bytes


class Exports:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._under_way: set[str] = set()
        self._threads = CapacityLimiter(THREADS)

    async def one(self, user: str, conversation: str, kind: Kind, language: Language) -> File:
        """NotFound for a foreign conversation."""
        read, words_ = await self._db.read(
            lambda session: (repository.whole(session, user, conversation), _words(session, user, language))
        )
        content = await to_thread.run_sync(lambda: b"".join(_pieces(read, kind, words_)), limiter=self._threads)
        return File(f"{filenames.stem(read.title)}.{kind.ending}", content)

    @contextmanager
    def turn(self, user: str) -> Iterator[None]:
        """One archive of a user at a time."""
        if user in self._under_way:
            raise Busy("Your conversations are being exported already. Wait until that has ended.")
        self._under_way.add(user)
        try:
            yield
        finally:
            self._under_way.discard(user)

    async def all(self, user: str, kind: Kind, language: Language) -> AsyncIterator[bytes]:
        """The archive, a conversation at a time. One that is deleted meanwhile is left out."""
        words_ = await self._db.read(lambda session: _words(session, user, language))
        archive = Archive()
        after: repository.Place | None = None
        while places := await self._db.read(_page(user, after)):
            for _, id in places:
                try:
                    read = await self._db.read(_whole(user, id))
                except NotFound:
                    continue
                yield await to_thread.run_sync(partial(_add, archive, read, kind, words_), limiter=self._threads)
            after = places[-1]
        yield archive.end()

    @staticmethod
    def archive_name() -> str:
        return f"parley-{now():%Y-%m-%d}.zip"


def _page(user: str, after: repository.Place | None) -> Callable[[Session], list[repository.Place]]:
    return lambda session: repository.page_of_ids(session, user, after, PAGE)


def _whole(user: str, id: str) -> Callable[[Session], Conversation]:
    return lambda session: repository.whole(session, user, id)


def _add(archive: Archive, conversation: Conversation, kind: Kind, words: Words) -> bytes:
    created_at = conversation.created_at or now()
    name = filenames.in_archive(conversation.title, conversation.id, created_at, kind.ending)
    return archive.add(name, conversation.updated_at or created_at, _pieces(conversation, kind, words))


def _pieces(conversation: Conversation, kind: Kind, words: Words) -> Iterator[bytes]:
    if kind is Kind.JSON:
        yield format.encode(Export(conversation=conversation))
        return
    write = as_markdown.pieces if kind is Kind.MARKDOWN else as_html.pieces
    for piece in write(conversation, words):
        yield piece.encode("utf-8", "replace")


def _words(session: Session, user: str, language: Language) -> Words:
    """In the language that the user has chosen, else in ``language``."""
    chosen = conversations.settings(session, user).get("language")
    return words(chosen if chosen in ("en", "zh") else language)
