"""One run as it is written: what was said, how much of it the log has, and how much the database."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter

from server.protocol.codes import Part
from server.protocol.events import TurnDelta
from server.realtime.event_log import RunKey, conversation_log
from server.turns.repository import Run, Written


@dataclass(eq=False, slots=True)
class Recording:
    """Text is kept in pieces: joining it for every token would be quadratic."""

    run: Run
    epoch: str
    """Of the log that has what was said so far."""
    give_up: Callable[[], None]
    """Called when the run turns out not to be this worker's any more."""
    spoken: bool = False
    adrift: bool = False
    """Whether the log lacks words, or cannot be reached. Then the database has to have them all before the log goes
    on, in another epoch."""
    unsaved: bool = False
    """Whether there are words that the next checkpoint has to save."""
    context_start: str | None = None
    """The oldest message that the model was given; None: all of them."""
    announced: bool = False
    """Whether the row and the sidebars say ``streaming``."""
    _thought: float | None = None
    """Seconds of the thinking that led to words of the answer; None: it has not thought."""
    _thinking_since: float | None = None
    _texts: dict[Part, list[str]] = field(default_factory=lambda: {part: [] for part in Part})
    _logged: dict[Part, int] = field(default_factory=lambda: dict.fromkeys(Part, 0))
    _waiting: list[tuple[Part, list[str]]] = field(default_factory=list)

    @classmethod
    def after(cls, base: Mapping[Part, str], run: Run, epoch: str, give_up: Callable[[], None]) -> Recording:
        """Goes on from the text that earlier runs have left."""
        recording = cls(run, epoch, give_up)
        for part, text in base.items():
            recording._texts[part].append(text)
            recording._logged[part] = len(text)
        recording.announced = any(base.values())  # what goes on is ``streaming`` from the start
        return recording

    @property
    def key(self) -> RunKey:
        return RunKey(conversation_log(self.run.user, self.run.conversation), self.run.turn, self.run.number)

    def write(self, part: Part, text: str) -> None:
        self.spoken = True
        self._watch(part)
        self._texts[part].append(text)
        self._wait(part, text)
        self.unsaved = self.unsaved or self.adrift

    def take(self) -> list[TurnDelta]:
        """What was written since the last time: one delta for each stretch of one part."""
        deltas = []
        for part, pieces in self._waiting:
            text = "".join(pieces)
            start = self._logged[part]
            self._logged[part] += len(text)
            deltas.append(
                TurnDelta(conversation=self.run.conversation, turn=self.run.turn, part=part, from_=start, text=text)
            )
        self._waiting.clear()
        self.unsaved = self.unsaved or bool(deltas)
        return deltas

    def written(self) -> Written:
        """What the log has been given: the database is ahead of it only while the log lacks words anyway."""
        thought = self._thought
        if thought is not None and self._thinking_since is not None:
            thought += perf_counter() - self._thinking_since
        return Written(
            self.run,
            self._join(Part.ANSWER),
            self._join(Part.REASONING),
            self.context_start,
            thought_ms=None if thought is None else round(1000 * thought),
        )

    def cut_loose(self) -> None:
        """The log may or may not have what it was given last."""
        self.adrift = self.unsaved = True

    def rejoin(self, epoch: str, saved: Written) -> None:
        """The log goes on where the database is."""
        self.epoch, self.adrift = epoch, False
        self._waiting.clear()
        for part, known in ((Part.REASONING, saved.reasoning), (Part.ANSWER, saved.text)):
            whole = "".join(self._texts[part])
            self._logged[part] = len(known)
            if len(whole) > len(known):
                self._wait(part, whole[len(known) :])

    def _watch(self, part: Part) -> None:
        """It thinks from its first thought on until it goes on to answer."""
        if part is Part.REASONING:
            self._thought = self._thought or 0.0
            self._thinking_since = self._thinking_since or perf_counter()
        elif self._thought is not None and self._thinking_since is not None:
            self._thought += perf_counter() - self._thinking_since
            self._thinking_since = None

    def _wait(self, part: Part, text: str) -> None:
        if not self._waiting or self._waiting[-1][0] is not part:
            self._waiting.append((part, []))
        self._waiting[-1][1].append(text)

    def _join(self, part: Part) -> str:
        text = "".join(self._texts[part])
        self._texts[part][:] = [text]
        return text if self.adrift else text[: self._logged[part]]
