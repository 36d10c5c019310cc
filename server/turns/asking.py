"""The first write of a turn: the rows of a question and of its pending answer, and what they have to say.

Plain functions of a database session. They take the conversation's row locked, and leave the active path at the new
answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from msgspec import UNSET, UnsetType
from sqlmodel import Session

from server.conversations import objects
from server.conversations import repository as conversations
from server.conversations.views import selected
from server.errors import Conflict, NotFound
from server.protocol.codes import Part, Role, Status
from server.protocol.events import (
    ConversationCreated,
    ConversationUpdated,
    Event,
    MessageCreated,
    TurnStarted,
    TurnStatus,
)
from server.search import index
from server.tables import Conversation, Message, now
from server.transcript.branch import Node, Tree
from server.turns import repository
from server.turns.repository import Run

BROKEN_OFF = (Status.STOPPED, Status.INTERRUPTED, Status.FAILED, Status.TRUNCATED)


@dataclass(frozen=True, slots=True)
class Planted:
    """A turn that may begin once this is committed."""

    question: str
    run: Run
    model: str
    events: list[Event]
    base: Mapping[Part, str] = field(default_factory=dict)
    """What earlier runs of the turn have left."""


def ask(
    session: Session, row: Conversation, text: str, parent: str | UnsetType | None, *, model: str, worker: str
) -> Planted:
    """A new question after ``parent`` (absent: at the end of the active path). ``row`` may be a new conversation."""
    tree = conversations.tree(session, row.id)
    return _ask(session, row, tree, text, _place(session, row, tree, parent), model=model, worker=worker)


def ask_otherwise(session: Session, row: Conversation, question: str, text: str, *, model: str, worker: str) -> Planted:
    """A sibling of a question, and an answer to it."""
    (old,) = conversations.messages(session, [question])
    if old.role is not Role.USER:
        raise Conflict("Only a question can be edited.", field="message")
    tree = conversations.tree(session, row.id)
    return _ask(session, row, tree, text, old.parent_id, model=model, worker=worker)


def _ask(
    session: Session, row: Conversation, tree: Tree, text: str, after: str | None, *, model: str, worker: str
) -> Planted:
    created = row.leaf_id is None
    old_path = tree.path(row.leaf_id)
    moment = now()
    question = Message(
        conversation_id=row.id,
        parent_id=after,
        role=Role.USER,
        text=text,
        status=Status.COMPLETE,
        created_at=moment,
        finished_at=moment,
    )
    session.add(row)
    session.flush()
    session.add(question)
    if created:
        index.put_title(session, row)
    index.put_message(session, row, question)
    tree.add(_node(question))
    answer = _pending(session, row, tree, question.id, model=model, worker=worker)

    sidebar = objects.conversation(row)
    events: list[Event] = [
        ConversationCreated(conversation=sidebar) if created else ConversationUpdated(conversation=sidebar),
        MessageCreated(conversation=row.id, message=objects.message(question, tree.siblings(question.id))),
    ]
    if old_path and old_path[-1] != after:
        events.append(selected(session, row.id, tree, old_path, question.id))
    return Planted(
        question.id, repository.run_of(answer, row.user_id), answer.model or "", [*events, *_begun(row, answer, tree)]
    )


def answer_again(session: Session, row: Conversation, turn: str, *, model: str, worker: str) -> Planted:
    """A sibling of an answer, to the same question."""
    (old,) = conversations.messages(session, [turn])
    if old.role is not Role.ASSISTANT or old.parent_id is None:
        raise Conflict("Only an answer can be written again.", field="turn")
    tree = conversations.tree(session, row.id)
    old_path = tree.path(row.leaf_id)
    answer = _pending(session, row, tree, old.parent_id, model=model, worker=worker)

    started, status = _begun(row, answer, tree)
    path = selected(session, row.id, tree, old_path, answer.id)
    updated = ConversationUpdated(conversation=objects.conversation(row))
    return Planted(
        old.parent_id, repository.run_of(answer, row.user_id), answer.model or "", [updated, started, path, status]
    )


def go_on(session: Session, row: Conversation, turn: str, *, worker: str) -> Planted:
    """Another run of an answer that broke off: its text so far is what the run goes on from."""
    (answer,) = conversations.messages(session, [turn])
    tree = conversations.tree(session, row.id)
    if answer.role is not Role.ASSISTANT or answer.parent_id is None or answer.status not in BROKEN_OFF:
        raise Conflict("Only an answer that broke off can be continued.", field="turn")
    if tree.children(turn):
        raise Conflict("The conversation has gone on after this answer.", field="turn")
    old_path = tree.path(row.leaf_id)
    repository.begin(row, answer, worker)
    session.flush()

    started, status = _begun(row, answer, tree)
    events: list[Event] = [ConversationUpdated(conversation=objects.conversation(row)), started]
    if old_path[-1] != turn:
        events.append(selected(session, row.id, tree, old_path, turn))
    base = {Part.ANSWER: answer.text, Part.REASONING: answer.reasoning or ""}
    return Planted(
        answer.parent_id, repository.run_of(answer, row.user_id), answer.model or "", [*events, status], base
    )


def _place(session: Session, row: Conversation, tree: Tree, parent: str | UnsetType | None) -> str | None:
    """Where a new message goes: after what its sender saw last. A question stands for its newest answer."""
    if parent is UNSET:
        return row.leaf_id
    if parent is None:
        return None
    if parent not in tree:
        raise NotFound("There is no such message in this conversation.", field="parent")
    (seen,) = conversations.messages(session, [parent])
    answers = tree.children(seen.id)
    return answers[-1] if seen.role is Role.USER and answers else seen.id


def _pending(session: Session, row: Conversation, tree: Tree, parent: str, *, model: str, worker: str) -> Message:
    answer = Message(
        conversation_id=row.id,
        parent_id=parent,
        role=Role.ASSISTANT,
        status=Status.PENDING,
        model=model,
        owner=worker,
        run=1,
        created_at=now(),
    )
    row.leaf_id = row.live_turn_id = answer.id
    row.updated_at = answer.created_at
    session.add(answer)
    session.flush()
    tree.add(_node(answer))
    return answer


def _node(message: Message) -> Node:
    return Node(message.id, message.parent_id, message.created_at, message.created_at)


def _begun(row: Conversation, answer: Message, tree: Tree) -> tuple[Event, Event]:
    message = objects.message(answer, tree.siblings(answer.id))
    return (
        TurnStarted(conversation=row.id, message=message, run=answer.run),
        TurnStatus(conversation=row.id, turn=answer.id, status=answer.status),
    )
