"""Asking and stopping: what begins a turn and what ends it early."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

import anyio
import msgspec
from msgspec import UNSET
from sqlmodel import Session

from server.conversations import repository as conversations
from server.db import Database
from server.errors import Busy, Invalid, NotFound, TooLarge, Unavailable
from server.journal import Journal, Recorded
from server.llm.catalog import Catalog
from server.protocol.codes import Role
from server.protocol.commands import Regenerate, Send
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

    async def send(self, user: str, command: Send) -> Asked:
        self._check_text(command.text)
        conversation = command.conversation or new_id()

        def plant(session: Session) -> Planted:
            if command.conversation is None:
                title = first_words(command.text)
                row = Conversation(id=conversation, user_id=user, title=title, title_source=TitleSource.WORDS)
            else:
                row = conversations.find(session, user, conversation, lock=True)
            self._check_free(session, row)
            model = self._model(session, row, command.model)
            if command.model is not None or row.model is None:
                row.model = model
            return asking.ask(session, row, command.text, command.parent, model=model, worker=self._supervisor.worker)

        content = _content(command, "conversation", "text", "model", "parent")
        reply = await self._begin(user, conversation, command.client_id, content, plant)
        position = Position(reply["epoch"], int(reply["offset"]))
        return Asked(reply["conversation"], reply["message"], reply["turn"], position)

    async def regenerate(self, user: str, command: Regenerate) -> str:
        """Another answer to the same question. Returns the new turn."""
        content = _content(command, "turn", "model")
        conversation = await self._db.read(lambda session: _conversation_of(session, user, command, content))

        def plant(session: Session) -> Planted:
            row = conversations.find(session, user, conversation, lock=True)
            self._check_free(session, row)
            model = self._model(session, row, command.model)
            return asking.answer_again(session, row, command.turn, model=model, worker=self._supervisor.worker)

        return (await self._begin(user, conversation, command.client_id, content, plant))["turn"]

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

        with anyio.move_on_after(STOPPED_SECONDS):
            while live := await self._db.read(work):
                here = [await self._supervisor.stopped(turn) for turn in live]
                if not all(here):
                    await anyio.sleep(LOOK_SECONDS)  # another worker says nothing when it has stored the end
            return
        raise Unavailable("An answer could not be stopped yet. Nothing was changed; try again.", retry_after=2)

    async def forget_requests(self) -> int:
        return await self._db.write(lambda session: repository.forget_requests(session, now() - REMEMBERED))

    async def _begin(
        self, user: str, conversation: str, client_id: str | None, content: str, plant: Callable[[Session], Planted]
    ) -> Reply:
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
        return begun.reply

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


def _conversation_of(session: Session, user: str, command: Regenerate, content: str) -> str:
    """Of the turn; or, when the same was asked before, of what came of that, for the turn may be gone by now."""
    if command.client_id is not None:
        known = repository.remembered(session, user, command.client_id, content)
        if known is not None:
            return known["conversation"]
    conversation, _ = conversations.find_message(session, user, command.turn)
    return conversation.id


def _reply(planted: Planted, position: Position) -> Reply:
    return {
        "conversation": planted.run.conversation,
        "message": planted.question,
        "turn": planted.run.turn,
        "epoch": position.epoch,
        "offset": str(position.offset),
    }
