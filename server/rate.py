"""How often something may happen: a bucket fills with what is counted, and leaks at a steady pace (GCRA)."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

Clock = Callable[[], float]
"""Counts seconds and never goes back."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once; after that, one every ``seconds``.

    All there is to know about a bucket is ``empty_at``: the moment at which it will have leaked out.
    """

    burst: float
    seconds: float

    def wait(self, empty_at: float, now: float, cost: float = 1) -> float:
        """Seconds until the bucket has room for ``cost`` more."""
        return max(0.0, empty_at - now - (self.burst - cost) * self.seconds)

    def filled(self, empty_at: float, now: float, cost: float = 1) -> float:
        """When the bucket will have leaked out with ``cost`` more in it."""
        return max(empty_at, now) + cost * self.seconds


class Bucket:
    """One bucket of a rate."""

    __slots__ = ("_clock", "_empty_at", "_rate")

    def __init__(self, rate: Rate, clock: Clock = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._empty_at = clock()

    def wait(self, cost: float = 1) -> float:
        return self._rate.wait(self._empty_at, self._clock(), cost)

    def fill(self, cost: float = 1) -> None:
        self._empty_at = self._rate.filled(self._empty_at, self._clock(), cost)

    def take(self, cost: float = 1) -> float:
        """0, and ``cost`` is counted; or the seconds until there is room for it, and nothing is."""
        wait = self.wait(cost)
        if wait == 0:
            self.fill(cost)
        return wait
