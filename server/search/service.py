"""Looks for words in what a user has asked, been answered and named."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from anyio import CapacityLimiter
from sqlmodel import Session, col, select

from server.db import Database
from server.protocol.objects import Hit
from server.search import index, snippet
from server.search.query import Query
from server.tables import Conversation, Message, SearchEntry, now

AT_ONCE = 2
"""Searches of this process: they must not keep others from reading."""
CANDIDATES = 1000
"""Entries of one shelf that are looked at, at most."""
LOADED = 20
"""Texts at once."""
IN_VAIN = 3_000_000
"""Characters of texts that have all pairs of characters, but not together: after them a search gives up."""


class Search:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._limiter = CapacityLimiter(AT_ONCE)

    async def find(self, user: str, asked: str, limit: int) -> list[Hit]:
        """Titles first, those of the conversations with the latest activity before others; then messages, the newest
        before others."""
        query = Query.of(asked)
        if not query.phrases:
            return []
        async with self._limiter:
            return await self._db.read(lambda session: list(islice(_hits(session, user, query), limit)))


def _hits(session: Session, user: str, query: Query) -> Iterator[Hit]:
    yield from _titles(session, user, query)
    vain = 0
    for shelf in range(index.quarter(now()), index.TITLES, -1):
        for conversation, message, text in _messages(session, user, shelf, query):
            place = query.place_in(text)
            if place is not None:
                around = snippet.around(text, place, markdown=True)
                yield Hit(conversation=conversation.id, title=conversation.title, message=message, snippet=around)
                continue
            vain += len(text)
            if vain > IN_VAIN:
                return


def _titles(session: Session, user: str, query: Query) -> Iterator[Hit]:
    found = (
        select(Conversation.user_id, Conversation.id, Conversation.title)
        .join(SearchEntry, col(SearchEntry.conversation_id) == Conversation.id)
        .where(col(SearchEntry.id).in_(_holding(session, user, index.TITLES, query)))
        .order_by(col(Conversation.updated_at).desc(), col(Conversation.id).desc())
    )
    for owner, conversation, title in session.exec(found):
        place = query.place_in(title)
        if owner == user and place is not None:
            yield Hit(conversation=conversation, title=title, snippet=snippet.around(title, place))


def _messages(session: Session, user: str, shelf: int, query: Query) -> Iterator[tuple[Conversation, str, str]]:
    """With the message's id and text, as they are needed: a text can be long.

    Asked for the user's as well, MySQL begins with all conversations that the user has.
    """
    entries = _holding(session, user, shelf, query)
    for start in range(0, len(entries), LOADED):
        found = (
            select(Conversation, Message.id, Message.text)
            .join(SearchEntry, col(SearchEntry.conversation_id) == Conversation.id)
            .join(Message, col(Message.id) == SearchEntry.message_id)
            .where(col(SearchEntry.id).in_(entries[start : start + LOADED]))
            .order_by(col(SearchEntry.id).desc())
        )
        for conversation, message, content in session.exec(found).all():
            if conversation.user_id == user:
                yield conversation, message, content


def _holding(session: Session, user: str, shelf: int, query: Query) -> list[int]:
    return index.holding(session, user, shelf, query.terms, query.beginning, CANDIDATES)
