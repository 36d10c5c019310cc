"""Asking and stopping: what begins a turn and what ends it early."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

import anyio
import msgspec
from msgspec import UNSET
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session

from server.conversations import objects
from server.conversations import repository as conversations
from server.db import Database
from server.errors import Busy, Conflict, Invalid, NotFound, TooLarge
from server.llm.catalog import Catalog
from server.protocol.codes import Role, Status
from server.protocol.commands import Regenerate, Send
from server.protocol.events import (
    ConversationCreated,
    ConversationUpdated,
    Event,
    MessageCreated,
    PathSelected,
    TurnStarted,
    TurnStatus,
)
from server.realtime.event_log import Position, conversation_log
from server.realtime.journal import Journal, Recorded
from server.settings import Settings
from server.tables import Conversation, Message, TitleSource, new_id, now
from server.transcript.branch import Tree, common_prefix
from server.turns import repository
from server.turns.repository import Run
from server.turns.supervisor import Supervisor
from server.turns.titles import first_words

REMEMBERED = timedelta(days=7)
"""How long a ``client_id`` is known."""
DEFAULT_MODEL = "default_model"
"""The user's setting that names the model of new conversations."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Ids of what a command made, and the place in the conversation's log before its events."""

    conversation: str
    message: str
    turn: str
    position: Position


@dataclass(frozen=True, slots=True)
class _Started:
    reply: dict[str, str]
    run: Run | None
    """None: the same was asked before, and nothing begins."""


class Turns:
    def __init__(
        self, db: Database, journal: Journal, catalog: Catalog, supervisor: Supervisor, settings: Settings
    ) -> None:
        self._db = db
        self._journal = journal
        self._catalog = catalog
        self._supervisor = supervisor
        self._settings = settings

    async def send(self, user: str, command: Send) -> Asked:
        self._check_text(command.text)
        conversation = command.conversation or new_id()
        asked = _content(command, "conversation", "text", "model", "parent")

        def begin(session: Session, position: Position) -> Recorded[_Started]:
            known = repository.remembered(session, user, command.client_id, asked)
            if known is not None:
                return Recorded(_Started(known, None))
            if command.conversation is None:
                row = Conversation(
                    id=conversation, user_id=user, title=first_words(command.text), title_source=TitleSource.WORDS
                )
            else:
                row = conversations.find(session, user, conversation, lock=True)
            return self._ask(session, row, command, position, asked)

        return _asked(await self._begin(user, conversation, begin))

    async def regenerate(self, user: str, command: Regenerate) -> str:
        """Another answer to the same question. Returns the new turn."""
        asked = _content(command, "turn", "model")
        known, conversation = await self._db.read(lambda session: _sought(session, user, command, asked))
        if known is not None:
            return known["turn"]

        def begin(session: Session, position: Position) -> Recorded[_Started]:
            if command.client_id is not None:
                known = repository.remembered(session, user, command.client_id, asked)
                if known is not None:
                    return Recorded(_Started(known, None))
            row = conversations.find(session, user, conversation, lock=True)
            return self._answer_again(session, row, command, position, asked)

        return (await self._begin(user, conversation, begin))["turn"]

    async def stop(self, user: str, turn: str) -> None:
        """Also for a turn that has ended: then nothing happens."""
        _, message = await self._db.read(lambda session: conversations.find_message(session, user, turn))
        if message.role is not Role.ASSISTANT:
            raise NotFound("There is no such turn.")
        await self._supervisor.stop(turn)

    async def stop_all(self, user: str, ids: Collection[str]) -> None:
        """Ends what runs in these conversations, and waits until it has ended. NotFound if one is not the user's."""

        def work(session: Session) -> list[str]:
            rows = [conversations.find(session, user, conversation) for conversation in ids]
            return [row.live_turn_id for row in rows if row.live_turn_id is not None]

        live = await self._db.read(work)
        async with anyio.create_task_group() as tasks:
            for turn in live:
                tasks.start_soon(self._supervisor.stopped, turn)

    async def forget_requests(self) -> int:
        return await self._db.write(lambda session: repository.forget_requests(session, now() - REMEMBERED))

    async def _begin(
        self, user: str, conversation: str, begin: Callable[[Session, Position], Recorded[_Started]]
    ) -> dict[str, str]:
        """Commits, tells, and starts the run as one act: a socket that closes now cannot leave it half done."""

        async def commit() -> Recorded[_Started]:
            position = await self._journal.log.position(conversation_log(conversation))
            try:
                return await self._db.write(lambda session: begin(session, position))
            except IntegrityError:
                # Another worker has just used the same `client_id`; now it is there to be found.
                return await self._db.write(lambda session: begin(session, position))

        with anyio.CancelScope(shield=True):
            started = await self._journal.record(user, commit)
            if started.run is not None:
                self._supervisor.start(started.run)
        return started.reply

    def _ask(
        self, session: Session, row: Conversation, command: Send, position: Position, asked: str
    ) -> Recorded[_Started]:
        created = command.conversation is None
        self._check_free(session, row)
        tree = conversations.tree(session, row.id)
        parent = _parent(session, row, tree, command)
        model = self._model(session, row, command.model)
        if created or command.model is not None:
            row.model = model
        moment = now()
        question = Message(
            conversation_id=row.id,
            parent_id=parent,
            role=Role.USER,
            text=command.text,
            status=Status.COMPLETE,
            created_at=moment,
            finished_at=moment,
        )
        old_path = tree.path(row.leaf_id)
        session.add(row)
        session.flush()
        session.add(question)
        answer, run = self._pending(row, question.id, model)
        session.add(answer)
        reply = _reply(row.id, question.id, answer.id, position)
        repository.remember(session, row.user_id, command.client_id, asked, reply)

        tree = conversations.tree(session, row.id)
        sidebar = objects.conversation(row)
        events: list[Event] = [
            ConversationCreated(conversation=sidebar) if created else ConversationUpdated(conversation=sidebar),
            MessageCreated(conversation=row.id, message=objects.message(question, tree.siblings(question.id))),
        ]
        if old_path and old_path[-1] != parent:
            events.append(_selected(session, row, tree, old_path, question.id))
        events.append(TurnStarted(conversation=row.id, message=objects.message(answer, [answer.id])))
        events.append(TurnStatus(conversation=row.id, turn=answer.id, status=answer.status))
        return Recorded(_Started(reply, run), events)

    def _answer_again(
        self, session: Session, row: Conversation, command: Regenerate, position: Position, asked: str
    ) -> Recorded[_Started]:
        old = conversations.messages(session, [command.turn])[0]
        if old.role is not Role.ASSISTANT or old.parent_id is None:
            raise Conflict("Only an answer can be written again.", field="turn")
        self._check_free(session, row)
        old_path = conversations.tree(session, row.id).path(row.leaf_id)
        answer, run = self._pending(row, old.parent_id, self._model(session, row, command.model))
        session.add(answer)
        reply = _reply(row.id, old.parent_id, answer.id, position)
        if command.client_id is not None:
            repository.remember(session, row.user_id, command.client_id, asked, reply)
        session.flush()

        tree = conversations.tree(session, row.id)
        events: list[Event] = [
            ConversationUpdated(conversation=objects.conversation(row)),
            TurnStarted(conversation=row.id, message=objects.message(answer, tree.siblings(answer.id))),
            _selected(session, row, tree, old_path, answer.id),
            TurnStatus(conversation=row.id, turn=answer.id, status=answer.status),
        ]
        return Recorded(_Started(reply, run), events)

    def _pending(self, row: Conversation, parent: str, model: str) -> tuple[Message, Run]:
        """The row of an answer that is about to begin, at the end of the active path."""
        answer = Message(
            conversation_id=row.id,
            parent_id=parent,
            role=Role.ASSISTANT,
            status=Status.PENDING,
            model=model,
            owner=self._supervisor.worker,
            run=1,
            created_at=now(),
        )
        row.leaf_id = row.live_turn_id = answer.id
        row.updated_at = answer.created_at
        return answer, Run(answer.id, row.id, row.user_id, self._supervisor.worker, answer.run)

    def _model(self, session: Session, row: Conversation, wanted: str | None) -> str:
        """The model asked for, else the conversation's, else the user's default, else the server's."""
        named = wanted or row.model
        if named is not None:
            return self._catalog.get(named).info.id
        preferred = conversations.settings(session, row.user_id).get(DEFAULT_MODEL)
        known = (model.id for model in self._catalog.models if model.id == preferred)
        return next(known, None) or self._catalog.default().id

    def _check_free(self, session: Session, row: Conversation) -> None:
        if row.live_turn_id is not None:
            raise Busy("An answer is still being written here. Wait for it, or stop it.")
        if repository.active_turns(session, row.user_id) >= self._settings.active_turns:
            raise Busy(f"{self._settings.active_turns} answers are being written already. Wait for one, or stop one.")

    def _check_text(self, text: str) -> None:
        if not text.strip():
            raise Invalid("There is nothing in it.", field="text")
        if len(text) > self._settings.message_chars:
            raise TooLarge(f"A message may hold {self._settings.message_chars:,} characters.", field="text")


