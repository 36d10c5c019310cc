"""Holds up guessing without locking the owner out.

Whoever guesses can make a limit trip; the owner must still get in. So failures are counted where the guesser is, by
address and by (account, address). The failures of one account from everywhere are counted too, against guesses from
many addresses, but that limit holds up unknown devices only: a browser in which somebody logged in to the account
before shows a signed cookie and has a bucket of its own, which nobody else can fill (the idea is OWASP's: "Slow Down
Online Guessing Attacks with Device Cookies").

An attempt is charged before the password is looked at and given back when it was right: guesses sent all at once
are counted like guesses in a row. What is counted is kept in memory, per worker.
"""

from __future__ import annotations

import hashlib
import ipaddress
import time
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass

from server.errors import RateLimited
from server.rate import Clock, Rate


@dataclass(frozen=True, slots=True)
class Limits:
    address: Rate = Rate(50, 10)
    """Failures of one client address, whatever the account. An office can be one address."""
    account_from_address: Rate = Rate(10, 30)
    account: Rate = Rate(100, 60)
    """Failures of one account from everywhere, known devices excepted."""
    device: Rate = Rate(10, 30)
    """Failures of one account on a device that it was logged in to before; also of one login session."""
    registration: Rate = Rate(120, 10)
    """Accounts made from one client address."""


Bucket = tuple[str, ...]
"""Its name."""


class Attempt:
    """A guess that was let through and charged."""

    def __init__(self, throttle: Throttle, charged: Sequence[tuple[Bucket, Rate]]) -> None:
        self._throttle = throttle
        self._charged = charged

    def was_right(self) -> None:
        for bucket, limit in self._charged:
            self._throttle.refund(bucket, limit)


class Throttle:
    """Buckets that fill with failures and leak. ``clock`` counts seconds and never goes back."""

    def __init__(self, limits: Limits | None = None, *, clock: Clock = time.monotonic, buckets: int = 50_000) -> None:
        self._limits = limits or Limits()
        self._clock = clock
        self._most = buckets
        self._empty_at: OrderedDict[Bucket, float] = OrderedDict()
        """When a bucket will have leaked out: all there is to know about it. Least recently used first."""

    def log_in(self, account: str, address: str, device: str | None) -> Attempt:
        """``account`` is what was typed, whether or not it exists; ``device`` is given if it is known to the account.

        Raises RateLimited.
        """
        limits = self._limits
        account = hashlib.sha256(account.encode()).hexdigest()  # what people type may be long, a bucket's name may not
        if device is not None:
            own: list[tuple[Bucket, Rate]] = [(("device", account, device), limits.device)]
            if self._wait(own) == 0:
                return self._charge(own)
            # Its cookie may have been stolen. The owner, at the same device, still has what a stranger has.
        network = network_of(address)
        return self._take(
            [
                (("address", network), limits.address),
                (("account from address", account, network), limits.account_from_address),
                (("account", account), limits.account),
            ]
        )

    def confirm(self, session: str) -> Attempt:
        """A password typed within a login session: a stolen access token must not become a stolen password."""
        return self._take([(("session", session), self._limits.device)])

    def register(self, address: str) -> Attempt:
        return self._take([(("registration", network_of(address)), self._limits.registration)])

    def refund(self, bucket: Bucket, limit: Rate) -> None:
        if bucket in self._empty_at:
            self._empty_at[bucket] -= limit.seconds

    def _take(self, charges: list[tuple[Bucket, Rate]]) -> Attempt:
        wait = self._wait(charges)
        if wait > 0:
            raise RateLimited("Too many attempts. Wait a little, then try again.", retry_after=wait)
        return self._charge(charges)

    def _wait(self, charges: list[tuple[Bucket, Rate]]) -> float:
        """Seconds until each of the buckets has room for one more."""
        now = self._clock()
        return max(limit.wait(self._empty_at.get(bucket, now), now) for bucket, limit in charges)

    def _charge(self, charges: list[tuple[Bucket, Rate]]) -> Attempt:
        now = self._clock()
        for bucket, limit in charges:
            self._empty_at[bucket] = limit.filled(self._empty_at.get(bucket, now), now)
            self._empty_at.move_to_end(bucket)
        while len(self._empty_at) > self._most:
            self._empty_at.popitem(last=False)
        return Attempt(self, charges)


def network_of(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address: its holder usually has all of that at hand (RFC 4291, 2.5.4)."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address[:64]
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            return str(ip.ipv4_mapped)
        return str(ipaddress.IPv6Network((ip, 64), strict=False))
    return str(ip)
