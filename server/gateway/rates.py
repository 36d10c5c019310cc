"""How much a socket may ask of this worker, and a user by all of their sockets together.

Counted in points, which are some tenths of a millisecond of the worker's time. What a command costs stands beside its
handler in `dispatch`.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from dataclasses import dataclass

import anyio
import structlog

from server.rate import Bucket, Clock, Rate
from server.settings import Settings

log = structlog.get_logger(__name__)

BURST_SECONDS = 20
"""What a rate gives in that time may be spent at once: a user's many tabs all come back together."""
LARGE_BYTES = 16 << 10
LARGE = Rate(burst=8 << 20, seconds=1 / (1 << 20))
"""Bytes of a user's large frames that are read: 1 MiB made to be slow takes 50 ms. No command of theirs is refused."""
REFUSALS = Rate(burst=200, seconds=0.05)
"""Of one socket. Who asks on beyond them does not listen."""
TELL = Rate(burst=1, seconds=10)
"""Lines in the log about the refusals of one socket."""
USERS = 10_000
"""Whose spending is remembered, those of latest activity: to leave and come back gains nothing."""


@dataclass(frozen=True, slots=True)
class Spending:
    """One user's."""

    points: Bucket
    large: Bucket


class Allowance:
    """One socket's."""

    __slots__ = ("_of_user", "_own", "_refusals", "_tell")

    def __init__(self, own: Bucket, of_user: Spending, clock: Clock) -> None:
        self._own = own
        self._of_user = of_user
        self._refusals = Bucket(REFUSALS, clock)
        self._tell = Bucket(TELL, clock)

    def take(self, cost: float) -> float:
        """0, and ``cost`` is spent; or the seconds until there is room for it, and nothing is."""
        wait = max(self._own.wait(cost), self._of_user.points.wait(cost))
        if wait == 0:
            self._own.fill(cost)
            self._of_user.points.fill(cost)
        return wait

    async def pace(self, size: int) -> None:
        """Waits until a frame of ``size`` bytes may be read."""
        if size > LARGE_BYTES:
            wait = self._of_user.large.wait(size)
            self._of_user.large.fill(size)
            await anyio.sleep(wait)

    def refuse(self) -> bool:
        """Counts a refusal. False when it was one too many."""
        if self._tell.take() == 0:
            log.warning("commands.refused")
        return self._refusals.take() == 0


class Rates:
    """Of this worker: a user whose sockets are spread over several may spend as much on each."""

    def __init__(self, settings: Settings, clock: Clock = time.monotonic) -> None:
        self._of_socket = _rate(settings.socket_rate)
        self._of_user = _rate(settings.user_rate)
        self._clock = clock
        self._users: OrderedDict[str, Spending] = OrderedDict()

    def allowance(self, user: str) -> Allowance:
        spending = self._users.pop(user, None)
        if spending is None:
            spending = Spending(Bucket(self._of_user, self._clock), Bucket(LARGE, self._clock))
        self._users[user] = spending
        if len(self._users) > USERS:
            self._users.popitem(last=False)
        return Allowance(Bucket(self._of_socket, self._clock), spending, self._clock)


def _rate(points_per_second: int) -> Rate:
    return Rate(burst=points_per_second * BURST_SECONDS, seconds=1 / points_per_second)
