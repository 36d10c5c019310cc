"""What the server answers: the first frame, and one reply or error for every command."""

from __future__ import annotations

from typing import Any, Generic, Self, TypeVar

import msgspec

from server.protocol import commands
from server.protocol.codes import ErrorCode
from server.protocol.objects import (
    Conversation,
    Draft,
    Folder,
    Hit,
    Limits,
    LiveTurn,
    Message,
    Model,
    Notice,
    Preset,
    Server,
    Session,
    Share,
    TurnState,
    User,
)

PROTOCOL = 1


class Hello(msgspec.Struct, kw_only=True, tag_field="type", tag="hello"):
    protocol: int = PROTOCOL
    connection: str
    session: str
    user: User
    heartbeat: int
    """Seconds. Silence for two of them after a ``ping`` means that the line is gone."""
    limits: Limits
    server: Server


class Data(msgspec.Struct, kw_only=True):
    """The ``data`` of a reply."""


class Done(Data, kw_only=True):
    pass


class UserSnapshot(Data, kw_only=True):
    user: User
    conversations: list[Conversation]
    next: str | None
    drafts: list[Draft]
    sessions: list[Session]
    models: list[Model]
    live_turns: list[TurnState]
    settings: dict[str, Any]
    folders: list[Folder]
    presets: list[Preset]
    notices: list[Notice]


class ConversationSnapshot(Data, kw_only=True):
    conversation: Conversation
    messages: list[Message]
    next: str | None
    live: list[LiveTurn]


class Synced(Data, kw_only=True, omit_defaults=True):
    epoch: str
    offset: int
    recovered: bool
    snapshot: UserSnapshot | None = None


class Opened(Data, kw_only=True, omit_defaults=True):
    epoch: str
    offset: int
    recovered: bool
    snapshot: ConversationSnapshot | None = None


class Sent(Data, kw_only=True):
    conversation: str
    message: str
    turn: str
    epoch: str
    offset: int


class Begun(Data, kw_only=True):
    turn: str


class Edited(Data, kw_only=True):
    message: str
    turn: str


class Titled(Data, kw_only=True):
    title: str


class Listed(Data, kw_only=True):
    conversations: list[Conversation]
    next: str | None


class Historied(Data, kw_only=True):
    messages: list[Message]
    next: str | None


class Searched(Data, kw_only=True):
    hits: list[Hit]


class Updated(Data, kw_only=True):
    conversation: Conversation


class Shared(Data, kw_only=True):
    share: Share


class SharesListed(Data, kw_only=True):
    shares: list[Share]


class Foldered(Data, kw_only=True):
    folder: Folder


class Saved(Data, kw_only=True):
    preset: Preset


class Modelled(Data, kw_only=True):
    models: list[Model]


REPLIES: dict[type[commands.Command], type[Data]] = {
    commands.Ping: Done,
    commands.Sync: Synced,
    commands.Open: Opened,
    commands.Close: Done,
    commands.Send: Sent,
    commands.Stop: Done,
    commands.Regenerate: Begun,
    commands.Edit: Edited,
    commands.Continue: Begun,
    commands.Select: Done,
    commands.SetTitle: Titled,
    commands.List: Listed,
    commands.History: Historied,
    commands.Search: Searched,
    commands.Update: Updated,
    commands.Delete: Done,
    commands.Read: Done,
    commands.SetDraft: Done,
    commands.CreateShare: Shared,
    commands.ListShares: SharesListed,
    commands.DeleteShare: Done,
    commands.GiveFeedback: Done,
    commands.SetSetting: Done,
    commands.CreateFolder: Foldered,
    commands.UpdateFolder: Foldered,
    commands.DeleteFolder: Done,
    commands.SavePreset: Saved,
    commands.DeletePreset: Done,
    commands.ListModels: Modelled,
}

D = TypeVar("D", bound=Data)


class Reply(msgspec.Struct, Generic[D], kw_only=True, tag_field="type", tag="reply"):
    id: str
    data: D


class Error(msgspec.Struct, kw_only=True, tag_field="type", tag="error"):
    id: str | None
    code: ErrorCode
    message: str
    field: str | msgspec.UnsetType = msgspec.UNSET
    retry_after: float | msgspec.UnsetType = msgspec.UNSET

    @classmethod
    def of(
        cls,
        id: str | None,
        code: ErrorCode,
        message: str,
        *,
        field: str | None = None,
        retry_after: float | None = None,
    ) -> Self:
        """None: the frame does not have it."""
        return cls(
            id=id,
            code=code,
            message=message,
            field=msgspec.UNSET if field is None else field,
            retry_after=msgspec.UNSET if retry_after is None else retry_after,
        )
