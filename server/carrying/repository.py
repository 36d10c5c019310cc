"""The SQL of exports and imports."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

import msgspec
from sqlalchemy import tuple_
from sqlmodel import Session, col, select

from server import tables
from server.carrying.format import Conversation, Message
from server.conversations import objects
from server.conversations import repository as conversations
from server.protocol.codes import Role
from server.protocol.objects import Params, TurnError, Usage
from server.search import index
from server.tables import Import

Place = tuple[datetime, str]
"""Where a page of ids ends."""


def page_of_ids(session: Session, user: str, after: Place | None, limit: int) -> list[Place]:
    """The user's conversations, without temporary ones, oldest first."""
    order = (col(tables.Conversation.created_at), col(tables.Conversation.id))
    query = select(tables.Conversation.created_at, tables.Conversation.id)
    query = query.where(tables.Conversation.user_id == user, ~col(tables.Conversation.temporary))
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return [(moment, id) for moment, id in session.exec(query.order_by(*order).limit(limit))]


def whole(session: Session, user: str, conversation: str) -> Conversation:
    """All of it: every branch. NotFound for a foreign one."""
    row = conversations.find(session, user, conversation)
    folder = session.get(tables.Folder, row.folder_id) if row.folder_id else None
    query = select(tables.Message).where(tables.Message.conversation_id == row.id)
    rows = session.exec(query.order_by(col(tables.Message.created_at), col(tables.Message.id)))
    return _conversation(row, [_message(message) for message in rows], folder.name if folder else None)


def shown(session: Session, row: tables.Conversation) -> Conversation:
    """The active path alone."""
    path = conversations.tree(session, row.id).path(row.leaf_id)
    return _conversation(row, [_message(message) for message in conversations.messages(session, path)])


def known_sources(session: Session, user: str, sources: Collection[str]) -> set[str]:
    """Which of these were imported already, and are still there."""
    query = select(Import.source).where(Import.user_id == user, col(Import.source).in_(sources))
    return set(session.exec(query))


def own(session: Session, user: str, ids: Collection[str]) -> set[str]:
    """Which of these are conversations of the user."""
    query = select(tables.Conversation.id).where(
        tables.Conversation.user_id == user, col(tables.Conversation.id).in_(ids)
    )
    return set(session.exec(query))


def add(session: Session, source: str, conversation: tables.Conversation, messages: Sequence[tables.Message]) -> None:
    session.add(conversation)
    session.flush()
    session.add_all(messages)
    session.add(Import(user_id=conversation.user_id, source=source, conversation_id=conversation.id))
    index.put_whole(session, conversation, [message for message in messages if message.role is not Role.SYSTEM])
    session.flush()


def _conversation(row: tables.Conversation, messages: list[Message], folder: str | None = None) -> Conversation:
    return Conversation(
        id=row.id,
        title=row.title,
        model=row.model,
        system_prompt=row.system_prompt,
        params=msgspec.convert(row.params, Params),
        pinned=row.pinned,
        archived=row.archived,
        folder=folder,
        leaf=row.leaf_id,
        created_at=row.created_at,
        updated_at=row.updated_at,
        messages=messages,
    )


def _message(row: tables.Message) -> Message:
    error = None
    if row.error_code is not None:
        error = TurnError(code=row.error_code, message=row.error_message or "")
    usage = None
    if row.prompt_tokens is not None and row.completion_tokens is not None:
        usage = Usage(prompt_tokens=row.prompt_tokens, completion_tokens=row.completion_tokens)
    return Message(
        id=row.id,
        parent=row.parent_id,
        role=row.role,
        text=row.text,
        reasoning=row.reasoning,
        reasoning_ms=row.reasoning_ms,
        status=row.status,
        error=error,
        model=row.model,
        usage=usage,
        feedback=objects.feedback(row),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )
