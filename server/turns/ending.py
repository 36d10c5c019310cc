"""How a run ends: the last write of a turn, and what it has to say."""

from __future__ import annotations

from dataclasses import dataclass

import structlog
from sqlmodel import Session

from server import metrics, tables
from server.conversations import objects
from server.conversations import repository as conversations
from server.journal import Recorded
from server.protocol.codes import Status
from server.protocol.events import ConversationUpdated, Event, TurnFinished, TurnStatus
from server.protocol.objects import TurnError, Usage
from server.turns import repository
from server.turns.repository import Run, Written

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Ending:
    status: Status
    error: TurnError | None = None
    usage: Usage | None = None


NOT_STORED = Ending(
    Status.FAILED,
    TurnError(
        code="internal", message="The end of this answer could not be stored; the server's log says why. Try again."
    ),
)


def finish(session: Session, run: Run, written: Written | None, ending: Ending) -> Recorded[tables.Conversation | None]:
    """Ends a run if it is its owner's still. ``written``: None leaves the row its text."""
    conversation = session.get(tables.Conversation, run.conversation, with_for_update=True)
    message = repository.owned(session, run)
    if conversation is None or message is None:
        return Recorded(None)
    if written is not None:
        message.text = written.text
        message.reasoning = written.reasoning or None
        message.context_start_id = written.context_start
        if written.thought_ms is not None:
            message.reasoning_ms = (message.reasoning_ms or 0) + written.thought_ms
    if ending.error is not None:
        message.error_code, message.error_message = ending.error.code, ending.error.message
    if ending.usage is not None:
        # Of all its runs together: that is what it has cost.
        message.prompt_tokens = (message.prompt_tokens or 0) + ending.usage.prompt_tokens
        message.completion_tokens = (message.completion_tokens or 0) + ending.usage.completion_tokens
    repository.end(session, conversation, message, ending.status)
    return Recorded(conversation, ended(session, conversation, message))


def ended(session: Session, conversation: tables.Conversation, message: tables.Message) -> list[Event]:
    """What the end of a turn has to say."""
    session.flush()
    siblings = conversations.siblings(session, message)
    return [
        TurnFinished(conversation=conversation.id, message=objects.message(message, siblings)),
        TurnStatus(conversation=conversation.id, turn=message.id, status=message.status),
        ConversationUpdated(conversation=objects.conversation(conversation)),
    ]


def note(run: Run, ending: Ending, *, known: bool) -> None:
    """``known``: the run was this worker's to end."""
    if known:
        metrics.TURNS.labels(str(ending.status)).inc()
    error = ending.error.code if ending.error else None
    log.info("turn.finished", turn=run.turn, user=run.user, status=str(ending.status), error=error)
