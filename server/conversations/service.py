"""What a user does with conversations, short of asking: look, list, name, keep, delete."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from functools import partial
from typing import Any

import msgspec
from msgspec import UNSET
from sqlmodel import Session

from server import tables
from server.conversations import drafts, objects, repository, views
from server.db import Database
from server.errors import Conflict, Invalid, NotFound, TooLarge
from server.journal import Journal, Recorded
from server.protocol import objects as wire
from server.protocol.codes import Role
from server.protocol.commands import MAX_SYSTEM_PROMPT, GiveFeedback, List, Update
from server.protocol.events import (
    ConversationDeleted,
    ConversationUpdated,
    MessageUpdated,
    SettingsUpdated,
)
from server.search import index
from server.tables import TitleSource
from server.transcript.branch import Tree

SETTING_CHARS = 20_000
"""JSON characters of one setting's value."""
FORGOTTEN = 500
"""Temporary conversations that one look deletes, at most."""
TEMPERATURES = (0.0, 2.0)


class Conversations:
    def __init__(self, db: Database, journal: Journal, *, draft_chars: int) -> None:
        self._db = db
        self._journal = journal
        self._draft_chars = draft_chars

    async def live(self, user: str, conversation: str) -> wire.Message | None:
        """The running answer's row, as of its last checkpoint. NotFound for a foreign conversation."""

        def work(session: Session) -> wire.Message | None:
            row = repository.find(session, user, conversation)
            if row.live_turn_id is None:
                return None
            (turn,) = repository.messages(session, [row.live_turn_id])
            return objects.message(turn, repository.siblings(session, turn))

        return await self._db.read(work)

    async def page(self, user: str, command: List) -> tuple[list[wire.Conversation], str | None]:
        def work(session: Session) -> tuple[list[wire.Conversation], str | None]:
            if command.folder:
                repository.find_folder(session, user, command.folder)
            rows, cursor = repository.page(
                session,
                user,
                before=command.before,
                limit=command.limit,
                archived=command.archived,
                folder=command.folder,
            )
            return [objects.conversation(row) for row in rows], cursor

        return await self._db.read(work)

    async def history(
        self, user: str, conversation: str, before: str, limit: int
    ) -> tuple[list[wire.Message], str | None]:
        """The ancestors of ``before``, oldest first, whatever the active path."""

        def work(session: Session) -> tuple[list[wire.Message], str | None]:
            tree = _tree_with(session, user, conversation, before, field="before")
            path = tree.path(tree.parent(before))
            return _page(session, tree, path[-limit:], more=len(path) > limit)

        return await self._db.read(work)

    async def surroundings(
        self, user: str, conversation: str, around: str, limit: int
    ) -> tuple[list[wire.Message], str | None]:
        """So many messages of the path through ``around``, with it in their middle where there are enough."""

        def work(session: Session) -> tuple[list[wire.Message], str | None]:
            tree = _tree_with(session, user, conversation, around, field="around")
            path = tree.path(tree.end_below(around))
            end = min(len(path), max(limit, path.index(around) + (limit + 1) // 2))
            start = max(0, end - limit)
            return _page(session, tree, path[start:end], more=start > 0)

        return await self._db.read(work)

    async def select(self, user: str, message: str) -> None:
        """Makes the path through ``message`` the active one; below it the one that was active last."""

        def work(session: Session) -> Recorded[None]:
            home, _ = repository.find_message(session, user, message)
            row = repository.find(session, user, home.id, lock=True)
            tree = repository.tree(session, row.id)
            old_path, leaf = tree.path(row.leaf_id), tree.end_below(message)
            if leaf == row.leaf_id:
                return Recorded(None)
            (end,) = repository.messages(session, [leaf])
            row.leaf_id, end.selected_at = leaf, tables.now()
            updated = ConversationUpdated(conversation=objects.conversation(row))
            return Recorded(None, [updated, views.selected(session, row.id, tree, old_path, leaf)])

        await self._journal.record(user, work)

    async def update(self, user: str, command: Update) -> wire.Conversation:
        _check_params(command.params)

        def change(session: Session, row: tables.Conversation) -> None:
            if row.temporary and (command.pinned is True or command.archived is True or command.folder):
                raise Conflict("A temporary conversation is not kept, and listed nowhere.")
            if command.model is not UNSET:
                row.model = command.model
            if command.system_prompt is not UNSET:
                row.system_prompt = command.system_prompt
            if command.params is not UNSET:
                row.params = msgspec.to_builtins(command.params)
            if command.pinned is not UNSET:
                row.pinned = command.pinned
            if command.archived is not UNSET:
                row.archived = command.archived
            if command.folder is not UNSET:
                if command.folder is not None:
                    repository.find_folder(session, user, command.folder)
                row.folder_id = command.folder

        return await self._change(user, command.conversation, change)

    async def set_title(self, user: str, conversation: str, title: str, source: TitleSource) -> str:
        """Names it. A model never overwrites what a person wrote. Returns the title that it has now."""

        def change(_session: Session, row: tables.Conversation) -> None:
            if source is TitleSource.PERSON or row.title_source is not TitleSource.PERSON:
                row.title, row.title_source = title, source

        return (await self._change(user, conversation, change)).title

    async def mark_read(self, user: str, conversation: str, message: str) -> None:
        def work(session: Session) -> Recorded[None]:
            row, _ = repository.find_message(session, user, message)
            if row.id != conversation:
                raise Invalid("`message` is not one of this conversation.", field="message")
            if not row.unread:
                return Recorded(None)
            row.unread = row.failed = False
            return Recorded(None, [ConversationUpdated(conversation=objects.conversation(row))])

        await self._journal.record(user, work)

    async def give_feedback(self, user: str, command: GiveFeedback) -> None:
        """What somebody thinks of an answer that has ended; of a running one the row does not have the words."""
        comment = (command.comment or "").strip() if command.value is not None else ""

        def work(session: Session) -> Recorded[None]:
            row, message = repository.find_message(session, user, command.message)
            if message.role is not Role.ASSISTANT:
                raise Invalid("Only an answer can be good or bad.", field="message")
            if message.status.live:
                raise Conflict("The answer is still being written.", field="message")
            wanted = (command.value, comment or None)
            if (message.feedback, message.feedback_comment) == wanted:
                return Recorded(None)
            message.feedback, message.feedback_comment = wanted
            told = objects.message(message, repository.siblings(session, message))
            return Recorded(None, [MessageUpdated(conversation=row.id, message=told)])

        await self._journal.record(user, work)

    async def delete(self, user: str, conversations: Collection[str]) -> bool:
        """All of them or, while an answer runs in one, none: then False. NotFound if one is not the user's."""

        def work(session: Session) -> Recorded[bool]:
            rows = [repository.find(session, user, conversation, lock=True) for conversation in conversations]
            if any(row.live_turn_id is not None for row in rows):
                return Recorded(False)
            repository.remove(session, user, conversations)
            return Recorded(True, [ConversationDeleted(conversation=deleted) for deleted in conversations])

        return await self._journal.record(user, work)

    async def forget_temporary(self, before: datetime) -> None:
        """Deletes temporary conversations whose last activity was earlier. Any number of workers may do so at once."""

        def work(session: Session, conversation: str) -> Recorded[None]:
            row = session.get(tables.Conversation, conversation, with_for_update=True)
            if row is None or row.live_turn_id is not None or row.updated_at >= before:
                return Recorded(None)  # somebody was faster, or goes on in it
            session.delete(row)
            return Recorded(None, [ConversationDeleted(conversation=conversation)])

        for user, left in await self._db.read(lambda session: repository.left_temporary(session, before, FORGOTTEN)):
            await self._journal.record(user, partial(work, conversation=left))

    async def set_draft(self, user: str, conversation: str | None, text: str, connection: str) -> None:
        """Keeps what is typed; empty: there is nothing any more. ``connection`` is where it is typed."""
        if len(text) > self._draft_chars:
            raise TooLarge(f"A draft may hold {self._draft_chars:,} characters.", field="text")

        def work(session: Session) -> Recorded[None]:
            if conversation is not None:
                repository.find(session, user, conversation)
            return Recorded(None, drafts.write(session, user, conversation, text, connection))

        await self._journal.record(user, work)

    async def set_setting(self, user: str, key: str, value: Any) -> None:
        _check_setting(key, value)

        def work(session: Session) -> Recorded[None]:
            repository.set_setting(session, user, key, value)
            return Recorded(None, [SettingsUpdated(key=key, value=value)])

        await self._journal.record(user, work)

    async def _change(
        self, user: str, conversation: str, change: Callable[[Session, tables.Conversation], None]
    ) -> wire.Conversation:
        def work(session: Session) -> Recorded[wire.Conversation]:
            row = repository.find(session, user, conversation, lock=True)
            before = objects.conversation(row)
            change(session, row)
            after = objects.conversation(row)
            if after.title != before.title:
                index.put_title(session, row)
            return Recorded(after, [ConversationUpdated(conversation=after)] if after != before else [])

        return await self._journal.record(user, work)


def _tree_with(session: Session, user: str, conversation: str, message: str, *, field: str) -> Tree:
    repository.find(session, user, conversation)
    tree = repository.tree(session, conversation)
    if message not in tree:
        raise NotFound("There is no such message in this conversation.", field=field)
    return tree


def _page(session: Session, tree: Tree, ids: list[str], *, more: bool) -> tuple[list[wire.Message], str | None]:
    return objects.messages(repository.messages(session, ids), tree), (ids[0] if more else None)


def _check_setting(key: str, value: Any) -> None:
    if key == repository.PERSONAL_PROMPT:
        if value is not None and (not isinstance(value, str) or len(value) > MAX_SYSTEM_PROMPT):
            raise Invalid(f"A system prompt is a text of at most {MAX_SYSTEM_PROMPT:,} characters.", field="value")
    elif len(msgspec.json.encode(value)) > SETTING_CHARS:
        raise TooLarge(f"A setting may hold {SETTING_CHARS} characters.", field="value")


def _check_params(params: wire.Params | msgspec.UnsetType) -> None:
    if params is UNSET:
        return
    low, high = TEMPERATURES
    if params.temperature is not None and not low <= params.temperature <= high:
        raise Invalid(f"The temperature lies between {low:g} and {high:g}.", field="params.temperature")
    if params.max_tokens is not None and not 1 <= params.max_tokens <= 1_000_000:
        raise Invalid("The length lies between 1 and 1,000,000 tokens.", field="params.max_tokens")
