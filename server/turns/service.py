"""Asking and stopping: what begins a turn and what ends it early."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

import anyio
import msgspec
from msgspec import UNSET
from sqlmodel import Session, col

from server.conversations import drafts
from server.conversations import repository as conversations
from server.db import Database, Work
from server.errors import Busy, Invalid, NotFound, TooLarge, Unavailable
from server.journal import Journal, Recorded
from server.llm.catalog import Catalog
from server.protocol.codes import Role
from server.protocol.commands import Continue, Edit, Regenerate, Send
from server.realtime.event_log import conversation_log
from server.realtime.tail import Position
from server.settings import Settings
from server.tables import Conversation, TitleSource, new_id, now
from server.turns import asking, repository
from server.turns.asking import Planted
from server.turns.supervisor import Supervisor
from server.turns.titles import first_words

REMEMBERED = timedelta(days=7)
"""How long a ``client_id`` is known."""
STOPPED_SECONDS = 20.0
"""How long a turn of another worker may take to end: a little longer than until it is taken from a dead one."""
LOOK_SECONDS = 0.05
DEFAULT_MODEL = "default_model"
"""The user's setting that names the model of new conversations."""

Reply = dict[str, str]
"""Ids, and the place in the log, as they are remembered under a ``client_id``."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Ids of what a command made, and the place in the conversation's log before its events."""

    conversation: str
    message: str
    turn: str
    position: Position