def _content(command: msgspec.Struct, *fields: str) -> str:
    """What is asked, without the names that the asking has: two of them compare."""
    values = {field: getattr(command, field) for field in fields}
    kept = {field: value for field, value in values.items() if value is not UNSET}
    return msgspec.json.encode([type(command).__name__, kept], order="sorted").decode()


def _sought(session: Session, user: str, command: Regenerate, asked: str) -> tuple[dict[str, str] | None, str]:
    if command.client_id is not None:
        known = repository.remembered(session, user, command.client_id, asked)
        if known is not None:
            return known, known["conversation"]
    conversation, _ = conversations.find_message(session, user, command.turn)
    return None, conversation.id


def _parent(session: Session, row: Conversation, tree: Tree, command: Send) -> str | None:
    """Where a new message goes: after what its sender saw last."""
    if command.parent is UNSET:
        return row.leaf_id
    if command.parent is None:
        return None
    if command.parent not in tree:
        raise NotFound("There is no such message in this conversation.", field="parent")
    seen = conversations.messages(session, [command.parent])[0]
    answers = tree.children(seen.id)
    return answers[-1] if seen.role is Role.USER and answers else seen.id


def _selected(session: Session, row: Conversation, tree: Tree, old_path: list[str], leaf: str) -> PathSelected:
    path = tree.path(leaf)
    shared = common_prefix(old_path, path)
    rows = conversations.messages(session, path[shared:])
    return PathSelected(
        conversation=row.id,
        leaf=leaf,
        after=path[shared - 1] if shared else None,
        messages=objects.messages(rows, tree),
    )


def _reply(conversation: str, message: str, turn: str, position: Position) -> dict[str, str]:
    return {
        "conversation": conversation,
        "message": message,
        "turn": turn,
        "epoch": position.epoch,
        "offset": str(position.offset),
    }


def _asked(reply: dict[str, str]) -> Asked:
    position = Position(reply["epoch"], int(reply["offset"]))
    return Asked(reply["conversation"], reply["message"], reply["turn"], position)
