"""``GET /ws``: whose page asks, who that is, and then the connection. Before authentication there is none."""

from __future__ import annotations

from functools import partial

import structlog
from msgspec import UNSET
from starlette.routing import BaseRoute, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from server import __version__, metrics
from server.accounts import objects
from server.accounts.credentials import CookieNames, Presented, presented
from server.accounts.identity import Identity
from server.accounts.origins import Origins
from server.errors import Unavailable
from server.gateway.admission import Admission, Full
from server.gateway.connection import Connection, Services
from server.gateway.dispatch import dispatch
from server.gateway.rates import Rates
from server.protocol.codes import AccountRole, CloseCode
from server.protocol.objects import Limits, Server
from server.protocol.replies import Hello
from server.settings import Settings

log = structlog.get_logger(__name__)

SUBPROTOCOL = "parley.v1"
NO_DATABASE = "the database does not answer"


def socket_routes(services: Services, origins: Origins, settings: Settings, client: str | None) -> list[BaseRoute]:
    """``client`` is the build that the server has for browsers, if it has any."""
    endpoint = _Endpoint(services, origins, settings, Server(version=__version__, client=client or UNSET))
    return [WebSocketRoute("/ws", endpoint.serve)]


class _Endpoint:
    def __init__(self, services: Services, origins: Origins, settings: Settings, server: Server) -> None:
        self._server = server
        self._services = services
        self._origins = origins
        self._admission = Admission(settings)
        self._rates = Rates(settings)
        self._cookies = CookieNames.of(secure=settings.secure)
        self._heartbeat = settings.heartbeat_seconds
        self._limits = Limits(
            frame_bytes=settings.frame_bytes,
            message_chars=settings.message_chars,
            attachments={},
            active_turns=settings.active_turns,
        )

    async def serve(self, websocket: WebSocket) -> None:
        given = presented(websocket.headers, websocket.cookies, self._cookies)
        if not self._may_ask(websocket, given):
            await websocket.close()  # before it is accepted: the handshake fails with 403
            return
        try:
            await self._let_in(websocket, given.token)
        except WebSocketDisconnect:
            log.debug("socket.gone")

    async def _let_in(self, websocket: WebSocket, token: str | None) -> None:
        """A socket that is turned away is accepted first: only then can a browser tell why."""
        identity, over_capacity = None, None
        try:
            if token is not None:
                identity = await self._admission.look_up(partial(self._services.accounts.identify, token))
        except Unavailable:
            over_capacity = NO_DATABASE
        except Full as full:
            over_capacity = str(full)
        offered = websocket.scope.get("subprotocols", [])
        await websocket.accept(SUBPROTOCOL if SUBPROTOCOL in offered else None)
        if over_capacity is not None:
            await _turn_away(websocket, over_capacity)
        elif identity is None:
            await websocket.close(CloseCode.UNAUTHENTICATED, "not logged in")
        elif identity.user.role is AccountRole.SUSPENDED:
            await websocket.close(CloseCode.CUT_OFF, "suspended")
        else:
            try:
                with self._admission.seat(identity.user.id):
                    await self._connect(websocket, identity)
            except Full as full:
                await _turn_away(websocket, str(full))

    def _may_ask(self, websocket: WebSocket, given: Presented) -> bool:
        """No foreign page, and no browser that does not say which page asks."""
        origin = websocket.headers.get("origin")
        if origin is None:
            return not given.by_cookie
        return self._origins.allows(origin, websocket.headers.get("host"))

    async def _connect(self, websocket: WebSocket, identity: Identity) -> None:
        connection = Connection(websocket, identity, self._services, self._rates.allowance(identity.user.id))
        structlog.contextvars.bind_contextvars(user=identity.user.id, connection=connection.id)
        log.info("socket.opened")
        connection.outbox.reply(self._hello(connection))
        self._services.connections.add(connection)
        try:
            await self._services.presences.arrive(connection.user.id, connection.session.id, connection.id)
            await connection.run(dispatch)
        except Unavailable:
            await _turn_away(websocket, NO_DATABASE)
        finally:
            self._services.connections.discard(connection)
            self._services.presences.leave(connection.user.id, connection.id)
            log.info("socket.closed", code=connection.closed_by_us)

    def _hello(self, connection: Connection) -> Hello:
        return Hello(
            connection=connection.id,
            session=connection.session.id,
            user=objects.user(connection.user),
            heartbeat=self._heartbeat,
            limits=self._limits,
            server=self._server,
        )


async def _turn_away(websocket: WebSocket, reason: str) -> None:
    """For now."""
    metrics.SOCKETS_REFUSED.labels(reason).inc()
    await websocket.close(CloseCode.OVER_CAPACITY, reason)
