"""Titles that write themselves: the model names the conversation; where it cannot, the first words serve."""

from __future__ import annotations

import re
from contextlib import aclosing

import anyio
import structlog
from sqlmodel import Session

from server import tables
from server.conversations import repository
from server.conversations.service import Conversations
from server.db import Database
from server.errors import NotFound, ParleyError
from server.llm.base import ChatModel, Delta, ModelMessage, ModelRequest
from server.llm.catalog import Catalog
from server.protocol.codes import Status
from server.tables import TitleSource

log = structlog.get_logger(__name__)

SECONDS = 30
TITLE_CHARS = 60
READ_CHARS = 1500
"""How much of the question and of the answer the model reads to name them."""
ANSWER_CHARS = 400
"""A model that says more than this is not writing a title."""

PROMPT = "You name conversations."
WISH = (
    "Now reply with a title for this conversation and with nothing else: at most six words, or twelve characters in "
    "Chinese or Japanese, in the language of the question, without quotation marks, Markdown or a full stop."
)
NOISE = re.compile(r"""^(?:[#>*\-\s]|title\s*[:：]|标题\s*[:：])+|[\s*_`"'“”‘’「」『』《》.。]+$""", re.IGNORECASE)
QUOTES = re.compile(r"""^[*_`"'“”‘’「」『』《》\s]+""")
MARKS = re.compile(r"[`*_~#>\[\]|]+")


class Titles:
    def __init__(self, db: Database, conversations: Conversations, catalog: Catalog) -> None:
        self._db = db
        self._conversations = conversations
        self._catalog = catalog

    @staticmethod
    def wanted(conversation: tables.Conversation) -> bool:
        return conversation.title_source is TitleSource.WORDS and not conversation.temporary

    async def write(self, user: str, conversation: str) -> None:
        """Names a conversation that has its first answer. Its failure costs nobody more than a title."""
        try:
            title, source = await self.propose(user, conversation)
            if source is TitleSource.MODEL:
                await self._conversations.set_title(user, conversation, title, source)
        except NotFound:
            log.info("title.conversation_gone", conversation=conversation)
        except ParleyError as error:
            log.warning("title.not_written", conversation=conversation, reason=error.message)

    async def propose(self, user: str, conversation: str) -> tuple[str, TitleSource]:
        """A title by the conversation's model, or else the first words. NotFound for a foreign conversation."""
        model_id, exchange = await self._db.read(lambda session: _exchange(session, user, conversation))
        words = first_words(exchange[0].text if exchange else "")
        if model_id is None or len(exchange) < 2:
            return words, TitleSource.WORDS
        try:
            with anyio.fail_after(SECONDS):
                title = tidy(await _ask(self._catalog.get(model_id), exchange))
        except (ParleyError, TimeoutError) as error:
            log.info("title.model_failed", conversation=conversation, model=model_id, reason=str(error))
            return words, TitleSource.WORDS
        return (title, TitleSource.MODEL) if title else (words, TitleSource.WORDS)


async def _ask(model: ChatModel, exchange: list[ModelMessage]) -> str:
    shown = [ModelMessage(message.role, message.text[:READ_CHARS]) for message in exchange]
    request = ModelRequest([ModelMessage("system", PROMPT), *shown, ModelMessage("user", WISH)], purpose="title")
    title = ""
    async with aclosing(model.stream(request)) as pieces:
        async for piece in pieces:
            if isinstance(piece, Delta) and piece.part == "answer":
                title += piece.text
                if len(title) > ANSWER_CHARS:
                    break
    return title


def _exchange(session: Session, user: str, conversation: str) -> tuple[str | None, list[ModelMessage]]:
    """The model of the first answer on the active path, with that answer and its question, if it ended well.

    No model reads a temporary conversation to name it.
    """
    row = repository.find(session, user, conversation)
    ids = repository.tree(session, conversation).path(row.leaf_id)[:2]
    messages = repository.messages(session, ids)
    if len(messages) == 2 and (not messages[1].text or messages[1].status in (Status.FAILED, Status.PENDING)):
        messages.pop()
    model = messages[1].model if len(messages) == 2 and not row.temporary else None
    return model, [ModelMessage(message.role.value, message.text) for message in messages]


def tidy(answer: str) -> str:
    """What a model said when asked for a title, as one: its first line without quotation marks and the like."""
    line = next((line for line in answer.splitlines() if NOISE.sub("", line).strip()), "")
    return _shorten(NOISE.sub("", QUOTES.sub("", NOISE.sub("", line))))


def first_words(question: str) -> str:
    """A title made of the question itself."""
    line = next((line for line in question.splitlines() if MARKS.sub("", line).strip()), "")
    return _shorten(MARKS.sub("", line))


def _shorten(line: str) -> str:
    """At most `TITLE_CHARS` characters, cut between words where there are any."""
    words = " ".join(line.split())
    if len(words) <= TITLE_CHARS:
        return words
    cut = words[: TITLE_CHARS - 1]
    at_word = cut.rfind(" ")
    return (cut[:at_word] if at_word > TITLE_CHARS // 2 else cut).rstrip() + "…"
