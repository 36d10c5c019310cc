"""The calls under ``/api/auth``: what a socket cannot do, for it needs a cookie to open."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Literal

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route, Router

from server.accounts.identity import Client, Grant
from server.accounts.service import Accounts
from server.errors import Unauthenticated
from server.http import bodies
from server.http.callers import NOT_GOOD, Callers
from server.http.cookies import AUTH_PATH, Cookies
from server.http.devices import device_routes
from server.protocol import objects
from server.settings import Settings

Tokens = Literal["cookie", "body"]
"""Where the client wants its refresh token: a program that is no browser asks for it in the body, too."""


class Register(bodies.Body, kw_only=True):
    email: str
    username: str
    password: str
    tokens: Tokens = "cookie"


class LogIn(bodies.Body, kw_only=True):
    login: str
    """E-mail address or user name."""
    password: str
    tokens: Tokens = "cookie"


class Refresh(bodies.Body, kw_only=True):
    refresh_token: str | None = None
    """Without it, the cookie's."""
    tokens: Tokens = "cookie"


class Update(bodies.Body, kw_only=True):
    username: str | None = None
    email: str | None = None
    current_password: str | None = None
    """Needed with ``email``."""


class ChangePassword(bodies.Body, kw_only=True):
    current_password: str
    new_password: str
    tokens: Tokens = "cookie"


class Delete(bodies.Body, kw_only=True):
    current_password: str


class Me(msgspec.Struct, kw_only=True):
    user: objects.User


class Granted(Me, kw_only=True, omit_defaults=True):
    access_token: str
    expires_in: int
    """Seconds."""
    refresh_token: str | None = None


def auth_routes(
    accounts: Accounts, callers: Callers, settings: Settings, *, stop_turns: Callable[[str], Awaitable[None]]
) -> list[BaseRoute]:
    """``stop_turns`` ends what runs for a user."""
    cookies = Cookies(settings)
    auth = _Auth(accounts, callers, cookies, settings, stop_turns)
    routes = [
        Route("/register", auth.register, methods=["POST"]),
        Route("/login", auth.log_in, methods=["POST"]),
        Route("/refresh", auth.refresh, methods=["POST"]),
        Route("/logout", auth.log_out, methods=["POST"]),
        Route("/me", auth.me, methods=["GET"]),
        Route("/me", auth.update, methods=["PATCH"]),
        Route("/password", auth.change_password, methods=["POST"]),
        Route("/delete", auth.delete, methods=["POST"]),
        *device_routes(accounts.sessions, callers, cookies),
    ]
    return [Mount(AUTH_PATH, app=Router(routes, redirect_slashes=False))]


class _Auth:
    def __init__(
        self,
        accounts: Accounts,
        callers: Callers,
        cookies: Cookies,
        settings: Settings,
        stop_turns: Callable[[str], Awaitable[None]],
    ) -> None:
        self._accounts = accounts
        self._callers = callers
        self._cookies = cookies
        self._expires_in = settings.access_token_seconds
        self._stop_turns = stop_turns

    async def register(self, request: Request) -> Response:
        self._callers.refuse_foreign(request)
        body = await bodies.read(request, Register)
        grant = await self._accounts.register(body.email, body.username, body.password, self._client(request))
        return self._granted(grant, body.tokens, status=201)

    async def log_in(self, request: Request) -> Response:
        self._callers.refuse_foreign(request)
        body = await bodies.read(request, LogIn)
        return self._granted(await self._accounts.log_in(body.login, body.password, self._client(request)), body.tokens)

    async def refresh(self, request: Request) -> Response:
        self._callers.refuse_foreign(request)
        body = await bodies.read(request, Refresh)
        token = body.refresh_token
        if token is None:
            token = self._cookies.refresh_token(request)
            if token is None:
                raise Unauthenticated("There is no refresh token.")
            self._callers.require_own(request)
        return self._granted(await self._accounts.refresh(token), body.tokens)

    async def log_out(self, request: Request) -> Response:
        """By cookie it always succeeds: a browser whose session has ended already is rid of its cookies, too."""
        shown = self._callers.presented(request)
        refresh_token = self._cookies.refresh_token(request)
        by_bearer = shown.token is not None and not shown.by_cookie
        if not by_bearer:
            if shown.token is None and refresh_token is None:
                raise Unauthenticated("Log in first.")
            self._callers.require_own(request)
        who = await self._accounts.identify(shown.token) if shown.token is not None else None
        login = who.session if who is not None else None
        if login is None and by_bearer:
            raise Unauthenticated(NOT_GOOD)
        if login is None and refresh_token is not None:
            login = await self._accounts.session_of(refresh_token)
        if login is not None:
            await self._accounts.sessions.end(login.user_id, [login.id])
        response = bodies.done()
        self._cookies.clear(response)
        return response

    async def me(self, request: Request) -> Response:
        who = await self._callers.identify(request)
        return bodies.answer(Me(user=self._accounts.as_object(who.user)))

    async def update(self, request: Request) -> Response:
        who = await self._callers.identify(request)
        body = await bodies.read(request, Update)
        user = await self._accounts.update(
            who, username=body.username, email=body.email, current_password=body.current_password
        )
        return bodies.answer(Me(user=self._accounts.as_object(user)))

    async def change_password(self, request: Request) -> Response:
        who = await self._callers.identify(request)
        body = await bodies.read(request, ChangePassword)
        grant = await self._accounts.change_password(who, body.current_password, body.new_password)
        return self._granted(grant, body.tokens)

    async def delete(self, request: Request) -> Response:
        who = await self._callers.identify(request)
        body = await bodies.read(request, Delete)
        await self._accounts.delete(who, body.current_password, stop_turns=self._stop_turns)
        response = bodies.done()
        self._cookies.clear(response)
        return response

    def _granted(self, grant: Grant, tokens: Tokens, *, status: int = 200) -> Response:
        response = bodies.answer(
            Granted(
                user=self._accounts.as_object(grant.user),
                access_token=grant.access_token,
                expires_in=self._expires_in,
                refresh_token=grant.refresh_token if tokens == "body" else None,
            ),
            status,
        )
        self._cookies.keep(response, grant)
        return response

    def _client(self, request: Request) -> Client:
        return Client(
            address=request.client.host if request.client is not None else "unknown",
            user_agent=request.headers.get("user-agent", ""),
            device=self._cookies.device(request),
        )
