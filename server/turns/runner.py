"""One run of a turn: ask the model, hand on what it says, and end exactly once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from time import perf_counter
from typing import cast

import anyio
import msgspec
import structlog
from sqlmodel import Session

from server import metrics, tables
from server.conversations import repository as conversations
from server.db import Database
from server.errors import ParleyError, UpstreamError
from server.llm.base import Delta, ModelInfo, ModelMessage, ModelRequest
from server.llm.catalog import Catalog
from server.protocol.codes import Part, Status
from server.protocol.objects import Params, TurnError, Usage
from server.settings import Settings
from server.transcript import context
from server.turns.ending import Ending
from server.turns.recorder import Recorder
from server.turns.recording import Recording
from server.turns.repository import Run

log = structlog.get_logger(__name__)

ANSWER_TOKENS = 4096
"""What is kept free of a model's window for its answer, at most; a quarter of small windows."""


@dataclass(slots=True)
class Handle:
    """A way to end a run from outside."""

    run: int
    """Its number."""
    scope: anyio.CancelScope = field(default_factory=anyio.CancelScope)
    ending: Status = Status.INTERRUPTED
    ended: anyio.Event = field(default_factory=anyio.Event)

    def end(self, status: Status) -> None:
        """The request to the model is cut; what was written stays."""
        if not self.scope.cancel_called:
            self.ending = status
            self.scope.cancel()


@dataclass(frozen=True, slots=True)
class Question:
    """What the database knows of what is asked."""

    model: str
    params: Params
    system_prompt: str
    messages: list[ModelMessage]
    ids: list[str]
    """Of the messages."""

    def start_of(self, given: Iterable[ModelMessage]) -> str | None:
        """The oldest of the messages that are ``given``, if that is not the first of all."""
        kept = set(map(id, given))
        start = next((place for place, message in enumerate(self.messages) if id(message) in kept), 0)
        return self.ids[start] if start > 0 else None


class Runner:
    def __init__(self, db: Database, catalog: Catalog, recorder: Recorder, settings: Settings) -> None:
        self._db = db
        self._catalog = catalog
        self._recorder = recorder
        self._settings = settings

    async def run(
        self, run: Run, handle: Handle, *, epoch: str, base: Mapping[Part, str]
    ) -> tables.Conversation | None:
        """Runs to the end, whoever watches. Returns the conversation if this run ended it.

        ``base``: what earlier runs of the turn have left.
        """
        recording = self._recorder.begin(run, epoch, base, give_up=lambda: handle.end(Status.INTERRUPTED))
        ending = await self._ask(run, recording, handle, base)
        with anyio.CancelScope(shield=True):
            conversation = await self._recorder.finish(recording, ending)
        return conversation  # noqa: RET504 -- by its type a scope may swallow what is raised in it

    async def _ask(self, run: Run, recording: Recording, handle: Handle, base: Mapping[Part, str]) -> Ending:
        ending = Ending(handle.ending)
        try:
            with handle.scope:
                ending = await self._listen(run, recording, base)
        except UpstreamError as error:
            ending = Ending(Status.FAILED, TurnError(code=error.reason, message=error.message))
            if error.reason == "empty" and base.get(Part.ANSWER, "").strip():
                ending = Ending(Status.COMPLETE)  # it was whole: there is nothing to go on with
        except ParleyError as error:
            ending = Ending(Status.FAILED, TurnError(code=error.code, message=error.message))
        except Exception:
            log.exception("turn.crashed", turn=run.turn)
            words = "Something went wrong inside the server; its log says what. Try again."
            ending = Ending(Status.FAILED, TurnError(code="internal", message=words))
        if handle.scope.cancelled_caught:
            return Ending(handle.ending, _interruption() if handle.ending is Status.INTERRUPTED else None)
        return ending

    async def _listen(self, run: Run, recording: Recording, base: Mapping[Part, str]) -> Ending:
        question = await self._db.read(lambda session: _question(session, run))
        model = self._catalog.get(question.model)
        status, usage = Status.COMPLETE, None
        thought_before = bool(base.get(Part.REASONING))
        request = self._request(question, model.info, base.get(Part.ANSWER, ""))
        recording.context_start = question.start_of(request.messages)
        began = perf_counter()
        async with aclosing(model.stream(request)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Delta):
                    if not recording.spoken:
                        metrics.FIRST_WORDS.observe(perf_counter() - began)
                    part, text = Part(piece.part), piece.text
                    if part is Part.REASONING and thought_before:
                        thought_before, text = False, f"\n\n{text}"  # it thinks anew, and not on from where it was
                    await self._recorder.write(recording, part, text)
                    continue
                if piece.reason == "length":
                    status = Status.TRUNCATED
                if piece.prompt_tokens is not None and piece.completion_tokens is not None:
                    usage = Usage(prompt_tokens=piece.prompt_tokens, completion_tokens=piece.completion_tokens)
        return Ending(status, usage=usage)

    def _request(self, question: Question, model: ModelInfo, so_far: str) -> ModelRequest:
        window = model.context_tokens or self._settings.context_tokens
        reserve = min(question.params.max_tokens or ANSWER_TOKENS, window // 4)
        goes_on = bool(so_far.strip())
        messages = [*question.messages, ModelMessage("assistant", so_far)] if goes_on else question.messages
        return ModelRequest(
            messages=context.fit(messages, system_prompt=question.system_prompt, window=window, reserve=reserve),
            temperature=question.params.temperature,
            max_tokens=question.params.max_tokens,
            purpose="continuation" if goes_on else "answer",
        )


def _question(session: Session, run: Run) -> Question:
    tree = conversations.tree(session, run.conversation)
    *path, turn = conversations.messages(session, tree.path(run.turn))
    conversation = conversations.find(session, run.user, run.conversation)
    prompts = (conversations.personal_prompt(session, run.user), conversation.system_prompt)
    return Question(
        model=cast(str, turn.model),
        params=msgspec.convert(conversation.params, Params),
        system_prompt="\n\n".join(filter(str.strip, prompts)),
        messages=[ModelMessage(message.role.value, message.text) for message in path],
        ids=[message.id for message in path],
    )


def _interruption() -> TurnError:
    return TurnError(code="server_restarted", message="The server was stopped while it answered.")
