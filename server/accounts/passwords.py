"""Passwords as bcrypt hashes, made and compared off the event loop.

bcrypt reads 72 bytes at most and stops at a NUL, so it is given the base64 of the password's SHA-256: 44 bytes that
depend on all of it.
"""

from __future__ import annotations

import base64
import hashlib
import unicodedata

import bcrypt
from anyio import CapacityLimiter, to_thread

THREADS = 2
"""A comparison takes a quarter of a second of CPU: more of them at once would starve the live answers."""


class Passwords:
    def __init__(self, rounds: int) -> None:
        self._rounds = rounds
        self._limiter = CapacityLimiter(THREADS)
        # Well-formed and of the same cost as a real one, but no password's: all salt and digest bits are zero.
        self._nobodys = f"$2b${rounds:02}$" + "." * 53

    async def hash(self, password: str) -> str:
        """60 ASCII characters."""
        return await to_thread.run_sync(self._hash, password, limiter=self._limiter)

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Without a hash, because there is no such account, the same work is done before the answer is no."""
        matches = await to_thread.run_sync(_matches, password, password_hash or self._nobodys, limiter=self._limiter)
        return matches and password_hash is not None

    def _hash(self, password: str) -> str:
        return bcrypt.hashpw(_digest(password), bcrypt.gensalt(self._rounds)).decode("ascii")


def _matches(password: str, password_hash: str) -> bool:
    return bcrypt.checkpw(_digest(password), password_hash.encode("ascii"))


def _digest(password: str) -> bytes:
    """The same for every way of typing the same characters: keyboards differ in how they compose an "é"."""
    composed = unicodedata.normalize("NFKC", password)
    return base64.b64encode(hashlib.sha256(composed.encode()).digest())
