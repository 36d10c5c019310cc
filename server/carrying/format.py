"""The format of exports: one conversation, whole, as `docs/formats.md` describes it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from server.protocol.codes import Role, Status
from server.protocol.commands import MAX_SYSTEM_PROMPT
from server.protocol.objects import Feedback, Params, TurnError, Usage

VERSION = 1
MAX_TEXT = 1_000_000
"""Characters of one text: as many as a server can be set to take in a message."""
MAX_MESSAGES = 20_000
"""Of one conversation. To open it the whole tree is read, though not its texts."""

Name = Annotated[str, Meta(max_length=200)]
Text = Annotated[str, Meta(max_length=MAX_TEXT)]


class Message(msgspec.Struct, kw_only=True, omit_defaults=True):
    id: Name
    parent: Name | None
    role: Role
    text: Text
    reasoning: Text | None = None
    reasoning_ms: int | None = None
    status: Status = Status.COMPLETE
    error: TurnError | None = None
    model: Name | None = None
    usage: Usage | None = None
    feedback: Feedback | None = None
    created_at: datetime | None = None
    finished_at: datetime | None = None


class Conversation(msgspec.Struct, kw_only=True):
    """Without ``messages`` it is what stands at the head of a page or of a Markdown file."""

    id: Name
    title: str = ""
    model: Name | None = None
    system_prompt: Annotated[str, Meta(max_length=MAX_SYSTEM_PROMPT)] = ""
    params: Params = msgspec.field(default_factory=Params)
    pinned: bool = False
    archived: bool = False
    folder: Name | None = None
    """Its name."""
    leaf: Name | None = None
    """The last message of the active path."""
    created_at: datetime | None = None
    updated_at: datetime | None = None
    messages: list[Message] = []


class Export(msgspec.Struct, kw_only=True):
    parley_export: int = VERSION
    conversation: Conversation


class Head(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What a page or a Markdown file says of the conversation that it shows: no more than a reader sees."""

    parley_export: int = VERSION
    id: Name
    title: str
    created_at: datetime | None = None
    updated_at: datetime | None = None


def head_of(conversation: Conversation) -> Head:
    return Head(
        id=conversation.id,
        title=conversation.title,
        created_at=conversation.created_at,
        updated_at=conversation.updated_at,
    )


def path_of(conversation: Conversation) -> list[Message]:
    """The active path, from its beginning, as a reader sees it: without what its owner thinks of the answers."""
    by_id = {message.id: message for message in conversation.messages}
    path = []
    at = conversation.leaf
    while at is not None:
        path.append(msgspec.structs.replace(by_id[at], feedback=None))
        at = by_id[at].parent
    return path[::-1]


def in_a_row(head: Head, messages: list[Message]) -> Conversation:
    """A conversation of one path."""
    for before, message in zip([None, *messages], messages, strict=False):
        message.parent = before.id if before else None
    return Conversation(
        id=head.id,
        title=head.title,
        created_at=head.created_at,
        updated_at=head.updated_at,
        leaf=messages[-1].id if messages else None,
        messages=messages,
    )


def encode(content: Any) -> bytes:
    return msgspec.json.format(msgspec.json.encode(content), indent=1) + b"\n"
