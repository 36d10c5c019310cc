"""What happened: the entries of the two kinds of log, and the frames that stand for them on a socket.

Entries of a log are *appended* without an offset, which the log assigns. ``turn.render`` and ``reset`` are never
appended: they are made at the edge, for one connection.
"""

from __future__ import annotations

from typing import Any

import msgspec

from server.protocol.codes import Part, Status
from server.protocol.objects import Conversation, Folder, Message, Model, Notice, Preset, Session, User


class Event(msgspec.Struct, kw_only=True, tag_field="type"):
    offset: int = 0


class UserEvent(Event):
    """An entry of a user's log: what the sidebar and every tab must know."""


class ConversationEvent(Event):
    """An entry of a conversation's log."""

    conversation: str


class ConversationCreated(UserEvent, tag="conversation.created", kw_only=True):
    conversation: Conversation


class ConversationUpdated(UserEvent, tag="conversation.updated", kw_only=True):
    conversation: Conversation


class ConversationDeleted(UserEvent, tag="conversation.deleted", kw_only=True):
    conversation: str


class TurnStatus(UserEvent, tag="turn.status", kw_only=True):
    conversation: str
    turn: str
    status: Status


class SessionOpened(UserEvent, tag="session.opened", kw_only=True):
    session: Session


class SessionClosed(UserEvent, tag="session.closed", kw_only=True):
    session: str


class DraftUpdated(UserEvent, tag="draft", kw_only=True):
    conversation: str | None
    text: str
    """Empty: there is none any more."""
    connection: str
    """That wrote it: what somebody types there is newer than this."""


class ModelsUpdated(UserEvent, tag="models.updated", kw_only=True):
    models: list[Model]


class SettingsUpdated(UserEvent, tag="settings.updated", kw_only=True):
    key: str
    value: Any


class FoldersUpdated(UserEvent, tag="folders.updated", kw_only=True):
    """All of them. A conversation whose folder is not among them is in none."""

    folders: list[Folder]


class PresetsUpdated(UserEvent, tag="presets.updated", kw_only=True):
    """All of them."""

    presets: list[Preset]


class AccountUpdated(UserEvent, tag="account.updated", kw_only=True):
    user: User


class NoticeGiven(UserEvent, tag="notice", kw_only=True):
    notice: Notice


class MessageCreated(ConversationEvent, tag="message.created", kw_only=True):
    message: Message


class TurnStarted(ConversationEvent, tag="turn.started", kw_only=True):
    """``message`` is the assistant's; it carries the text that the run goes on from."""

    message: Message
    run: int = 1
    """Of this turn: each ``continue`` begins another one."""


class TurnDelta(ConversationEvent, tag="turn.delta", kw_only=True):
    turn: str
    part: Part
    from_: int = msgspec.field(name="from")
    """Where ``text`` starts, in Unicode code points of this part."""
    text: str


class TurnFinished(ConversationEvent, tag="turn.finished", kw_only=True):
    message: Message


class MessageUpdated(ConversationEvent, tag="message.updated", kw_only=True):
    message: Message


class PathSelected(ConversationEvent, tag="path.selected", kw_only=True):
    leaf: str
    after: str | None
    """The last message that the old path and the new have in common."""
    messages: list[Message]
    """The new path after it; of a long one the end, whose first message then has another parent than ``after``."""


class TurnRender(ConversationEvent, tag="turn.render", kw_only=True):
    turn: str
    part: Part
    keep: int
    """Keep so many blocks of this part and replace the rest by ``blocks``."""
    blocks: list[str]


class Reset(msgspec.Struct, kw_only=True, tag_field="type", tag="reset"):
    """A log is no longer followed and has to be opened anew; without ``conversation``: the user's."""

    conversation: str | msgspec.UnsetType = msgspec.UNSET


AnyEvent = (
    ConversationCreated
    | ConversationUpdated
    | ConversationDeleted
    | TurnStatus
    | SessionOpened
    | SessionClosed
    | DraftUpdated
    | ModelsUpdated
    | SettingsUpdated
    | FoldersUpdated
    | PresetsUpdated
    | AccountUpdated
    | NoticeGiven
    | MessageCreated
    | TurnStarted
    | TurnDelta
    | TurnFinished
    | MessageUpdated
    | PathSelected
)
"""Everything that a log can hold."""

AnyFrame = AnyEvent | TurnRender | Reset
"""Every event that a socket can carry."""
