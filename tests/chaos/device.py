"""A login session that some tabs share: its access token, and the refresh token that each of them may spend."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from random import Random
from time import monotonic

import httpx2

from tests.chaos.ledger import Ledger, Wrong
from tests.fixtures.client import Frame

SECONDS = 6.0
GRACE = 10.0
"""For so long a spent refresh token gets the same successor; who had no answer by then has to log in."""
PASSWORD = "correct horse"


@dataclass
class Tokens:
    access: str
    refresh: str
    tried: float | None = None
    """When the refresh token was presented for the first time."""
    unheard: bool = False
    """Whether an answer to it was lost: a worker may still come to it, and find it spent."""


class Device:
    """Tabs refresh each for itself, sometimes at once: both must get the same."""

    def __init__(self, url: str, name: str, ledger: Ledger, seed: str) -> None:
        self.name = name
        self.tokens: Tokens
        self._url = url
        self._ledger = ledger
        self._random = Random(f"device {seed}")
        self._successors: dict[str, str] = {}

    async def register(self) -> None:
        fields = {"email": f"{self.name}@example.org", "username": self.name, "password": PASSWORD}
        while True:
            status, answer = await self._post("register", fields)
            if status == 201:
                self.tokens = Tokens(answer["access_token"], answer["refresh_token"])
                return
            if status == 409:  # the answer to an earlier try was lost
                await self.log_in()
                return
            await asyncio.sleep(self._random.uniform(0.1, 1))

    async def log_in(self) -> None:
        while True:
            status, answer = await self._post("login", {"login": self.name, "password": PASSWORD})
            if status == 200:
                self.tokens = Tokens(answer["access_token"], answer["refresh_token"])
                return
            await asyncio.sleep(self._random.uniform(0.1, 1))

    async def renew(self, access: str) -> None:
        """``access`` was not taken any more."""
        while self.tokens.access == access:
            held = self.tokens
            held.tried = held.tried or monotonic()
            status, answer = await self._post("refresh", {"refresh_token": held.refresh})
            if status == 200:
                self._ledger.counts["refreshed"] += 1
                successor = self._successors.setdefault(held.refresh, answer["refresh_token"])
                if successor != answer["refresh_token"]:
                    self._ledger.wrong(Wrong.DOUBLED, f"{self.name}: one refresh token with two successors")
                if self.tokens is held:
                    self.tokens = Tokens(answer["access_token"], answer["refresh_token"], unheard=held.unheard)
            elif status == 401 and self.tokens is held:
                self._turned_away(held)
                await self.log_in()
            else:
                if status is None:  # whoever still comes to it ends the session that others have gone on with
                    held.unheard = self.tokens.unheard = True
                await asyncio.sleep(self._random.uniform(0.1, 1))

    def _turned_away(self, held: Tokens) -> None:
        """Honest use must not end a login session, unless an answer was lost for longer than the grace."""
        late = held.unheard or (held.tried is not None and monotonic() - held.tried > GRACE)
        if late:
            self._ledger.counts["logged in again after a lost answer"] += 1
        else:
            self._ledger.wrong(Wrong.REFUSED, f"{self.name}: a refresh token was not taken that was used honestly")

    async def _post(self, path: str, body: Frame) -> tuple[int | None, Frame]:
        """The status is None where no answer came."""
        try:
            async with httpx2.AsyncClient(trust_env=False, timeout=SECONDS) as client:
                answer = await client.post(f"{self._url}/api/auth/{path}", json={**body, "tokens": "body"})
        except httpx2.HTTPError:
            return None, {}
        if answer.status_code >= 500 and answer.status_code != 503:
            self._ledger.wrong(Wrong.REFUSED, f"{path} was answered with {answer.status_code}: {answer.text[:200]}")
        return answer.status_code, answer.json() if answer.status_code < 300 else {}