@dataclass(frozen=True, slots=True)
class _Begun:
    reply: Reply
    planted: Planted | None
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

    async def send(self, user: str, command: Send, connection: str) -> Asked:
        """The draft of the place is what was sent now: ``connection`` has emptied its box already."""
        self._check_text(command.text)
        if command.temporary and command.conversation is not None:
            raise Invalid("Only a new conversation can be temporary.", field="temporary")
        conversation = command.conversation or new_id()

        def plant(session: Session) -> Planted:
            if command.conversation is None:
                title = first_words(command.text)
                row = Conversation(
                    id=conversation,
                    user_id=user,
                    title=title,
                    title_source=TitleSource.WORDS,
                    temporary=command.temporary,
                )
            else:
                row = conversations.find(session, user, conversation, lock=True)
            self._check_free(session, row)
            model = self._model(session, row, command.model)
            if command.model is not None or row.model is None:
                row.model = model
            planted = asking.ask(
                session, row, command.text, command.parent, model=model, worker=self._supervisor.worker
            )
            planted.events.extend(drafts.write(session, user, command.conversation, "", connection))
            return planted

        content = _content(command, "conversation", "text", "model", "parent", "temporary")
        return await self._begin(user, conversation, command.client_id, content, plant)

    async def regenerate(self, user: str, command: Regenerate) -> str:
        """Another answer to the same question. Returns the new turn."""
        content = _content(command, "turn", "model")

        def plant(session: Session, row: Conversation) -> Planted:
            model = self._model(session, row, command.model)
            return asking.answer_again(session, row, command.turn, model=model, worker=self._supervisor.worker)

        return (await self._begin_at(user, command.turn, command.client_id, content, plant)).turn

    async def edit(self, user: str, command: Edit) -> Asked:
        """Another question in the place of one, with an answer of its own."""
        self._check_text(command.text)
        content = _content(command, "message", "text")

        def plant(session: Session, row: Conversation) -> Planted:
            model = self._model(session, row, None)
            return asking.ask_otherwise(
                session, row, command.message, command.text, model=model, worker=self._supervisor.worker
            )

        return await self._begin_at(user, command.message, command.client_id, content, plant)

    async def go_on(self, user: str, command: Continue) -> str:
        """Another run of a turn that broke off. Returns the turn."""
        content = _content(command, "turn")

        def plant(session: Session, row: Conversation) -> Planted:
            planted = asking.go_on(session, row, command.turn, worker=self._supervisor.worker)
            self._catalog.get(planted.model)  # before anything is promised of a model that is gone
            return planted

        return (await self._begin_at(user, command.turn, command.client_id, content, plant)).turn

    async def stop(self, user: str, turn: str) -> None:
        """Also for a turn that has ended: then nothing happens."""
        _, message = await self._db.read(lambda session: conversations.find_message(session, user, turn))
        if message.role is not Role.ASSISTANT:
            raise NotFound("There is no such turn.")
        await self._supervisor.stop(turn, message.run)

    async def stop_all(self, user: str, ids: Collection[str]) -> None:
        """Ends what runs in these conversations, and waits until it has ended. NotFound if one is not the user's."""

        def work(session: Session) -> list[tuple[str, int]]:
            rows = [conversations.find(session, user, conversation) for conversation in ids]
            live = [row.live_turn_id for row in rows if row.live_turn_id is not None]
            return [(message.id, message.run) for message in conversations.messages(session, live)]

        await self._end_all(work)

    async def stop_all_of(self, user: str) -> None:
        """The same, wherever something runs for this user."""

        def work(session: Session) -> list[tuple[str, int]]:
            live = conversations.live_turns(session, col(Conversation.user_id) == user)
            return [(message.id, message.run) for _, message in live]

        await self._end_all(work)

    async def _end_all(self, work: Work[list[tuple[str, int]]]) -> None:
        """``work`` says which runs of which turns go on still."""
        with anyio.move_on_after(STOPPED_SECONDS):
            while live := await self._db.read(work):
                here = [await self._supervisor.stopped(turn, run) for turn, run in live]
                if not all(here):
                    await anyio.sleep(LOOK_SECONDS)  # another worker says nothing when it has stored the end
            return
        raise Unavailable("An answer could not be stopped yet. Nothing was changed; try again.", retry_after=2)

    async def forget_requests(self) -> int:
        return await self._db.write(lambda session: repository.forget_requests(session, now() - REMEMBERED))

    async def _begin_at(
        self,
        user: str,
        message: str,
        client_id: str | None,
        content: str,
        plant: Callable[[Session, Conversation], Planted],
    ) -> Asked:
        """The same in the conversation of a message."""
        conversation = await self._db.read(lambda session: _home(session, user, message, client_id, content))

        def plant_there(session: Session) -> Planted:
            row = conversations.find(session, user, conversation, lock=True)
            self._check_free(session, row)
            return plant(session, row)

        return await self._begin(user, conversation, client_id, content, plant_there)

    async def _begin(
        self, user: str, conversation: str, client_id: str | None, content: str, plant: Callable[[Session], Planted]
    ) -> Asked:
        """Commits, tells, and starts the run as one act: a socket that closes now cannot leave it half done.

        What a ``client_id`` was answered with comes first, before every limit: a client resends without fear.
        """

        def work(session: Session) -> Recorded[_Begun]:
            if client_id is not None:
                known = repository.remembered(session, user, client_id, content)
                if known is not None:
                    return Recorded(_Begun(known, None))
            planted = plant(session)
            reply = _reply(planted, position)
            if client_id is not None:
                repository.remember(session, user, client_id, content, reply)
            return Recorded(_Begun(reply, planted), planted.events)

        position = await self._journal.position(conversation_log(user, conversation))
        with anyio.CancelScope(shield=True):
            begun = await self._journal.record(user, work)
            if begun.planted is not None:
                self._supervisor.start(begun.planted.run, position.epoch, begun.planted.base)
        return _asked(begun.reply)

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
        most = self._settings.active_turns
        if repository.active_turns(session, row.user_id) >= most:
            raise Busy(f"{most} answers are being written already. Wait for one, or stop one.")

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


def _home(session: Session, user: str, message: str, client_id: str | None, content: str) -> str:
    """A message's conversation; or, when the same was asked before, that of what came of it: all may be gone by now."""
    if client_id is not None:
        known = repository.remembered(session, user, client_id, content)
        if known is not None:
            return known["conversation"]
    conversation, _ = conversations.find_message(session, user, message)
    return conversation.id


def _asked(reply: Reply) -> Asked:
    position = Position(reply["epoch"], int(reply["offset"]))
    return Asked(reply["conversation"], reply["message"], reply["turn"], position)


def _reply(planted: Planted, position: Position) -> Reply:
    return {
        "conversation": planted.run.conversation,
        "message": planted.question,
        "turn": planted.run.turn,
        "epoch": position.epoch,
        "offset": str(position.offset),
    }
