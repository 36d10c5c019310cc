"""The endpoint that the houses ask: it says what `answers` knows, at a pace of its own, and is broken when told to."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Sequence
from enum import StrEnum, auto
from random import Random

from tests.chaos.answers import MODELS, Said, rest, said
from tests.fixtures.upstream import (
    CHAT,
    DONE,
    HANG,
    Answer,
    Gate,
    Received,
    Step,
    Upstream,
    delta,
    finish,
    reasoning,
    usage,
)

TITLE = "title for this conversation"
"""Of what the server asks for by itself, when it wants a title."""
CUT_OFF = "Your last message was cut off"
"""Of what it asks when an answer is to go on."""
SECONDS = (0.0, 0.5, 2.0, 5.0)
"""How long an answer takes, about."""
BREATH = 0.03
"""Seconds between two bursts of tokens, about."""
Key = tuple[str, str]
"""A question, and the model that was asked."""


class Mood(StrEnum):
    WELL = auto()
    CUTTING = auto()
    """Lines are cut, in the middle of an answer or before it."""
    HANGING = auto()
    """Answers that begin now never end."""
    REFUSING = auto()
    """Status 500."""
    PAUSING = auto()
    """Nothing is said, for as long as this lasts."""


class Models(Upstream):
    def __init__(self) -> None:
        super().__init__()
        self.models = list(MODELS)
        self.mood = Mood.WELL
        self.asked: Counter[Key] = Counter()
        self.broken: Counter[Key] = Counter()
        """Requests that were not answered as they should be."""
        self.strange: list[str] = []
        """What nobody should have asked."""
        self._random = Random()
        self._seconds: Sequence[float] = SECONDS
        self._lock = threading.Lock()

    def begin(self, seed: int, seconds: Sequence[float]) -> None:
        """``seconds``: how long answers take, one of these."""
        self._random, self._seconds = Random(f"models {seed}"), seconds

    def _answer(self, request: Received) -> Answer:
        if request.path != CHAT:
            return super()._answer(request)
        self.requests.clear()  # in hours they would fill the memory
        question = request.body["messages"][-1]["content"]
        if TITLE in question:
            return Answer((delta("A title 标题"), finish(), DONE), headers={"Content-Type": "text/event-stream"})
        key, to_say = (question, request.body["model"]), None
        if CUT_OFF in question:
            *_, asked, so_far, _ = (message["content"] for message in request.body["messages"])
            key = (asked, request.body["model"])
            to_say = rest(*key, so_far)
            if to_say is None:
                self.strange.append(f"{key} was to go on after {so_far[-80:]!r}, which nobody said")
        with self._lock:
            self.asked[key] += 1
            if self.mood is Mood.REFUSING:
                self.broken[key] += 1
                return Answer.of_json({"error": {"message": "out of order"}}, 500)
            steps = self._steps(key, to_say or said(*key))
            return Answer(tuple(steps), headers={"Content-Type": "text/event-stream"})

    def _steps(self, key: Key, all_of_it: Said) -> list[Step]:
        events = [(delta if part == "answer" else reasoning)(piece) for part, piece in all_of_it.pieces]
        body = b"".join(events)
        bursts = max(1, min(int(self._random.choice(self._seconds) / BREATH), len(events)))
        steps: list[Step] = []
        hangs_at = self._random.randrange(bursts) if self.mood is Mood.HANGING else None
        start = 0
        for burst in range(bursts):
            end = len(body) * (burst + 1) // bursts  # wherever that is: within an event, within a character
            steps += [_Breath(self, key, self._random.uniform(0, 2 * BREATH)), body[start:end]]
            start = end
            if burst == hangs_at:
                self.broken[key] += 1
                return [*steps, HANG]
        return [*steps, finish(all_of_it.reason), usage(9, len(events)), DONE]


class _Breath(Gate):
    """A pause, in which the line may be cut."""

    def __init__(self, models: Models, key: Key, seconds: float) -> None:
        super().__init__()
        self._models = models
        self._key = key
        self._seconds = seconds

    async def passed(self) -> None:
        await asyncio.sleep(self._seconds)
        while self._models.mood is Mood.PAUSING:  # noqa: ASYNC110 -- changed from another thread
            await asyncio.sleep(BREATH)
        if self._models.mood is Mood.CUTTING:
            self._models.broken[self._key] += 1
            raise ConnectionResetError
