"""What was asked, what was promised, what was seen, and what turned out to be wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum, auto
from time import monotonic
from typing import Any

from tests.chaos.answers import Part
from tests.fixtures.client import Frame

EVERY = 0.05
"""Seconds between two notes of how far somebody saw an answer grow."""


class Wrong(StrEnum):
    LOST = auto()
    DOUBLED = auto()
    TORN = auto()
    """Text with a hole, two views that differ, an order that is none."""
    LATE = auto()
    REFUSED = auto()
    """What should have been answered, or ended well, and was not."""


@dataclass(eq=False)
class Question:
    """A `send`, an `edit` of it, a `regenerate` or `continue` of its answer. The same goes out until it is answered."""

    person: str
    command: str
    fields: Frame
    conversation: str | None
    """In which it is asked; None for a new one."""
    reply: Frame | None = None
    refused: str | None = None
    attempts: int = 0
    unanswered: int = 0
    """Attempts whose line was lost before the answer: they may have taken effect, and may yet."""

    @property
    def settled(self) -> bool:
        return self.reply is not None or self.refused is not None


@dataclass
class Seen:
    """How far a follower of the plain text saw one part of an answer."""

    text: str = ""
    growth: list[tuple[float, int]] = field(default_factory=list)
    """Moments, and the characters that were seen by then."""

    def grow(self, text: str, moment: float) -> None:
        if len(text) <= len(self.text):
            return
        self.text = text
        if self.growth and moment - self.growth[-1][0] < EVERY:
            self.growth[-1] = (self.growth[-1][0], len(text))
        else:
            self.growth.append((moment, len(text)))

    def first_beyond(self, length: int) -> float:
        """When more than so many characters were seen for the first time."""
        return next(moment for moment, seen in self.growth if seen > length)


@dataclass
class Counted:
    """A setting that one tab alone changes: what may be stored of it."""

    taken: int | None = None
    unanswered: set[int] = field(default_factory=set)
    """Those values may have taken effect, and may yet."""


@dataclass(frozen=True)
class Trouble:
    """A fault, from its beginning to its end."""

    kind: str
    began: float
    ended: float
    victim: str | None = None
    """The worker's id, where one died or was taken for dead."""


class Ledger:
    def __init__(self, say: Callable[[str], None]) -> None:
        self.say = say
        self.wrongs: list[tuple[Wrong, str]] = []
        self.questions: dict[str, Question] = {}
        """By `client_id`."""
        self.turns: dict[str, Question] = {}
        self.stops: set[str] = set()
        """Turns that somebody wanted to end, be it by deleting their conversation."""
        self.deletes: set[str] = set()
        """Conversations that somebody wanted to be deleted, and those of them that were."""
        self.deleted: set[str] = set()
        self.counters: dict[tuple[str, str], Counted] = {}
        """By person and key."""
        self.seen: dict[tuple[str, Part], Seen] = {}
        self.troubles: list[Trouble] = []
        self.counts: Counter[str] = Counter()
        self.worst: dict[str, float] = {}
        self.ends: dict[str, dict[Any, tuple[Any, ...]]] = {}
        """By turn, and by when its run ended: how, and where in the log that was told."""
        self._entries: dict[tuple[str, str, int], int] = {}

    def wrong(self, what: Wrong, words: str) -> None:
        self.wrongs.append((what, words))
        if len(self.wrongs) <= 50:
            self.say(f"  {what.upper()}: {words}")

    def measure(self, what: str, seconds: float) -> None:
        self.worst[what] = max(self.worst.get(what, 0.0), seconds)

    def ask(self, client_id: str, question: Question) -> Question:
        return self.questions.setdefault(client_id, question)

    def answered(self, question: Question, reply: Frame) -> None:
        """The same `client_id` always gives the same ids."""
        ids: Frame = {name: reply[name] for name in ("conversation", "message", "turn") if name in reply}
        if question.reply is None:
            question.reply = ids
            self.counts["acknowledged"] += 1
            goes_on = question.command == "continue"
            if not goes_on and (other := self.turns.setdefault(ids["turn"], question)) is not question:
                self.wrong(Wrong.DOUBLED, f"turn {ids['turn']} answers {question.fields} and {other.fields}")
        elif question.reply != ids:
            self.wrong(Wrong.DOUBLED, f"{question.fields} gave {question.reply}, and then {ids}")

    def saw_text(self, turn: str, part: Part, text: str) -> None:
        self.seen.setdefault((turn, part), Seen()).grow(text, monotonic())

    def saw_event(self, log: str, epoch: str, event: Frame) -> None:
        """Whoever follows a log is told the same at the same offset. Deltas and renders may be cut differently."""
        if event["type"] in ("turn.delta", "turn.render"):
            return
        self.counts["events"] += 1
        told = hash(repr(sorted(event.items(), key=str)))
        if self._entries.setdefault((log, epoch, event["offset"]), told) != told:
            self.wrong(Wrong.TORN, f"two entries at {event['offset']} of {log}, epoch {epoch}: one is {event}")
        if event["type"] == "turn.finished":
            self.saw_end(event["message"], (epoch, event["offset"]))

    def saw_end(self, message: Frame, place: tuple[str, int] | None = None) -> None:
        """A run ends in one way, and is told to end once, whoever tells it."""
        end = tuple(str(message.get(key)) for key in ("status", "text", "reasoning", "error", "usage", "model"))
        ends, moment = self.ends.setdefault(message["id"], {}), message["finished_at"]
        held = ends.setdefault(moment, (end, place))
        if held[0] != end:
            self.wrong(Wrong.DOUBLED, f"turn {message['id']} ended as {held[0]} and as {end}")
        if place is not None and held[1] is None:
            ends[moment] = (end, place)
        elif place is not None and held[1] != place:
            self.wrong(Wrong.DOUBLED, f"the end of turn {message['id']} was told at {held[1]} and at {place}")

    def troubles_between(self, began: float, ended: float, *kinds: str) -> list[Trouble]:
        return [
            trouble
            for trouble in self.troubles
            if trouble.kind in kinds and trouble.began <= ended and trouble.ended >= began
        ]
