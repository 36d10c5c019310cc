"""What a client may ask: one struct per command. Unknown fields are refused."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta, UnsetType

from server.protocol.codes import Format, Verdict
from server.protocol.objects import Params

RequestId = Annotated[str, Meta(min_length=1, max_length=64)]
"""Chosen by the client, unique per socket; the reply names it."""
Id = Annotated[str, Meta(min_length=1, max_length=64)]
ModelId = Annotated[str, Meta(min_length=1, max_length=200)]
"""Holds the endpoint's own name of the model, which may be a path."""
ClientId = Annotated[str, Meta(min_length=1, max_length=64)]
"""Chosen by the client, unique per user: the same one again gives the same answer and no second effect."""
Offset = Annotated[int, Meta(ge=0, le=2**53 - 1)]
PageSize = Annotated[int, Meta(ge=1, le=100)]

MAX_TITLE = 200
MAX_QUERY = 200
MAX_SYSTEM_PROMPT = 32_000
MAX_SHARE_SECONDS = 10 * 366 * 86_400
MAX_COMMENT = 2_000
MAX_FOLDER_NAME = 80
MAX_PRESET_NAME = 80
MAX_PRESET = 16_000
Title = Annotated[str, Meta(min_length=1, max_length=MAX_TITLE)]

FolderName = Annotated[str, Meta(min_length=1, max_length=MAX_FOLDER_NAME)]


class Command(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, tag_field="type"):
    id: RequestId


class Ping(Command, tag="ping", kw_only=True):
    """Answered at once; the server never requires it."""


class Sync(Command, tag="sync", kw_only=True):
    """Follow the user's log, from where it was left or from a snapshot."""

    epoch: str | None = None
    offset: Offset | None = None


class Open(Command, tag="open", kw_only=True):
    """Follow a conversation's log, from where it was left or from a snapshot."""

    conversation: Id
    epoch: str | None = None
    offset: Offset | None = None
    format: Format = Format.HTML


class Close(Command, tag="close", kw_only=True):
    """Follow a conversation no longer."""

    conversation: Id


class Send(Command, tag="send", kw_only=True):
    """Ask something, in a conversation or (null) in a new one."""

    conversation: Id | None
    text: str
    client_id: ClientId
    attachments: Annotated[list[Any], Meta(max_length=0)] = []
    model: ModelId | None = None
    parent: Id | UnsetType | None = UNSET
    """The message that the sender saw last; null for a new root; absent for the end of the active path."""
    format: Format = Format.HTML
    temporary: bool = False
    """A new conversation that is not kept."""


class Stop(Command, tag="stop", kw_only=True):
    """End a running answer; what was written stays."""

    turn: Id


class Regenerate(Command, tag="regenerate", kw_only=True):
    """Another answer beside this one."""

    turn: Id
    model: ModelId | None = None
    client_id: ClientId | None = None


class Edit(Command, tag="edit", kw_only=True):
    """Ask otherwise: a sibling of a question, with an answer of its own."""

    message: Id
    text: str
    client_id: ClientId


class Continue(Command, tag="continue", kw_only=True):
    """Have an answer that broke off go on."""

    turn: Id
    client_id: ClientId | None = None


class Select(Command, tag="select", kw_only=True):
    """Make the path through a message the active one."""

    message: Id


class SetTitle(Command, tag="title", kw_only=True):
    """Set the title, or without one have the model write it."""

    conversation: Id
    title: Title | None = None


class List(Command, tag="list", kw_only=True):
    """Conversations, newest activity first."""

    before: Id | None = None
    limit: PageSize = 50
    archived: bool = False
    folder: Id | UnsetType | None = UNSET
    """Those in this folder; null: those in none; absent: all."""


class History(Command, tag="history", kw_only=True):
    """The ancestors of a message, or the path through one, oldest first. One of the two is named."""

    conversation: Id
    before: Id | None = None
    around: Id | None = None
    limit: PageSize = 50


