"""Links under which anybody sees a conversation, until they expire or are taken back."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from html import escape
from time import monotonic

from anyio import CapacityLimiter, to_thread
from sqlalchemy import ColumnElement, func, or_
from sqlmodel import Session, col, delete, select

from server import tables
from server.carrying import as_html, repository
from server.carrying.format import Conversation, path_of
from server.conversations import repository as conversations
from server.db import Database
from server.errors import Conflict, Invalid, NotFound
from server.pages import page
from server.pages.page import Page
from server.pages.words import Language, Words, words
from server.protocol import objects
from server.protocol.codes import AccountRole
from server.settings import Settings
from server.tables import Share, now

TOKEN_BYTES = 24
"""192 random bits."""
MOST = 200
"""Links of one user."""
FRESH_SECONDS = 1.0
"""How long a page is given to whoever asks next: a hundred who watch cost as much as one."""
CACHE_CHARS = 16 << 20
RENDERS = 2
"""Pages that a worker makes at once."""
ADMITTED = (AccountRole.ADMIN, AccountRole.USER)


@dataclass(frozen=True, slots=True)
class Rendered:
    html: str
    live: bool
    """An answer is being written in it."""


class Shares:
    def __init__(self, db: Database, settings: Settings) -> None:
        self._db = db
        self._base = settings.public_url or ""
        self._renders = CapacityLimiter(RENDERS)
        self._cache: OrderedDict[tuple[str, Language, bool], tuple[float, Rendered]] = OrderedDict()
        self._chars = 0

    async def create(self, user: str, conversation: str, expires_in: int | None) -> objects.Share:
        def work(session: Session) -> objects.Share:
            if conversations.find(session, user, conversation, lock=True).temporary:
                raise Conflict("A temporary conversation is not kept, and cannot be shared.")
            count = session.exec(select(func.count()).select_from(Share).where(Share.user_id == user, _good())).one()
            if count >= MOST:
                raise Invalid(f"You have {MOST} links already. Take one back first.")
            made = Share(user_id=user, conversation_id=conversation, token=secrets.token_urlsafe(TOKEN_BYTES))
            if expires_in is not None:
                made.expires_at = made.created_at + timedelta(seconds=expires_in)
            session.add(made)
            session.flush()
            return self._object(made)

        return await self._db.write(work)

    async def list(self, user: str, conversation: str | None) -> list[objects.Share]:
        """Those that still hold, newest first; of one conversation, or of all."""

        def work(session: Session) -> list[objects.Share]:
            query = select(Share).where(Share.user_id == user, _good())
            if conversation is not None:
                conversations.find(session, user, conversation)
                query = query.where(Share.conversation_id == conversation)
            return [self._object(row) for row in session.exec(query.order_by(col(Share.created_at).desc()))]

        return await self._db.read(work)

    async def delete(self, user: str, share: str) -> None:
        """NotFound for a foreign one."""

        def work(session: Session) -> None:
            row = session.exec(select(Share).where(Share.id == share, Share.user_id == user)).one_or_none()
            if row is None:
                raise NotFound("There is no such link.")
            session.delete(row)

        await self._db.write(work)

    async def purge(self) -> None:
        moment = now()
        await self._db.write(lambda session: session.exec(delete(Share).where(col(Share.expires_at) < moment)))

    async def page(self, token: str, language: Language, *, still: bool) -> Rendered:
        """What the link shows now; ``still``: without the words of a page that renews itself.

        NotFound, whether it never was, has expired or was taken back.
        """
        key = (token, language, still)
        made_at, kept = self._cache.get(key, (0.0, None))
        if kept is not None and monotonic() - made_at < FRESH_SECONDS and await self._db.read(partial(_holds, token)):
            return kept
        shown = await self._db.read(partial(_shown, token))
        rendered = await to_thread.run_sync(_render, shown, words(language), still, limiter=self._renders)
        self._keep(key, rendered)
        return rendered

    def _keep(self, key: tuple[str, Language, bool], rendered: Rendered) -> None:
        _, before = self._cache.pop(key, (0.0, None))
        self._chars += len(rendered.html) - (len(before.html) if before else 0)
        self._cache[key] = (monotonic(), rendered)
        while self._chars > CACHE_CHARS:
            _, (_, dropped) = self._cache.popitem(last=False)
            self._chars -= len(dropped.html)

    def _object(self, row: Share) -> objects.Share:
        return objects.Share(
            id=row.id,
            conversation=row.conversation_id,
            url=f"{self._base}/s/{row.token}",
            created_at=row.created_at,
            expires_at=row.expires_at,
        )


def gone(language: Language) -> str:
    """The page for a link that does not hold: the same for all of them."""
    words_ = words(language)
    return page.notice(words_.gone_title, words_.gone, words_)


def _good() -> ColumnElement[bool]:
    return or_(col(Share.expires_at).is_(None), col(Share.expires_at) > now())


def _holds(token: str, session: Session) -> bool:
    return _row(session, token) is not None


def _shown(token: str, session: Session) -> Conversation:
    row = _row(session, token)
    if row is None:
        raise NotFound("There is no such link.")
    return repository.shown(session, row)


def _row(session: Session, token: str) -> tables.Conversation | None:
    query = (
        select(tables.Conversation)
        .join(Share, col(Share.conversation_id) == tables.Conversation.id)
        .join(tables.User, col(tables.User.id) == Share.user_id)
        .where(Share.token == token, _good(), col(tables.User.role).in_(ADMITTED))
    )
    return session.exec(query).one_or_none()


def _render(conversation: Conversation, words_: Words, still: bool) -> Rendered:
    path = path_of(conversation)
    live = any(message.status.live for message in path)
    return Rendered("".join(page.pieces(_page(conversation, words_, live=live, still=still))), live)


def _page(conversation: Conversation, words_: Words, *, live: bool, still: bool) -> Page:
    link = f'<a href="?">{escape(words_.resume)}</a>' if still else f'<a href="?still">{escape(words_.pause)}</a>'
    return Page(
        title=conversation.title,
        messages=[as_html.shown(message) for message in path_of(conversation)],
        words=words_,
        about=words_.when(conversation.updated_at) if conversation.updated_at else "",
        asker=words_.asker,
        foot=words_.shared,
        live=f"<span>{escape(words_.paused if still else words_.live)}</span> {link}" if live else "",
    )
