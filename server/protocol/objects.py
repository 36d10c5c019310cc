"""What frames carry: users, conversations, messages and the rest, as clients see them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from server.protocol.codes import AccountRole, Role, SessionKind, Status, Verdict


class Object(msgspec.Struct, kw_only=True):
    """Times are aware, in UTC."""


class User(Object, kw_only=True):
    id: str
    email: str
    username: str
    role: AccountRole
    created_at: datetime


class Session(Object, kw_only=True):
    """A login session: one device."""

    id: str
    kind: SessionKind
    device: str
    """What the browser calls itself, shortened: "Firefox on Linux"; of a token its name."""
    created_at: datetime


class Params(Object, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """How the model is asked."""

    temperature: float | None = None
    max_tokens: int | None = None


class Conversation(Object, kw_only=True, omit_defaults=True):
    id: str
    title: str
    model: str | None
    """None: the default model of the moment."""
    system_prompt: str
    params: Params
    pinned: bool
    archived: bool
    folder: str | None = None
    """None: in none."""
    temporary: bool = False
    """Listed nowhere, and deleted an hour after its last activity."""
    leaf: str | None
    """The last message of the active path."""
    live_turn: str | None = None
    unread: bool
    failed: bool = False
    """What is unread is an answer that failed."""
    created_at: datetime
    updated_at: datetime
    """The last activity: a message came or an answer ended."""


class Folder(Object, kw_only=True):
    id: str
    name: str


class Preset(Object, kw_only=True):
    """A prompt that the user keeps to be sent again."""

    id: str
    name: str
    text: str


class TurnError(Object, kw_only=True):
    code: str
    message: str


class Usage(Object, kw_only=True):
    prompt_tokens: int
    completion_tokens: int


class Feedback(Object, kw_only=True, omit_defaults=True):
    value: Verdict
    comment: str | None = None


class Message(Object, kw_only=True, omit_defaults=True):
    """A row of the transcript. The turn that an assistant message stands for has the message's id."""

    id: str
    conversation: str
    parent: str | None
    role: Role
    text: str
    html: str
    """The text's blocks, joined; filled in where the frame leaves the worker."""
    reasoning: str | None = None
    reasoning_html: str | None = None
    reasoning_ms: int | None = None
    """How long the model thought before it went on to answer, in all runs together; told with the end."""
    status: Status
    error: TurnError | None = None
    model: str | None = None
    attachments: list[Any]
    siblings: list[str]
    """Ids of all messages with the same parent, this one included, oldest first."""
    usage: Usage | None = None
    context_start: str | None = None
    """The oldest message that the model was given for this answer; None: all of them."""
    feedback: Feedback | None = None
    """What the owner thinks of an answer."""
    created_at: datetime
    finished_at: datetime | None = None


class Share(Object, kw_only=True):
    """A link under which anybody sees a conversation."""

    id: str
    conversation: str
    url: str
    """Without a host where the server does not know its own: then it is the one that was asked."""
    created_at: datetime
    expires_at: datetime | None
    """None: it holds until it is taken back."""


class LiveTurn(Object, kw_only=True, omit_defaults=True):
    """What there is of a live answer, as of the snapshot's offset. Blocks are given to ``html`` followers only."""

    turn: str
    text: str
    reasoning: str
    blocks: list[str] | None = None
    reasoning_blocks: list[str] | None = None


class TurnState(Object, kw_only=True):
    conversation: str
    turn: str
    status: Status


class Draft(Object, kw_only=True):
    conversation: str | None
    text: str


class Hit(Object, kw_only=True, omit_defaults=True):
    conversation: str
    title: str
    message: str | None = None
    """Absent where it is the title that was found."""
    snippet: str
    """Of the title, or of the message's text around what was found: in one line, without any marks in it."""


class Model(Object, kw_only=True):
    id: str
    name: str
    provider: str
    context_tokens: int | None
    """How much fits in, as far as it is known."""
    demo: bool
    """The built-in model that needs no network."""


class Notice(Object, kw_only=True):
    id: str
    text: str
    level: str


class Limits(Object, kw_only=True):
    frame_bytes: int
    """The largest frame that a client may send."""
    message_chars: int
    """Unicode code points of one message."""
    attachments: dict[str, int]
    active_turns: int
    """Answers running at once, per user."""


class Server(Object, kw_only=True):
    version: str
    client: str | msgspec.UnsetType = msgspec.UNSET
    """Which build of the client this server has. A page that is another may ask its reader to reload."""
