"""The cookies that a browser keeps for us. No script can read them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from server.accounts.credentials import CookieNames
from server.accounts.devices import COOKIE_SECONDS
from server.accounts.identity import Grant
from server.settings import Settings

DAY = 86_400
AUTH_PATH = "/api/auth"
"""The refresh token goes to no other call."""


class Cookies:
    def __init__(self, settings: Settings) -> None:
        self.names = CookieNames.of(secure=settings.secure)
        self._secure = settings.secure
        self._access_seconds = settings.access_token_seconds
        self._refresh_seconds = settings.refresh_token_days * DAY

    def refresh_token(self, request: Request) -> str | None:
        return request.cookies.get(self.names.refresh)

    def device(self, request: Request) -> str | None:
        return request.cookies.get(self.names.device)

    def keep(self, response: Response, grant: Grant) -> None:
        self._set(response, self.names.access, grant.access_token, "/", self._access_seconds)
        self._set(response, self.names.refresh, grant.refresh_token, AUTH_PATH, self._refresh_seconds)
        if grant.device is not None:
            self._set(response, self.names.device, grant.device, AUTH_PATH, COOKIE_SECONDS)

    def clear(self, response: Response) -> None:
        """The device cookie stays: it opens nothing, and says that the owner was here."""
        self._set(response, self.names.access, "", "/", 0)
        self._set(response, self.names.refresh, "", AUTH_PATH, 0)

    def _set(self, response: Response, name: str, value: str, path: str, seconds: int) -> None:
        response.set_cookie(name, value, max_age=seconds, path=path, secure=self._secure, httponly=True, samesite="lax")