class Search(Command, tag="search", kw_only=True):
    """Find words in titles, questions and answers. All of them have to be there, the last one also as a beginning."""

    query: Annotated[str, Meta(min_length=1, max_length=MAX_QUERY)]
    limit: PageSize = 20


class Update(Command, tag="update", kw_only=True):
    """Change how a conversation is kept or asked."""

    conversation: Id
    model: ModelId | UnsetType | None = UNSET
    system_prompt: Annotated[str, Meta(max_length=MAX_SYSTEM_PROMPT)] | UnsetType = UNSET
    params: Params | UnsetType = UNSET
    pinned: bool | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    folder: Id | UnsetType | None = UNSET
    """null takes it out of its folder."""


class Delete(Command, tag="delete", kw_only=True):
    """Delete conversations; running answers in them are stopped."""

    conversations: Annotated[list[Id], Meta(min_length=1, max_length=1000)]


class Read(Command, tag="read", kw_only=True):
    """Clear the unread mark."""

    conversation: Id
    message: Id


class SetDraft(Command, tag="draft", kw_only=True):
    """Keep what is typed and not sent, in a conversation or (null) in one that does not exist yet."""

    conversation: Id | None
    text: str
    """Empty: there is none any more."""


class CreateShare(Command, tag="share.create", kw_only=True):
    """Make a link under which anybody sees the conversation."""

    conversation: Id
    expires_in: Annotated[int, Meta(ge=60, le=MAX_SHARE_SECONDS)] | None = None
    """Seconds; without it the link holds until it is taken back."""


class ListShares(Command, tag="share.list", kw_only=True):
    """The links that hold, of a conversation or of all."""

    conversation: Id | None = None


class DeleteShare(Command, tag="share.delete", kw_only=True):
    """Take a link back."""

    share: Id


class GiveFeedback(Command, tag="feedback", kw_only=True):
    """Say what one thinks of an answer; ``null`` takes it back. The comment goes with the value."""

    message: Id
    value: Verdict | None
    comment: Annotated[str, Meta(max_length=MAX_COMMENT)] | None = None


class SetSetting(Command, tag="settings", kw_only=True):
    """Set one of the user's settings, in every tab. ``null`` removes it."""

    key: Annotated[str, Meta(pattern=r"^[a-z][a-z0-9_.]{0,63}$(?!\n)")]
    value: Any


class CreateFolder(Command, tag="folder.create", kw_only=True):
    """A new folder, with nothing in it."""

    name: FolderName


class UpdateFolder(Command, tag="folder.update", kw_only=True):
    """Another name for a folder."""

    folder: Id
    name: FolderName


class DeleteFolder(Command, tag="folder.delete", kw_only=True):
    """Delete a folder; its conversations stay, and are in none."""

    folder: Id


class SavePreset(Command, tag="preset.save", kw_only=True):
    """Keep a prompt: a new one, or another name and text for one."""

    preset: Id | None = None
    name: Annotated[str, Meta(min_length=1, max_length=MAX_PRESET_NAME)]
    text: Annotated[str, Meta(min_length=1, max_length=MAX_PRESET)]


class DeletePreset(Command, tag="preset.delete", kw_only=True):
    """Keep a prompt no longer."""

    preset: Id


class ListModels(Command, tag="models", kw_only=True):
    """The models that the user may ask."""


AnyCommand = (
    Ping
    | Sync
    | Open
    | Close
    | Send
    | Stop
    | Regenerate
    | Edit
    | Continue
    | Select
    | SetTitle
    | List
    | History
    | Search
    | Update
    | Delete
    | Read
    | SetDraft
    | CreateShare
    | ListShares
    | DeleteShare
    | GiveFeedback
    | SetSetting
    | CreateFolder
    | UpdateFolder
    | DeleteFolder
    | SavePreset
    | DeletePreset
    | ListModels
)
