"""Signals between workers: words to whoever holds a turn or a socket. Nothing is kept of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import msgspec


class StopTurn(msgspec.Struct, frozen=True, tag="stop_turn"):
    """A person wants the turn to end; not a later run of it, should this arrive late."""

    turn: str
    run: int


class SessionsEnded(msgspec.Struct, frozen=True, tag="sessions_ended"):
    """Login sessions that are no more: their sockets are closed."""

    sessions: frozenset[str]


Signal = StopTurn | SessionsEnded
Listener = Callable[[Signal], Awaitable[None]]


class Bus(ABC):
    @abstractmethod
    async def publish(self, signal: Signal) -> None:
        """Tells every worker, this one included. Unavailable: some of them may not have heard."""

    @abstractmethod
    def listen(self, listener: Listener) -> None:
        """Has ``listener`` called for every signal, until the process ends. A signal may come twice."""


@dataclass(slots=True)
class MemoryBus(Bus):
    """For one process."""

    _listeners: list[Listener] = field(default_factory=list)

    async def publish(self, signal: Signal) -> None:
        for listener in self._listeners:
            await listener(signal)

    def listen(self, listener: Listener) -> None:
        self._listeners.append(listener)
