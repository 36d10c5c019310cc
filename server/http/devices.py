"""The calls about where somebody is logged in, and which programs have a token."""

from __future__ import annotations

from datetime import datetime

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.accounts import objects
from server.accounts.sessions import NEVER, Device, LoginSessions
from server.http import bodies
from server.http.callers import Callers
from server.http.cookies import Cookies
from server.protocol.codes import SessionKind
from server.tables import LoginSession


class MakeToken(bodies.Body, kw_only=True):
    name: str
    days: int | None = None
    """None: good until it is revoked."""


class Session(msgspec.Struct, kw_only=True, omit_defaults=True):
    id: str
    device: str
    kind: SessionKind
    name: str | None = None
    """Of a token."""
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime | None = None
    """Of a token that does not stay good for ever."""
    current: bool

    @classmethod
    def of(cls, login: LoginSession, last_seen_at: datetime, *, current: bool) -> Session:
        kind = objects.kind(login)
        is_token = kind is SessionKind.TOKEN
        return cls(
            id=login.id,
            device=login.device,
            kind=kind,
            name=login.device if is_token else None,
            created_at=login.created_at,
            last_seen_at=last_seen_at,
            expires_at=login.expires_at if is_token and login.expires_at != NEVER else None,
            current=current,
        )


class Sessions(msgspec.Struct, kw_only=True):
    sessions: list[Session]


class MadeToken(msgspec.Struct, kw_only=True):
    session: Session
    token: str


def device_routes(sessions: LoginSessions, callers: Callers, cookies: Cookies) -> list[Route]:
    devices = _Devices(sessions, callers, cookies)
    return [
        Route("/sessions", devices.list, methods=["GET"]),
        Route("/sessions", devices.end_others, methods=["DELETE"]),
        Route("/sessions/{id}", devices.end, methods=["DELETE"]),
        Route("/tokens", devices.make_token, methods=["POST"]),
    ]


class _Devices:
    def __init__(self, sessions: LoginSessions, callers: Callers, cookies: Cookies) -> None:
        self._sessions = sessions
        self._callers = callers
        self._cookies = cookies

    async def list(self, request: Request) -> Response:
        devices = await self._sessions.of(await self._callers.identify(request))
        return bodies.answer(Sessions(sessions=[_shown(device) for device in devices]))

    async def end_others(self, request: Request) -> Response:
        await self._sessions.end_others(await self._callers.identify(request))
        return bodies.done()

    async def end(self, request: Request) -> Response:
        who = await self._callers.identify(request)
        login: str = request.path_params["id"]
        await self._sessions.end_one(who, login)
        response = bodies.done()
        if login == who.session.id:
            self._cookies.clear(response)
        return response

    async def make_token(self, request: Request) -> Response:
        who = await self._callers.identify(request)
        body = await bodies.read(request, MakeToken)
        login, token = await self._sessions.make_token(who, body.name, body.days)
        made = Session.of(login, login.created_at, current=False)
        return bodies.answer(MadeToken(session=made, token=token), 201)


def _shown(device: Device) -> Session:
    return Session.of(device.session, device.last_seen_at, current=device.current)
