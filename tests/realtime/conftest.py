"""Every kind of event log, for the tests of what all of them promise."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from server.realtime.event_log_memory import MemoryEventLog
from server.realtime.redis_service import RedisService
from server.tables import new_id
from tests.fixtures.redis import RedisServer
from tests.realtime.units import OWNER, House

KINDS = ["memory", pytest.param("redis", marks=pytest.mark.redis)]


@pytest.fixture(params=KINDS)
async def house(request: pytest.FixtureRequest) -> AsyncIterator[House]:
    if request.param == "memory":
        yield await furnished(House(MemoryEventLog()))
        return
    server: RedisServer = request.getfixturevalue("redis_server")
    async with RedisService(server.url, new_id()) as service:
        yield await furnished(House(service.event_log))


@pytest.fixture
def prefix() -> str:
    """Of the keys of this test."""
    return new_id()


@pytest.fixture
async def here(redis_server: RedisServer, prefix: str) -> AsyncIterator[House]:
    """One of two workers on the same Redis."""
    async with RedisService(redis_server.url, prefix) as service:
        yield await furnished(House(service.event_log))


@pytest.fixture
async def there(redis_server: RedisServer, prefix: str, here: House) -> AsyncIterator[House]:
    """The other one."""
    async with RedisService(redis_server.url, prefix) as service:
        yield House(service.event_log)


async def furnished(house: House) -> House:
    await house.log.renew(OWNER, 0, instead_of=None)
    return house
