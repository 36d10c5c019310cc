"""Who makes a request, and whether it is that person's wish."""

from __future__ import annotations

import structlog
from starlette.requests import Request

from server.accounts.credentials import CookieNames, Presented, presented
from server.accounts.identity import Identity
from server.accounts.origins import Origins
from server.accounts.service import Accounts
from server.errors import BadOrigin, Suspended, Unauthenticated
from server.protocol.codes import AccountRole
from server.settings import Settings

SAFE_METHODS = ("GET", "HEAD")
NOT_GOOD = "This access token is not good, or not any more."


class Callers:
    def __init__(self, accounts: Accounts, origins: Origins, settings: Settings) -> None:
        self._accounts = accounts
        self._origins = origins
        self._cookies = CookieNames.of(secure=settings.secure)

    async def identify(self, request: Request) -> Identity:
        """Raises Unauthenticated, BadOrigin or Suspended."""
        shown = self.presented(request)
        if shown.token is None:
            raise Unauthenticated("Log in first.")
        if shown.by_cookie and request.method not in SAFE_METHODS:
            self.require_own(request)
        who = await self._accounts.identify(shown.token)
        if who is None:
            raise Unauthenticated(NOT_GOOD)
        structlog.contextvars.bind_contextvars(user=who.user.id)
        if who.user.role is AccountRole.SUSPENDED:
            raise Suspended("This account is suspended. Ask an administrator.")
        if who.is_program:
            await self._accounts.sessions.note(who)
        return who

    def presented(self, request: Request) -> Presented:
        return presented(request.headers, request.cookies, self._cookies)

    def refuse_foreign(self, request: Request) -> None:
        """For what needs no token."""
        if "origin" in request.headers:
            self.require_own(request)

    def require_own(self, request: Request) -> None:
        """A browser says which page asked; what another site asks with our cookies is not the person's wish."""
        if not self._origins.allows(request.headers.get("origin"), request.headers.get("host")):
            raise BadOrigin("This request comes from another site, or does not say from which.")
