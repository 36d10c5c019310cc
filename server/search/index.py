"""The index of words: one row for each title, question and ended answer, and which rows hold given terms.

What stands in a row is `words.terms`, each behind the name of the shelf that the row is on. A shelf holds one user's
titles, or one user's messages of a quarter of a year. So the database's own index of words, FTS5 on SQLite and FULLTEXT
on MySQL, looks at one shelf at a time: what other people have costs nothing, and however much one person has, MySQL,
which reads every row that it finds before it gives the first, has a bounded number to read. It is asked for rows that
hold all of some words, and for nothing else: which of them come first is not left to it.

Nothing of a temporary conversation comes in here, nor do messages of the system's.

Plain functions of a database session.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import sha256

from sqlalchemy import text
from sqlmodel import Session, col, delete, select

from server.search import words
from server.tables import Conversation, Message, SearchEntry, now

TITLES = 0
"""The number of the shelf with the titles. Quarters have the numbers after it."""
FIRST_YEAR = 2022
"""What is older stands on the shelf of its first quarter."""


def put_title(session: Session, conversation: Conversation) -> None:
    """In place of the title that the conversation had before, if any."""
    _put(session, conversation, None, TITLES, conversation.title)


def put_message(session: Session, conversation: Conversation, message: Message) -> None:
    """In place of what the message was before, if it could be found before."""
    _put(session, conversation, message.id, _shelf(message), message.text)


def put_whole(session: Session, conversation: Conversation, messages: Iterable[Message]) -> None:
    """A conversation that is new and to be kept, with all that is in it. The messages have ended."""
    session.add(_entry(conversation, None, TITLES, conversation.title))
    session.add_all(_entry(conversation, message.id, _shelf(message), message.text) for message in messages)


def quarter(moment: datetime) -> int:
    """The shelf for what is of that moment; the future counts as now."""
    moment = min(moment, now())
    return max(TITLES + 1, (moment.year - FIRST_YEAR) * 4 + (moment.month + 2) // 3)


def entry_words(user: str, shelf: int, content: str) -> str:
    name = _name(user, shelf)
    return " ".join(name + term for term in words.terms(content))


def holding(
    session: Session, user: str, shelf: int, terms: Sequence[str], beginning: str | None, limit: int
) -> list[int]:
    """The newest entries on the shelf that hold all ``terms``, and one that begins with ``beginning``."""
    name = _name(user, shelf)
    wanted = [name + term for term in terms]
    begun = [] if beginning is None else [name + beginning]
    if session.get_bind().dialect.name == "sqlite":
        query = " AND ".join([f'"{word}"' for word in wanted] + [f'"{word}"*' for word in begun])
        statement = text(
            "SELECT rowid FROM search_index WHERE search_index MATCH :query ORDER BY rowid DESC LIMIT :most"
        )
        return list(session.connection().scalars(statement, {"query": query, "most": limit}))
    query = " ".join([f"+{word}" for word in wanted] + [f"+{word}*" for word in begun])
    found = select(col(SearchEntry.id)).where(col(SearchEntry.words).match(query))
    return list(session.exec(found.order_by(col(SearchEntry.id).desc()).limit(limit)))


def _put(session: Session, conversation: Conversation, message: str | None, shelf: int, content: str) -> None:
    if conversation.temporary:
        return
    entry = col(SearchEntry.conversation_id) == conversation.id, col(SearchEntry.message_id) == message
    session.exec(delete(SearchEntry).where(*entry))
    session.add(_entry(conversation, message, shelf, content))
    session.flush()


def _entry(conversation: Conversation, message: str | None, shelf: int, content: str) -> SearchEntry:
    found_by = entry_words(conversation.user_id, shelf, content)
    return SearchEntry(conversation_id=conversation.id, message_id=message, words=found_by)


def _shelf(message: Message) -> int:
    return quarter(message.finished_at or message.created_at)


def _name(user: str, shelf: int) -> str:
    """Eight characters. That two users share a name is rare, and does no harm: an entry tells whose it is."""
    high, low = divmod(shelf, len(words.DIGITS))
    return sha256(user.encode()).hexdigest()[:6] + words.DIGITS[high] + words.DIGITS[low]
