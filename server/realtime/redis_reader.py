"""What Redis tells this process: one connection that hears all channels, however many there are.

One task reads. Another says what is to be heard, and asks for signs of life: Redis can be frozen, and then nothing
comes and nothing fails.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable
from time import monotonic
from typing import NoReturn

import anyio
import structlog
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as RedisConnectionError

from server.realtime.redis_connection import (
    ANSWER_SECONDS,
    FAILURES,
    STEP,
    STEPS,
    RedisConnection,
    answer_in_time,
    reason,
    unavailable,
)
from server.realtime.redis_scripts import Command

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.2

Hear = Callable[[bytes], None]
Hook = Callable[[], None]


class RedisReader:
    def __init__(self, redis: RedisConnection) -> None:
        self.connected = anyio.Event()
        """Set with the first connection."""
        self._redis = redis
        self._hears: dict[bytes, Hear] = {}
        self._coming: dict[bytes, None] = {}
        self._going: set[bytes] = set()
        """Channels that Redis is still to be told of."""
        self._waiting: list[asyncio.Future[None]] = []
        """Of those who wait until their channels are heard. With the next ping they begin to wait for its answer: that
        comes after everything that was said to Redis before."""
        self._pings: dict[bytes, list[asyncio.Future[None]]] = {}
        self._count = itertools.count(1)
        self._work = asyncio.Event()
        self._heard_at = 0.0
        self._silent = 0
        self._here = False
        self._away = False
        self._on_back: list[Hook] = []
        self._on_away: list[Hook] = []

    def on(self, *, back: Hook | None = None, away: Hook | None = None) -> None:
        """``back`` is called with each new connection: things may have been missed before it. ``away`` is called when
        none has come within `ANSWER_SECONDS`, so that it is time to tell somebody."""
        self._on_back += [back] if back else []
        self._on_away += [away] if away else []

    def listen(self, channel: str, hear: Hear) -> None:
        """Has ``hear`` called for each message, from the next connection on."""
        self._hears[channel.encode()] = hear

    async def subscribe(self, channel: str, hear: Hear) -> None:
        """The same; what is published after this returns is heard. Raises Unavailable."""
        if not self._redis.answers:
            raise unavailable()
        name = channel.encode()
        self._hears[name] = hear
        self._coming[name] = None
        try:
            async with answer_in_time():
                await self._answered()
        except TimeoutError:
            raise unavailable() from None

    def unsubscribe(self, channel: str) -> None:
        """Redis is told a moment later, unless somebody has subscribed again by then."""
        name = channel.encode()
        self._hears.pop(name, None)
        self._going.add(name)

    async def serve(self) -> NoReturn:
        self._heard_at = monotonic()
        while True:
            connection = self._redis.dedicated()
            try:
                async with answer_in_time():
                    await connection.connect()
                async with anyio.create_task_group() as tasks:
                    for part in (self._begin, self._tend, self._read):
                        tasks.start_soon(part, connection)
            except* FAILURES as errors:
                self._lost(errors.exceptions[0])
            except* Exception as errors:
                log.exception("redis.reader_failed")  # this loop ends with the server only
                self._lost(errors.exceptions[0])
            finally:
                await connection.disconnect(nowait=True)
                was_here, self._here = self._here, False
            if not was_here:
                await anyio.sleep(RETRY_SECONDS)

    async def _begin(self, _connection: AbstractConnection) -> None:
        await self._answered()
        await self._redis.begin()
        self._here = True
        log.info("redis.connected", channels=len(self._hears), was_away=self._away)
        self._away = False
        for back in self._on_back:
            back()
        self.connected.set()

    async def _tend(self, connection: AbstractConnection) -> NoReturn:
        """Says what is to be said, with a ping after it: at once when there is something, else with each step."""
        self._coming, self._going = dict.fromkeys(self._hears), set()
        self._silent = 0
        next_step = monotonic() + STEP
        while True:
            self._work.clear()
            commands = self._commands()
            async with answer_in_time():
                await connection.send_packed_command(connection.pack_commands(commands), check_health=False)
            with anyio.move_on_after(next_step - monotonic()):
                await self._work.wait()
            if monotonic() >= next_step:
                next_step = monotonic() + STEP
                self._silent += 1
                if self._silent > STEPS:
                    raise RedisConnectionError(f"no sign of life for {STEPS * STEP:g} s")

    def _commands(self) -> list[Command]:
        commands: list[Command] = []
        if gone := self._going - self._hears.keys():
            commands.append(("UNSUBSCRIBE", *gone))
        if self._coming:
            commands.append(("SUBSCRIBE", *self._coming))
        ping = b"%d" % next(self._count)
        self._pings[ping], self._waiting = self._waiting, []
        self._coming, self._going = {}, set()
        return [*commands, ("PING", ping)]

    async def _read(self, connection: AbstractConnection) -> NoReturn:
        while True:
            message = await connection.read_response(timeout=math.inf)
            self._silent = 0
            if message[0] == b"message":
                self._hand_on(message[1], message[2])
            elif message[0] == b"pong":
                self._heard_at = monotonic()
                self._redis.answers = self._redis.answers or self._here
                for waiting in self._pings.pop(message[1], ()):
                    if not waiting.done():
                        waiting.set_result(None)

    def _hand_on(self, channel: bytes, data: bytes) -> None:
        hear = self._hears.get(channel)
        if hear is None:
            return  # unsubscribed a moment ago
        try:
            hear(data)
        except Exception:  # one listener must not make all others deaf
            log.exception("redis.message_failed", channel=channel.decode())

    async def _answered(self) -> None:
        """Waits until Redis has done everything that it is to be told up to now."""
        answered = asyncio.get_running_loop().create_future()
        self._waiting.append(answered)
        self._work.set()
        await answered

    def _lost(self, error: BaseException) -> None:
        """Those who wait for an answer wait for one on the next connection."""
        self._waiting += [waiting for ping in self._pings.values() for waiting in ping if not waiting.done()]
        self._pings.clear()
        if self._here:
            log.warning("redis.connection_lost", reason=reason(error))
        if not self._away and monotonic() - self._heard_at >= ANSWER_SECONDS:
            log.error("redis.away", reason=reason(error))
            self._away, self._redis.answers = True, False
            for away in self._on_away:
                away()
