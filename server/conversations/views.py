"""What a user sees at one moment: plain functions of a database session, so that one transaction can read it all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlmodel import Session, col

from server import tables
from server.conversations import drafts, objects, presets, repository
from server.protocol import objects as wire
from server.protocol.events import PathSelected
from server.transcript.branch import Tree, common_prefix

PAGE = 50
"""Messages of a snapshot, and conversations beside the pinned ones, at most."""


@dataclass(frozen=True, slots=True)
class Sidebar:
    conversations: list[wire.Conversation]
    next: str | None
    drafts: list[wire.Draft]
    live_turns: list[wire.TurnState]
    settings: dict[str, Any]
    folders: list[wire.Folder]
    presets: list[wire.Preset]


@dataclass(frozen=True, slots=True)
class Transcript:
    """A conversation as the database has it. A live turn's text is that of its last checkpoint."""

    conversation: wire.Conversation
    messages: list[wire.Message]
    next: str | None
    live: wire.Message | None
    """The running answer's row, on the active path or not."""


def sidebar(session: Session, user: str) -> Sidebar:
    rows, cursor = repository.page(session, user, before=None, limit=PAGE, archived=False)
    listed = {row.id for row in rows}
    pinned = [row for row in repository.pinned(session, user) if row.id not in listed]
    live = repository.live_turns(session, col(tables.Conversation.user_id) == user)
    return Sidebar(
        conversations=[objects.conversation(row) for row in repository.fitting([*rows, *pinned])],
        next=cursor,
        drafts=drafts.all_of(session, user),
        live_turns=[wire.TurnState(conversation=row.id, turn=turn.id, status=turn.status) for row, turn in live],
        settings=repository.settings(session, user),
        folders=[objects.folder(row) for row in repository.folders(session, user)],
        presets=presets.all_of(session, user),
    )


def transcript(session: Session, user: str, conversation: str) -> Transcript:
    """NotFound for a foreign conversation."""
    row = repository.find(session, user, conversation)
    tree = repository.tree(session, conversation)
    path = tree.path(row.leaf_id)
    shown = path[-PAGE:]
    live = repository.messages(session, [row.live_turn_id])[0] if row.live_turn_id else None
    return Transcript(
        conversation=objects.conversation(row),
        messages=objects.messages(repository.messages(session, shown), tree),
        next=shown[0] if len(path) > PAGE else None,
        live=objects.message(live, tree.siblings(live.id)) if live else None,
    )


def selected(session: Session, conversation: str, tree: Tree, old_path: list[str], leaf: str) -> PathSelected:
    """That the active path is another one now: the one to ``leaf``."""
    path = tree.path(leaf)
    shared = common_prefix(old_path, path)
    return PathSelected(
        conversation=conversation,
        leaf=leaf,
        after=path[shared - 1] if shared else None,
        messages=objects.messages(repository.messages(session, path[shared:][-PAGE:]), tree),
    )
