"""Commands to Redis. Each is answered within `ANSWER_SECONDS`, or it raises Unavailable and nobody knows whether it
takes effect: at once, when Redis thaws, or never.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, cast

import anyio
import structlog
from redis.asyncio import BlockingConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError, ResponseError

from server.errors import StartupError, Unavailable
from server.realtime import redis_scripts as scripts
from server.realtime.redis_keys import Keys
from server.realtime.redis_scripts import Argument, Command, Script

log = structlog.get_logger(__name__)

STEP = 0.25
STEPS = 6
"""Waiting is counted in steps rather than timed: a process that was itself frozen, or had no turn for long, has missed
one step, however long that took. What has come meanwhile it finds."""
ANSWER_SECONDS = STEP * STEPS
CONNECTIONS = 16
"""Commands that may be under way at the same time; others wait for their turn, within the same seconds."""
BATCH = 500
"""Commands that are sent in one go."""
FAILURES = (RedisError, OSError, TimeoutError)

Call = tuple[Sequence[str], Sequence[Argument]]
"""Keys and arguments of one run of a script."""


class RedisConnection:
    def __init__(self, url: str, prefix: str) -> None:
        """Raises StartupError when the address is none."""
        self.keys = Keys(prefix)
        self.answers = False
        """Whether there is a point in asking. While there is not, nobody waits for answers that do not come, and what
        waits behind them goes on."""
        self._pool = _pool(url, prefix, self._greet)
        self._fine = True

    def dedicated(self) -> AbstractConnection:
        """A connection for something else than commands. Whoever takes it connects it and closes it."""
        return cast(AbstractConnection, self._pool.make_connection())

    async def run(self, script: Script, keys: Sequence[str], arguments: Sequence[Argument] = ()) -> Any:
        (reply,) = await self.run_all(script, [(keys, arguments)])
        return reply

    async def run_all(self, script: Script, calls: Sequence[Call]) -> list[Any]:
        """In this order and with one wait for many, but each run is an act of its own."""
        self._refuse_while_away()
        replies: list[Any] = []
        for start in range(0, len(calls), BATCH):
            replies += await self._ask([script.call(*call) for call in calls[start : start + BATCH]])
        return replies

    async def ping(self) -> None:
        self._refuse_while_away()
        await self._ask([("PING",)])

    async def begin(self) -> None:
        """Asking makes sense (again); what was connected before may lead to nobody."""
        await self._hang_up(all_=False)
        self.answers = True

    async def close(self) -> None:
        self.answers = False
        await self._hang_up(all_=True)

    async def _hang_up(self, *, all_: bool) -> None:
        """Those that are idle, or all. A peer that is gone does not answer to this either."""
        with suppress(*FAILURES):
            async with answer_in_time():
                await self._pool.disconnect(inuse_connections=all_)

    async def _ask(self, commands: Sequence[Command]) -> list[Any]:
        """A cancellation waits until it is over: in the middle it would cost the connection, if not its place."""
        try:
            with anyio.CancelScope(shield=True):
                async with answer_in_time():
                    replies = await self._exchange(commands)
        except FAILURES as error:
            if isinstance(error, TimeoutError):
                self.answers = False  # until something is heard
            if self._fine:
                log.warning("redis.failed", reason=reason(error))
            self._fine = False
            raise unavailable() from error
        self._fine = True
        return replies

    async def _exchange(self, commands: Sequence[Command]) -> list[Any]:
        connection = await self._pool.get_connection()
        try:
            await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            replies = [await _reply(connection) for _ in commands]
            if failed := next((reply for reply in replies if isinstance(reply, ResponseError)), None):
                await connection.disconnect()  # the next one is greeted anew: the scripts may be gone
                raise failed
        finally:
            await self._pool.release(connection)
        return replies

    async def _greet(self, connection: AbstractConnection) -> None:
        await connection.on_connect()
        loads: list[Command] = [("SCRIPT", "LOAD", script.text) for script in scripts.ALL]
        commands = [*loads, scripts.GREET.call([self.keys.server], [token()])]
        await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
        for _ in commands:
            await connection.read_response()

    def _refuse_while_away(self) -> None:
        if not self.answers:
            raise unavailable()


@asynccontextmanager
async def answer_in_time() -> AsyncIterator[None]:
    """Raises TimeoutError in the block when that takes longer than `ANSWER_SECONDS`."""
    loop = asyncio.get_running_loop()
    timer: asyncio.TimerHandle | None = None
    left = STEPS

    def step() -> None:
        nonlocal timer, left
        if left == 0:
            limit.reschedule(loop.time())
        else:
            timer = loop.call_later(STEP, step)
            left -= 1

    async with asyncio.timeout(None) as limit:
        step()
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()


def token() -> str:
    """Never made a second time."""
    return secrets.token_hex(8)


def unavailable() -> Unavailable:
    return Unavailable("Live updates do not work at the moment. Try again.", retry_after=1)


def reason(error: BaseException) -> str:
    return str(error) or type(error).__name__


async def _reply(connection: AbstractConnection) -> Any:
    """All replies have to be read, those after an error too."""
    try:
        return await connection.read_response()
    except ResponseError as error:
        return error


def _pool(url: str, name: str, greet: object) -> BlockingConnectionPool:
    """The time-outs and the protocol are ours, whatever the address asks for."""
    options: dict[str, Any] = {
        "protocol": 2,
        "socket_timeout": None,
        "socket_connect_timeout": None,
        "retry": Retry(NoBackoff(), 0),
        "client_name": name,
        "driver_info": None,
        "redis_connect_func": greet,
    }
    try:
        pool = BlockingConnectionPool.from_url(url, max_connections=CONNECTIONS, timeout=None, **options)
        pool.connection_kwargs |= options
        pool.make_connection()
    except (ValueError, TypeError, RedisError) as error:
        raise StartupError(
            f"PARLEY_REDIS_URL: not an address of Redis, such as redis://user:password@host:6379/0 ({error})."
        ) from None
    return pool
