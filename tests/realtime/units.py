"""What the tests of event logs are made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import anyio

from server.protocol.codes import Part, Role, Status
from server.protocol.events import Event, TurnDelta, TurnFinished, TurnStarted, TurnStatus
from server.protocol.objects import Message
from server.realtime.event_log import EventLog, Ledger, Outcome, RunKey, Speech, conversation_log, user_log
from server.realtime.tail import Log, Tail

SECONDS = 20
"""How long a test waits for what must come; longer only means that it fails."""
OWNER = "ann"
MINE = user_log(OWNER)
LOG = conversation_log(OWNER, "c")
OTHER = conversation_log(OWNER, "other")
RUN = RunKey(LOG, "t", 1)


class Clock:
    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@dataclass
class Follower:
    """Counts how often it is woken, and what it sees then."""

    seen: list[int] = field(default_factory=list)
    tail: Tail | None = None

    def wake(self) -> None:
        self.seen.append(-1 if self.tail is None else self.tail.position.offset)


@dataclass
class House:
    """An event log with a ledger for OWNER, at version 0."""

    log: EventLog

    async def append(self, *texts: str, log: Log = LOG) -> None:
        await self.log.append([(log, delta(text)) for text in texts])

    async def tail(self, log: Log = LOG) -> Tail:
        """The tail as somebody new sees it, who then leaves."""
        tail = await self.log.follow(log, ignore)
        self.log.unfollow(log, ignore)
        return tail

    async def begin(self, run: RunKey = RUN, text: str = "", reasoning: str | None = None) -> str:
        """Has the log know the run to be live. Returns the log's epoch."""
        await self.log.append([(run.log, started(run, text, reasoning))])
        return (await self.log.position(run.log)).epoch

    async def say(self, epoch: str, *deltas: TurnDelta, run: RunKey = RUN) -> Outcome:
        (outcome,) = await self.log.write([Speech(run, epoch, deltas)])
        return outcome

    async def ledger(self) -> Ledger:
        ledger = await self.log.ledger(OWNER)
        assert ledger is not None
        return ledger


def delta(text: str, start: int = 0, part: Part = Part.ANSWER, turn: str = "t") -> TurnDelta:
    return TurnDelta(conversation="c", turn=turn, part=part, from_=start, text=text)


def status(number: int) -> TurnStatus:
    return TurnStatus(conversation="c", turn=str(number), status=Status.COMPLETE)


def started(run: RunKey = RUN, text: str = "", reasoning: str | None = None) -> TurnStarted:
    return TurnStarted(conversation="c", message=message(run.turn, text, reasoning), run=run.number)


def finished(run: RunKey = RUN, text: str = "") -> TurnFinished:
    return TurnFinished(conversation="c", message=message(run.turn, text, status=Status.COMPLETE))


def message(id: str, text: str, reasoning: str | None = None, status: Status = Status.PENDING) -> Message:
    return Message(
        id=id,
        conversation="c",
        parent=None,
        role=Role.ASSISTANT,
        text=text,
        html="",
        reasoning=reasoning,
        status=status,
        attachments=[],
        siblings=[id],
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
    )


def ignore() -> None:
    pass


def texts(entries: Sequence[Event]) -> list[str]:
    return [entry.text for entry in entries if isinstance(entry, TurnDelta)]


def numbers(tail: Tail) -> list[int]:
    """What `status` was told, of all that the tail has."""
    return [int(entry.turn) for entry in tail.after(tail.first - 1) if isinstance(entry, TurnStatus)]


def offsets(tail: Tail) -> list[int]:
    return [entry.offset for entry in tail.after(tail.first - 1)]


async def until(condition: Callable[[], bool]) -> None:
    with anyio.fail_after(SECONDS):
        while not condition():  # noqa: ASYNC110 -- whatever it is, it tells nobody
            await anyio.sleep(0.002)
