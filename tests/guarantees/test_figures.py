"""`/metrics` of workers that share MariaDB and Redis: each tells of its own, and of what it settles for the dead."""

from __future__ import annotations

import pytest

from tests.fixtures.client import Person
from tests.fixtures.figures import figures, grown
from tests.fixtures.upstream import HANG, delta
from tests.gateway.raw import raw_socket
from tests.guarantees.conftest import Workers

pytestmark = [pytest.mark.anyio, pytest.mark.mysql, pytest.mark.redis]


@pytest.fixture
def environment(environment: dict[str, str]) -> dict[str, str]:
    """Of workers that ask for signs of life often."""
    return environment | {"PARLEY_PING_SECONDS": "1"}


async def test_workers(workers: Workers) -> None:
    first, second = workers.first.url, workers.second.url
    workers.upstream.script(delta("one"), HANG)
    ann = await Person.register(first)
    there = await Person.log_in(second)
    before = await figures(second)
    async with there.tab() as following, raw_socket(workers.second.socket_url, there.token) as silent:
        await silent.greeted()
        silent.pause()
        async with ann.tab() as asking:
            await asking.send("Why?")
            await following.event("turn.status", status="streaming")
            for worker in (first, second):
                await grown(worker, "parley_log_lag_seconds_count", {})
            owner = await figures(first)
            assert (owner["parley_connections"], owner["parley_live_turns"]) == (1, 1)
            assert owner["parley_checkpoint_seconds_count"] == 1
            other = (await figures(second)).since(before)
            assert (other["parley_live_turns"], other["parley_checkpoint_seconds_count"]) == (0, 0)
            await grown(second, 'parley_readers_dropped_total{reason="silent"}', before)
            workers.first.kill()
        after = (await grown(second, "parley_turns_reaped_total", before)).since(before)
        assert (after["parley_connections"], after["parley_live_turns"]) == (1, 0)
    assert after['parley_readers_dropped_total{reason="silent"}'] == 1
    assert after["parley_workers_buried_total"] == after["parley_turns_reaped_total"] == 1
    assert after['parley_turns_total{status="interrupted"}'] == 1


async def test_redis_away(workers: Workers) -> None:
    """The log is known to be out of reach also while nobody asks anything; and lag is measured again afterwards."""
    url = workers.first.url
    before = await grown(url, "parley_log_lag_seconds_count", {})
    workers.redis.kill()
    before = await grown(url, "parley_log_unreachable_total", before)
    workers.redis.start()
    await grown(url, "parley_log_lag_seconds_count", before)
