"""Signals between processes, on Redis.

They are published, and kept for a while: what a worker has missed while its connection was cut it hears afterwards.
"""

from __future__ import annotations

import asyncio
from typing import NoReturn

import anyio
import msgspec
import structlog

from server.errors import Unavailable
from server.realtime import redis_scripts as scripts
from server.realtime.bus import Bus, Listener, MemoryBus, Signal
from server.realtime.redis_connection import RedisConnection, token
from server.realtime.redis_reader import RedisReader

log = structlog.get_logger(__name__)

RETRY_SECONDS = 0.5

_encode = msgspec.json.Encoder().encode
_decode: msgspec.json.Decoder[Signal] = msgspec.json.Decoder(Signal)


class RedisBus(Bus):
    def __init__(self, redis: RedisConnection, reader: RedisReader) -> None:
        self._redis = redis
        self._here = MemoryBus()
        self._name = token()
        self._heard: list[bytes] = []
        self._last = b"0-0"
        """Id of the last signal that was heard."""
        self._missed = False
        """Whether signals may have come that were not heard."""
        self._recalled: set[bytes] = set()
        """What was read instead, and may still come from the channel."""
        self._work = asyncio.Event()
        reader.listen(redis.keys.signals, self._hear)
        reader.on(back=self._look_back)

    async def publish(self, signal: Signal) -> None:
        """This worker hears it in any case, and first."""
        await self._here.publish(signal)
        await self._redis.run(scripts.SIGNAL, [self._redis.keys.signals], [f"{self._name} ".encode() + _encode(signal)])

    def listen(self, listener: Listener) -> None:
        self._here.listen(listener)

    async def serve(self) -> NoReturn:
        """Hands on what the others say, in order, beside what reads it."""
        while True:
            await self._work.wait()
            self._work.clear()
            if self._missed:
                await self._recall()
            heard, self._heard = self._heard, []
            for message in heard:
                await self._hand_on(message)

    def _hear(self, message: bytes) -> None:
        if message in self._recalled:
            self._recalled.remove(message)
            return
        self._heard.append(message)
        self._work.set()

    def _look_back(self) -> None:
        self._missed = True
        self._work.set()

    async def _recall(self) -> None:
        self._missed = False
        try:
            missed: list[bytes] = await self._redis.run(scripts.MISSED, [self._redis.keys.signals], [self._last])
        except Unavailable:
            await anyio.sleep(RETRY_SECONDS)
            self._look_back()
            return
        heard = set(self._heard)
        self._heard = list(dict.fromkeys([*missed, *self._heard]))
        self._recalled = set(missed) - heard

    async def _hand_on(self, message: bytes) -> None:
        try:
            self._last, sender, signal = message.split(b" ", 2)
            if sender.decode() != self._name:
                await self._here.publish(_decode.decode(signal))
        except Exception:  # a kind that only newer workers know; or one listener, who must not make the others deaf
            log.exception("bus.signal_failed")
