"""Rows as the wire's objects."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from server import tables
from server.protocol import objects
from server.protocol.codes import Verdict
from server.transcript.branch import Tree


def conversation(row: tables.Conversation) -> objects.Conversation:
    return objects.Conversation(
        id=row.id,
        title=row.title,
        model=row.model,
        system_prompt=row.system_prompt,
        params=msgspec.convert(row.params, objects.Params),
        pinned=row.pinned,
        archived=row.archived,
        folder=row.folder_id,
        temporary=row.temporary,
        leaf=row.leaf_id,
        live_turn=row.live_turn_id,
        unread=row.unread,
        failed=row.failed,
        created_at=row.created_at,
        updated_at=row.updated_at,
    )


def folder(row: tables.Folder) -> objects.Folder:
    return objects.Folder(id=row.id, name=row.name)


def message(row: tables.Message, siblings: list[str]) -> objects.Message:
    """With an empty ``html``, which is filled in where the frame leaves the worker."""
    error = None
    if row.error_code is not None:
        error = objects.TurnError(code=row.error_code, message=row.error_message or "")
    usage = None
    if row.prompt_tokens is not None and row.completion_tokens is not None:
        usage = objects.Usage(prompt_tokens=row.prompt_tokens, completion_tokens=row.completion_tokens)
    return objects.Message(
        id=row.id,
        conversation=row.conversation_id,
        parent=row.parent_id,
        role=row.role,
        text=row.text,
        html="",
        reasoning=row.reasoning,
        reasoning_ms=row.reasoning_ms,
        status=row.status,
        error=error,
        model=row.model,
        attachments=[],
        siblings=siblings,
        usage=usage,
        context_start=None if row.status.live else row.context_start_id,  # told with the end, like the rest of it
        feedback=feedback(row),
        created_at=row.created_at,
        finished_at=row.finished_at,
    )


def feedback(row: tables.Message) -> objects.Feedback | None:
    if row.feedback is None:
        return None
    return objects.Feedback(value=Verdict(row.feedback), comment=row.feedback_comment)


def messages(rows: Iterable[tables.Message], tree: Tree) -> list[objects.Message]:
    return [message(row, tree.siblings(row.id)) for row in rows]
