"""The interface of the event log: short, hot and ordered; the database is the truth.

Every user and every conversation has a log of its own. An append assigns the next offset and wakes every follower in
one act. A log is kept for at least `WINDOW` seconds; whoever comes back later gets a snapshot. Its *epoch* is never
used again: a log whose history was lost begins another one, so that an offset of the past cannot be taken for one of
the present.

Two kinds of entries are appended under a condition:

- What a write of the database has to say is *announced* under a number: the version of the user's state that it made.
  The log's *ledger* knows the last version that was announced, so that workers cannot tell the same twice, nor in
  another order than that of their commits; and a snapshot can find its place in the log by its version.
- What a model says is *written* for a run that the log knows to be live: nothing follows a run's end, and a worker
  that was taken for dead cannot speak for a run that is no longer its own.

Wherever the log and the database may disagree, the log's history counts as lost: it is *renewed*, and every follower
takes a snapshot.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import ClassVar

from server.protocol.codes import Part
from server.protocol.events import Event, TurnDelta
from server.realtime.tail import Log, Position, Tail

WINDOW = 150.0
"""Seconds. The contract asks for 120."""
MAX_ENTRIES = 20_000
"""Entries of one log, at most: 150 s at a delta per 10 ms, and some room."""

Wake = Callable[[], None]
Entry = tuple[Log, Event]


@dataclass(frozen=True, slots=True)
class Ledger:
    """What the log knows of a user. Another ``key`` means that everything before is lost."""

    key: str
    version: int
    """Of the user's state: all that led to it has been announced."""


@dataclass(frozen=True, slots=True)
class RunKey:
    """One run of a turn, in the log of its conversation."""

    log: Log
    turn: str
    number: int


@dataclass(frozen=True, slots=True)
class Speech:
    """What a run has said since the last time."""

    run: RunKey
    epoch: str
    """Of the log that has what was said before."""
    deltas: Sequence[TurnDelta]


class Outcome(Enum):
    DONE = auto()
    """Of an announcement: it is told, be it by this call or by an earlier one."""
    BEHIND = auto()
    """Versions before this one are still to be announced."""
    LOST = auto()
    """The log's history is lost: it is not what the caller takes it for."""
    OVER = auto()
    """The run has ended, or is another worker's."""


class HistoryLost(Exception):
    """There is no ledger of this user, or the tail's epoch is one of the past."""


class EventLog(ABC):
    """Where it is a service, all that is asynchronous here raises Unavailable while that does not answer."""

    outlives_process: ClassVar[bool]
    """Whether others follow what this process appends, and go on when it dies."""

    @abstractmethod
    async def announce(self, user: str, version: int, entries: Sequence[Entry]) -> Outcome:
        """Appends what led to ``version`` of the user's state, an entry for each version since the last one."""

    @abstractmethod
    async def write(self, speeches: Sequence[Speech]) -> list[Outcome]:
        """Appends deltas, each exactly where the run's text ends; all or nothing of a speech."""

    @abstractmethod
    async def append(self, entries: Sequence[Entry]) -> None:
        """Appends what no write of the database stands behind, in this order.

        Not for users without a ledger: nobody follows their logs.
        """

    @abstractmethod
    async def ledger(self, user: str) -> Ledger | None: ...

    @abstractmethod
    async def renew(self, user: str, version: int, instead_of: Ledger | None) -> None:
        """Begins another ledger, and with it another epoch of each of the user's logs; followers lose their tails.

        Does nothing when the ledger is not, or no longer, the one to be replaced. What was announced meanwhile stays
        announced: a ledger's version is never below that of the one before.
        """

    @abstractmethod
    async def forget(self, user: str, conversations: Collection[str]) -> None:
        """The user is no more, and neither is what there was to tell."""

    @abstractmethod
    async def resume(self, run: RunKey, chars: dict[Part, int]) -> Position:
        """Begins another epoch of one log, in which the run is live and has said so much already.

        Raises HistoryLost where there is no ledger, as do `follow`, `catch_up` and `position`.
        """

    @abstractmethod
    async def seize(self, run: RunKey) -> Sequence[Event]:
        """Nothing can be written for the run any more. Returns what there is of the log's window."""

    @abstractmethod
    async def follow(self, log: Log, wake: Wake) -> Tail:
        """The log's tail. ``wake`` is called after each append, until `unfollow` with the same ``wake``."""

    @abstractmethod
    def unfollow(self, log: Log, wake: Wake) -> None: ...

    @abstractmethod
    async def catch_up(self, tail: Tail) -> Ledger:
        """Brings a tail to the present end of its log. Returns the ledger as it was at that end."""

    @abstractmethod
    async def position(self, log: Log) -> Position:
        """The present end of a log, which begins here if there is none."""

    @abstractmethod
    def followed(self) -> list[Log]:
        """The logs that are followed in this process."""

    @abstractmethod
    def sweep(self) -> None:
        """Forgets what nobody can ask for any more. Called every now and then."""


def user_log(user: str) -> Log:
    return Log(user)


def conversation_log(owner: str, conversation: str) -> Log:
    return Log(owner, conversation)
