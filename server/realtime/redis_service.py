"""The event log and the bus on Redis, for as long as a server runs."""

from __future__ import annotations

from types import TracebackType
from typing import Self

import anyio
import structlog
from anyio.abc import TaskGroup
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry

from server.errors import StartupError
from server.realtime.bus_redis import RedisBus
from server.realtime.event_log_redis import RedisEventLog
from server.realtime.redis_connection import ANSWER_SECONDS, RedisConnection
from server.realtime.redis_reader import RedisReader

log = structlog.get_logger(__name__)


class RedisService:
    """An async context manager. Where Redis is out of reach at the start, it begins to work when that is back."""

    def __init__(self, url: str, prefix: str) -> None:
        """Raises StartupError when the address is none."""
        self._connection = RedisConnection(url, prefix)
        self._reader = RedisReader(self._connection)
        self._tasks: TaskGroup
        self.event_log = RedisEventLog(self._connection, self._reader)
        self.bus = RedisBus(self._connection, self._reader)

    async def __aenter__(self) -> Self:
        self._tasks = await anyio.create_task_group().__aenter__()
        for serve in (self._reader.serve, self.event_log.serve, self.bus.serve):
            self._tasks.start_soon(serve)
        with anyio.move_on_after(ANSWER_SECONDS):
            await self._reader.connected.wait()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tasks.cancel_scope.cancel()
        await self._tasks.__aexit__(None, None, None)
        await self._connection.close()

    async def ping(self) -> None:
        """Raises Unavailable when Redis does not answer."""
        await self._connection.ping()


def ensure_admitted(url: str) -> None:
    """Raises StartupError when Redis does not let us in. That it cannot be reached is none: it may come later."""
    RedisConnection(url, "")
    silence = {"socket_timeout": ANSWER_SECONDS, "socket_connect_timeout": ANSWER_SECONDS}
    try:
        with Redis.from_url(url, retry=Retry(NoBackoff(), 0), **silence) as redis:
            redis.ping()
    except AuthenticationError as error:
        raise StartupError(f"PARLEY_REDIS_URL: Redis does not let us in ({error}).") from None
    except (RedisError, OSError) as error:
        log.warning("redis.unreachable", reason=str(error))
