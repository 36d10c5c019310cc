"""The SQL of conversations and their messages: plain functions of a database session."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy import ColumnElement, tuple_, update
from sqlmodel import Session, col, delete, select

from server.errors import Invalid, NotFound, TooLarge
from server.tables import Conversation, Folder, Message, Setting
from server.transcript.branch import Node, Tree

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CURSOR = re.compile(r"(?P<moment>[0-9a-f]{1,14})-(?P<conversation>[0-9a-f]{24})")
"""Microseconds since `EPOCH`, and an id. Fourteen digits reach to the year 4253."""
PAGE_BYTES = 300_000
"""Of the titles and prompts on a page of conversations: with all else that a tab begins with, it has to fit a frame."""
SETTINGS_LIMIT = 200
SETTINGS_BYTES = 200_000
"""Settings of one user, at most, and all their values as JSON together: every snapshot holds them."""
PERSONAL_PROMPT = "system_prompt"
"""The user's setting that the prompt of each of their conversations begins with."""


def find(session: Session, user: str, conversation: str, *, lock: bool = False) -> Conversation:
    """The user's conversation; a foreign one is NotFound, like one that does not exist.

    With ``lock`` nobody else changes it until the transaction ends (SQLite has one writer anyway).
    """
    query = select(Conversation).where(Conversation.id == conversation, Conversation.user_id == user)
    found = session.exec(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise NotFound("There is no such conversation.")
    return found


def find_message(session: Session, user: str, message: str) -> tuple[Conversation, Message]:
    """A message in one of the user's conversations."""
    query = (
        select(Conversation, Message)
        .where(Message.id == message, Conversation.user_id == user)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
    )
    found = session.exec(query).one_or_none()
    if found is None:
        raise NotFound("There is no such message.")
    return found


def tree(session: Session, conversation: str) -> Tree:
    query = select(Message.id, Message.parent_id, Message.created_at, Message.selected_at)
    rows = session.exec(query.where(Message.conversation_id == conversation))
    return Tree(Node(id, parent, created, selected or created) for id, parent, created, selected in rows)


def siblings(session: Session, message: Message) -> list[str]:
    """Ids of all messages with the same parent, this one included, oldest first."""
    query = select(Message.id).where(
        Message.conversation_id == message.conversation_id, Message.parent_id == message.parent_id
    )
    return list(session.exec(query.order_by(col(Message.created_at), col(Message.id))))


def messages(session: Session, ids: Sequence[str]) -> list[Message]:
    """Whole rows, in the order of ``ids``."""
    found = {row.id: row for row in session.exec(select(Message).where(col(Message.id).in_(ids)))}
    return [found[message] for message in ids]


def page(
    session: Session,
    user: str,
    *,
    before: str | None,
    limit: int,
    archived: bool,
    folder: str | UnsetType | None = UNSET,
) -> tuple[list[Conversation], str | None]:
    """Conversations by their last activity, newest first, and the cursor of the next page.

    A page has ``limit`` of them, or fewer if they would not fit a frame.

    ``folder``: None for those that are in none; absent for all.
    """
    query = (
        select(Conversation)
        .where(Conversation.user_id == user, Conversation.archived == archived, ~col(Conversation.temporary))
        .order_by(col(Conversation.updated_at).desc(), col(Conversation.id).desc())
        .limit(limit + 1)
    )
    if folder is not UNSET:
        query = query.where(Conversation.folder_id == folder)
    if before is not None:
        place = tuple_(col(Conversation.updated_at), col(Conversation.id))
        query = query.where(place < tuple_(*_place(before)))
    rows = list(session.exec(query))
    shown = fitting(rows[:limit])
    return shown, (_cursor(shown[-1]) if len(rows) > len(shown) else None)


def fitting(rows: list[Conversation]) -> list[Conversation]:
    """The first of ``rows``, as far as their texts stay within ``PAGE_BYTES`` together; one at least."""
    taken = 0
    for index, row in enumerate(rows):
        taken += len(row.title.encode()) + len(row.system_prompt.encode())
        if taken > PAGE_BYTES:
            return rows[: max(index, 1)]
    return rows


def pinned(session: Session, user: str) -> list[Conversation]:
    query = select(Conversation).where(Conversation.user_id == user, Conversation.pinned, ~col(Conversation.archived))
    return list(session.exec(query.order_by(col(Conversation.updated_at).desc(), col(Conversation.id).desc())))


def live_turns(session: Session, where: ColumnElement[bool]) -> list[tuple[Conversation, Message]]:
    """Conversations with a running answer, and that answer's row."""
    query = select(Conversation, Message).join(Message, col(Message.id) == Conversation.live_turn_id).where(where)
    return list(session.exec(query))


def left_temporary(session: Session, before: datetime, limit: int) -> list[tuple[str, str]]:
    """Users and their temporary conversations in which nothing has happened since, and nothing happens."""
    query = select(Conversation.user_id, Conversation.id).where(
        col(Conversation.temporary), Conversation.updated_at < before, col(Conversation.live_turn_id).is_(None)
    )
    return list(session.exec(query.limit(limit)))


def remove(session: Session, user: str, ids: Collection[str]) -> None:
    session.exec(delete(Conversation).where(col(Conversation.id).in_(ids), col(Conversation.user_id) == user))


def folders(session: Session, user: str) -> list[Folder]:
    """Oldest first."""
    query = select(Folder).where(Folder.user_id == user)
    return list(session.exec(query.order_by(col(Folder.created_at), col(Folder.id))))


def find_folder(session: Session, user: str, folder: str) -> Folder:
    found = session.get(Folder, folder)
    if found is None or found.user_id != user:
        raise NotFound("There is no such folder.", field="folder")
    return found


def empty_folder(session: Session, user: str, folder: str) -> None:
    """Its conversations are in none."""
    inside = (col(Conversation.user_id) == user, col(Conversation.folder_id) == folder)
    session.exec(update(Conversation).where(*inside).values(folder_id=None))


def settings(session: Session, user: str) -> dict[str, Any]:
    return dict(session.exec(select(Setting.key, Setting.value).where(Setting.user_id == user)).all())


def personal_prompt(session: Session, user: str) -> str:
    setting = session.get(Setting, (user, PERSONAL_PROMPT))
    return "" if setting is None else str(setting.value)


def set_setting(session: Session, user: str, key: str, value: Any) -> None:
    """None removes it."""
    if value is None:
        session.exec(delete(Setting).where(col(Setting.user_id) == user, col(Setting.key) == key))
        return
    session.merge(Setting(user_id=user, key=key, value=value))
    session.flush()
    kept = settings(session, user)
    if len(kept) > SETTINGS_LIMIT:
        raise Invalid(f"More than {SETTINGS_LIMIT} settings are not kept.", field="key")
    if len(msgspec.json.encode(kept)) > SETTINGS_BYTES:
        raise TooLarge(f"All settings together may hold {SETTINGS_BYTES:,} bytes.", field="value")


def _cursor(row: Conversation) -> str:
    """A place in the order, which stays valid when the conversation itself moves on or is deleted."""
    return f"{(row.updated_at - EPOCH) // timedelta(microseconds=1):x}-{row.id}"


def _place(cursor: str) -> tuple[datetime, str]:
    found = CURSOR.fullmatch(cursor)
    if found is None:
        raise Invalid("This is not a cursor that `next` gave.", field="before")
    return EPOCH + timedelta(microseconds=int(found["moment"], 16)), found["conversation"]
