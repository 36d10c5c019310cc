"""One authenticated socket: who it is, what it follows, and the tasks that read and write."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from time import monotonic

import anyio
import structlog
from anyio.abc import TaskGroup
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from server import metrics
from server.accounts.identity import Identity
from server.accounts.presence import Presences
from server.accounts.service import Accounts
from server.carrying.shares import Shares
from server.conversations.folders import Folders
from server.conversations.presets import Presets
from server.conversations.service import Conversations
from server.gateway.connections import Connections
from server.gateway.feed import Feeds
from server.gateway.following import Following
from server.gateway.html import Renderer
from server.gateway.outbox import Outbox, SocketGone
from server.gateway.rates import Allowance
from server.gateway.transport import transport_of
from server.journal import Journal
from server.llm.catalog import Catalog
from server.protocol import codec
from server.protocol.codec import BadFrame
from server.protocol.codes import CloseCode, ErrorCode, Format
from server.protocol.commands import Command
from server.protocol.replies import Error
from server.realtime.tail import Log
from server.search.service import Search
from server.tables import new_id
from server.turns.service import Turns
from server.turns.titles import Titles

log = structlog.get_logger(__name__)

BAD_FRAMES = 20
BAD_FRAMES_SECONDS = 60.0
"""So many frames that are no commands within so many seconds, and the socket is closed."""

STILL_CHECKS = 3
"""So many checks in a row without any progress, and a peer counts as stalled."""

FAREWELL_SECONDS = 5.0
"""How long a peer that has stopped reading may keep us from telling it why it is cut off."""

SLOW_AT_ONCE = 4
"""Slow commands of one socket that may be under way."""

Dispatch = Callable[["Connection", Command], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Services:
    """What the handlers work with."""

    accounts: Accounts
    conversations: Conversations
    shares: Shares
    folders: Folders
    presets: Presets
    turns: Turns
    titles: Titles
    search: Search
    catalog: Catalog
    journal: Journal
    feeds: Feeds
    renderer: Renderer
    connections: Connections
    presences: Presences


class Connection:
    """Made when the socket is authenticated: before that, there is none."""

    def __init__(self, websocket: WebSocket, identity: Identity, services: Services, allowance: Allowance) -> None:
        self.id = new_id()
        self.user = identity.user
        self.session = identity.session
        self.services = services
        self.allowance = allowance
        self.outbox = Outbox(services.feeds, self._send)
        self._websocket = websocket
        self._bad_frames: deque[float] = deque(maxlen=BAD_FRAMES)
        self._tasks: TaskGroup = anyio.create_task_group()
        self._closing: tuple[CloseCode, str] | None = None
        self._slow = 0
        self._handed_over = 0
        self._taken = 0
        self._still = 0

    async def run(self, dispatch: Dispatch) -> None:
        """Until one side closes the socket; not even a ``hello`` leaves one that was closed before."""
        try:
            if self._closing is None:
                await self._serve(dispatch)
        finally:
            self.outbox.close()
        if self._closing is not None and self._websocket.client_state is WebSocketState.CONNECTED:
            with anyio.move_on_after(FAREWELL_SECONDS), suppress(WebSocketDisconnect, RuntimeError):
                await self._websocket.close(*self._closing)

    async def _serve(self, dispatch: Dispatch) -> None:
        async with self._tasks:
            self._tasks.start_soon(self.outbox.run)
            await self._read(dispatch)
            self._tasks.cancel_scope.cancel()

    @property
    def closed_by_us(self) -> int | None:
        """The close code, if it was this side that ended the socket."""
        return self._closing[0] if self._closing is not None else None

    def close(self, code: CloseCode, reason: str) -> None:
        """From our side. Says so only once."""
        if self._closing is None:
            self._closing = (code, reason)
            self._tasks.cancel_scope.cancel()

    def check_progress(self) -> None:
        """Cuts the peer off once it has taken nothing for `STILL_CHECKS` checks; a slow one may take its time.

        What is unsent may grow meanwhile. Headers of frames are not counted, nor pongs; they are too few to matter.
        """
        transport = transport_of(self._websocket)
        unsent = transport.get_write_buffer_size()
        taken = self._handed_over - unsent
        self._still = self._still + 1 if unsent > 0 and taken <= self._taken else 0
        self._taken = taken
        if self._still == STILL_CHECKS:
            metrics.READERS_DROPPED.labels("stalled").inc()
            log.warning("socket.stalled", user=self.user.id, connection=self.id, unsent_bytes=unsent)
            transport.abort()

    def spawn(self, work: Callable[[], Awaitable[None]]) -> bool:
        """For a command that takes long: the next ones need not wait for it. False when too many are under way."""
        if self._slow == SLOW_AT_ONCE:
            return False
        self._slow += 1

        async def run() -> None:
            try:
                await work()
            finally:
                self._slow -= 1

        self._tasks.start_soon(run)
        return True

    @asynccontextmanager
    async def following(self, log_: Log, format: Format | None) -> AsyncIterator[Following]:
        """A place in a log, at its present end; on leaving without an error the outbox follows from it on.

        Raises HistoryLost when the log begins anew meanwhile. Leaving does not wait: what is read of the following in
        its last line still holds for the reply.
        """

        def wake() -> None:
            self.outbox.wake()

        await self.services.journal.prepare(log_.owner)
        feed = await self.services.feeds.join(log_, wake, html=format is Format.HTML)
        try:
            following = Following(feed, format, wake)
            yield following
        except BaseException:
            self.services.feeds.leave(feed, wake)
            raise
        self.outbox.follow(following)

    async def _send(self, frame: str) -> None:
        """Uvicorn says RuntimeError where it has closed the socket by itself and has not told us yet."""
        try:
            await self._websocket.send_text(frame)
        except (WebSocketDisconnect, RuntimeError) as error:
            raise SocketGone from error
        self._handed_over += len(frame) if frame.isascii() else len(frame.encode())

    async def _read(self, dispatch: Dispatch) -> None:
        while self._closing is None:  # a cancellation alone would come only where something has to be waited for
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            await self.outbox.room()
            text = message.get("text")
            await self.allowance.pace(len(text or ""))
            try:
                if text is None:
                    raise BadFrame(ErrorCode.BAD_FRAME, "A frame is a text message; this one is binary.")  # noqa: TRY301
                command = codec.decode(text)
            except BadFrame as bad:
                self._refuse(bad)
            else:
                await dispatch(self, command)

    def _refuse(self, bad: BadFrame) -> None:
        self.outbox.reply(Error.of(bad.id, bad.code, bad.message, field=bad.field))
        moment = monotonic()
        self._bad_frames.append(moment)
        if len(self._bad_frames) == BAD_FRAMES and moment - self._bad_frames[0] < BAD_FRAMES_SECONDS:
            log.warning("connection.protocol_violated", last=bad.message)
            self.close(CloseCode.PROTOCOL_VIOLATED, "too many frames that are no commands")
