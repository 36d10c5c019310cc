"""The SQL of turns: questions and their pending answers, checkpoints, final states, remembered requests."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256

from sqlalchemy import CursorResult, bindparam, func, or_, update
from sqlmodel import Session, col, delete, select

from server.errors import Conflict
from server.protocol.codes import Status
from server.search import index
from server.tables import ClientRequest, Conversation, Message, Worker, now

LIVE = (Status.PENDING, Status.STREAMING)


@dataclass(frozen=True, slots=True)
class Run:
    """One run of a turn, and the worker that may write it."""

    turn: str
    conversation: str
    user: str
    owner: str
    number: int


@dataclass(frozen=True, slots=True)
class Written:
    """What a run has written so far."""

    run: Run
    text: str
    reasoning: str
    context_start: str | None = None
    """The oldest message that the model was given; None: all of them."""
    thought_ms: int | None = None
    """How long it has thought in this run; None: not at all."""


def active_turns(session: Session, user: str) -> int:
    query = select(func.count()).select_from(Conversation)
    return session.exec(query.where(Conversation.user_id == user, col(Conversation.live_turn_id).is_not(None))).one()


def checkpoint(session: Session, written: Sequence[Written]) -> None:
    """The texts so far of all live turns of a worker, in one statement. Turns that have ended stay as they are."""
    table = Message.__table__  # type: ignore[attr-defined]
    statement = (
        update(table)
        .where(
            table.c.id == bindparam("of_turn"),
            table.c.owner == bindparam("of_owner"),
            table.c.run == bindparam("of_run"),
            or_(*(table.c.status == status for status in LIVE)),  # an IN cannot be part of an executemany
        )
        .values(
            text=bindparam("new_text"), reasoning=bindparam("new_reasoning"), context_start_id=bindparam("new_start")
        )
    )
    session.connection().execute(
        statement,
        [
            {
                "of_turn": one.run.turn,
                "of_owner": one.run.owner,
                "of_run": one.run.number,
                "new_text": one.text,
                "new_reasoning": one.reasoning or None,
                "new_start": one.context_start,
            }
            for one in written
        ],
    )


def owned(session: Session, run: Run) -> Message | None:
    """The row of a run that has not ended, locked; None when it has ended, belongs to another, or is deleted."""
    query = select(Message).where(
        Message.id == run.turn,
        Message.owner == run.owner,
        Message.run == run.number,
        col(Message.status).in_(LIVE),
    )
    return session.exec(query.with_for_update()).one_or_none()


def orphans(session: Session) -> list[Run]:
    """Runs of all users that have not ended, and whose worker does not exist any more."""
    query = (
        select(Message, Conversation.user_id)
        .join(Conversation, col(Conversation.id) == Message.conversation_id)
        .where(col(Message.status).in_(LIVE), col(Message.owner).not_in(select(Worker.id)))
    )
    return [run_of(message, user) for message, user in session.exec(query)]


def run_of(message: Message, user: str) -> Run:
    """The present run of a turn."""
    return Run(message.id, message.conversation_id, user, message.owner or "", message.run)


def begin(conversation: Conversation, message: Message, owner: str) -> None:
    """Marks another run of a turn as live, and the turn as the end of the active path."""
    message.run += 1
    message.owner = owner
    message.status = Status.STREAMING if message.text or message.reasoning else Status.PENDING
    message.error_code = message.error_message = message.finished_at = None
    conversation.leaf_id = conversation.live_turn_id = message.id
    conversation.failed = False
    conversation.updated_at = now()


def end(session: Session, conversation: Conversation, message: Message, status: Status) -> None:
    """Marks a turn as ended, and its conversation as free again and unread. What was answered can be found."""
    message.status = status
    message.owner = None
    message.finished_at = now()
    if conversation.live_turn_id == message.id:
        conversation.live_turn_id = None
    conversation.unread, conversation.failed = True, status is Status.FAILED
    conversation.updated_at = message.finished_at
    index.put_message(session, conversation, message)


def remembered(session: Session, user: str, client_id: str, asked: str) -> dict[str, str] | None:
    """What this ``client_id`` was answered with, if it was used before. Conflict when it asked for something else."""
    row = session.get(ClientRequest, (user, digest(client_id)))
    if row is None:
        return None
    if row.fingerprint != digest(asked):
        raise Conflict("This `client_id` was used for something else.", field="client_id")
    return row.reply


def remember(session: Session, user: str, client_id: str, asked: str, reply: dict[str, str]) -> None:
    session.add(ClientRequest(user_id=user, key=digest(client_id), fingerprint=digest(asked), reply=reply))
    session.flush()


def forget_requests(session: Session, before: datetime) -> int:
    """Removes remembered requests that are older; returns how many."""
    result = session.exec(delete(ClientRequest).where(col(ClientRequest.created_at) < before))
    return result.rowcount if isinstance(result, CursorResult) else 0


def digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()
