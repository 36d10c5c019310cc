"""One streamed answer, from bytes to deltas: no I/O. What the endpoint does wrong on the way is an UpstreamError."""

from __future__ import annotations

import itertools

from server.errors import UpstreamError
from server.llm import faults
from server.llm.base import Delta, Finish, Part
from server.llm.chunks import Choice, Chunk, Garbled, Usage, decode_chunk, decode_json, is_json
from server.llm.complaint import Complaint
from server.llm.endpoint import Endpoint
from server.llm.sse import MAX_EVENT_BYTES, EventParser, EventTooLong
from server.llm.text import CharacterJoiner, ThinkSplitter

MAX_ANSWER_CHARS = 4_000_000
"""Both parts together. A model that writes more has lost its way; it ends there as if it had met its own limit."""

_DONE = b"[DONE]"
_LENGTH = {"length", "max_tokens", "model_length"}


class AnswerReader:
    """``feed`` what the endpoint sends; at its end ``close``, then ``finish``."""

    def __init__(self, endpoint: Endpoint, model: str) -> None:
        self._endpoint = endpoint
        self._model = model
        self._events = EventParser()
        self._characters: dict[Part, CharacterJoiner] = {"answer": CharacterJoiner(), "reasoning": CharacterJoiner()}
        self._thinking = ThinkSplitter()
        self._usage = Usage()
        self._reason: str | None = None
        self._chars = 0
        self._unread_bytes = 0
        self._answered = False
        self._reasoned = False
        self._failure: UpstreamError | None = None
        self.started = False
        """An event has been read."""
        self.done = False
        """The endpoint has said that nothing more comes."""

    @property
    def finishing(self) -> bool:
        """The answer is complete; what may still come is the usage and the end mark."""
        return self._reason is not None

    def feed(self, chunk: bytes) -> list[Delta]:
        """Never raises: text that came before a fault is worth showing, so the fault waits for ``finish``."""
        try:
            events = self._events.feed(chunk)
        except EventTooLong:
            self.fail(faults.garbled(self._endpoint, f"an event of more than {MAX_EVENT_BYTES} bytes"))
            return []
        # Lines that are no data take no memory, but they could go on for ever.
        self._unread_bytes = 0 if events else self._unread_bytes + len(chunk)
        if self._unread_bytes > MAX_EVENT_BYTES:
            self.fail(faults.garbled(self._endpoint, f"{MAX_EVENT_BYTES} bytes without an event"))
        return self._read(events)

    def feed_whole(self, body: bytes) -> list[Delta]:
        """The answer of an endpoint that did not stream although it was asked to: one JSON object."""
        deltas = self._read([body])
        self.done = True
        return deltas

    def close(self) -> list[Delta]:
        """No more bytes come: whatever was held back. Half an event is what a broken connection leaves."""
        deltas: list[Delta] = []
        for data in self._events.finish():
            if data.strip() == _DONE or is_json(data):
                deltas += self._read([data])
        deltas += self._pieces(self._characters["reasoning"].finish(), self._characters["answer"].finish())
        return self._note(deltas + self._thinking.finish())

    def finish(self) -> Finish:
        if self._failure is not None:
            raise self._failure
        if self._reason == "content_filter":
            raise faults.filtered(self._endpoint)
        if self._reason is None and not self.done:
            if self._unread_bytes and not self.started:
                raise faults.garbled(self._endpoint, "no event at all")
            raise faults.cut_off(self._endpoint)
        reason = self._reason or "stop"
        length = reason in _LENGTH
        if not self._answered and not (self._reasoned and length):
            raise faults.empty(self._endpoint, f"it ended with “{reason}”")
        return Finish("length" if length else "stop", *self._usage.counts())

    def fail(self, failure: UpstreamError) -> None:
        """To be raised by ``finish``."""
        self._failure = failure
        self.done = True

    def _read(self, events: list[bytes]) -> list[Delta]:
        deltas: list[Delta] = []
        for data in events:
            if self.done or not data.strip():
                continue
            if data.strip() == _DONE:
                self.done = True
                continue
            self.started = True
            try:
                deltas += self._read_chunk(decode_chunk(data), data)
            except Garbled as error:
                self.fail(faults.garbled(self._endpoint, str(error)))
            except UpstreamError as error:
                self.fail(error)
        return self._note(deltas)

    def _read_chunk(self, chunk: Chunk, data: bytes) -> list[Delta]:
        self._check(chunk, data)
        self._usage = chunk.usage or self._usage
        return [delta for choice in chunk.choices or () if not choice.index for delta in self._read_choice(choice)]

    def _check(self, chunk: Chunk, data: bytes) -> None:
        """Raises what the endpoint reports in place of text: as ``error``, or as an object that is nothing else."""
        error = chunk.error
        if error is None and chunk.choices is None and chunk.usage is None:
            said = decode_json(data)
            error = said if said.keys() & {"message", "detail"} else None
        if error is not None:
            raise faults.failure(self._endpoint, Complaint.of_event(error), model=self._model)

    def _read_choice(self, choice: Choice) -> list[Delta]:
        if choice.finish_reason == "error":
            raise faults.failure(self._endpoint, Complaint(None, "", ""), model=self._model)
        self._reason = choice.finish_reason or self._reason
        delta = choice.delta or choice.message
        if delta is None:
            return []
        return self._pieces(
            self._characters["reasoning"].feed(delta.thoughts()), self._characters["answer"].feed(delta.answer())
        )

    def _pieces(self, reasoning: str, answer: str) -> list[Delta]:
        deltas = self._thinking.feed(answer) if answer else []
        return [Delta("reasoning", reasoning), *deltas] if reasoning else deltas

    def _note(self, deltas: list[Delta]) -> list[Delta]:
        """Joins neighbours of the same part: one network read is one piece for whoever follows."""
        joined: list[Delta] = []
        for part, run in itertools.groupby(deltas, key=lambda delta: delta.part):
            text = "".join(delta.text for delta in run)
            joined.append(Delta(part, text))
            self._chars += len(text)
            self._answered = self._answered or (part == "answer" and not text.isspace())
            self._reasoned = self._reasoned or part == "reasoning"
        if self._chars > MAX_ANSWER_CHARS:
            self._reason, self.done = "length", True
        return joined
