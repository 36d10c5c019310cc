"""What the database holds, read past the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from anyio import to_thread
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from server.tables import Conversation, Message, Setting, User, Worker
from server.turns.repository import LIVE


@dataclass(frozen=True)
class Stored:
    messages: dict[str, Message]
    conversations: dict[str, Conversation]
    settings: dict[tuple[str, str], object]
    """By person and key."""


async def all_of(engine: Engine) -> Stored:
    return await to_thread.run_sync(_all_of, engine)


async def live_of(engine: Engine, pid: int | None = None) -> list[str]:
    """Turns that have not ended: all, or those of one process."""
    return await to_thread.run_sync(_live_of, engine, pid)


async def live_among(engine: Engine, turns: Sequence[str]) -> list[str]:
    """Those that have not ended."""
    return await to_thread.run_sync(_live_among, engine, turns)


def _all_of(engine: Engine) -> Stored:
    with Session(engine) as session:
        settings = select(User.username, Setting.key, Setting.value).join(User, col(User.id) == Setting.user_id)
        return Stored(
            {message.id: message for message in session.exec(select(Message))},
            {conversation.id: conversation for conversation in session.exec(select(Conversation))},
            {(name, key): value for name, key, value in session.exec(settings)},
        )


def _live_of(engine: Engine, pid: int | None) -> list[str]:
    query = select(Message.id).where(col(Message.status).in_(LIVE))
    if pid is not None:
        workers = select(Worker.id).where(col(Worker.name).endswith(f":{pid}"))
        query = query.where(col(Message.owner).in_(workers))
    with Session(engine) as session:
        return list(session.exec(query))


def _live_among(engine: Engine, turns: Sequence[str]) -> list[str]:
    with Session(engine) as session:
        query = select(Message.id).where(col(Message.id).in_(turns), col(Message.status).in_(LIVE))
        return list(session.exec(query))
