"""The lag that is measured is that of a reader in the same process, on every kind of event log."""

from __future__ import annotations

import time

import anyio
import anyio.lowlevel
import pytest
from prometheus_client import REGISTRY

from server.realtime import probe
from server.realtime.event_log import EventLog
from server.realtime.probe import Probe
from server.tables import new_id
from tests.realtime.units import SECONDS, House

pytestmark = pytest.mark.anyio

BUSY = 0.1


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.01)


def measured() -> tuple[float, float]:
    """How often, and the sum."""
    names = ("parley_log_lag_seconds_count", "parley_log_lag_seconds_sum")
    count, seconds = (REGISTRY.get_sample_value(name) or 0.0 for name in names)
    return count, seconds


async def once(log: EventLog, *, busy: float = 0.0) -> float:
    """What is measured while the loop has something else to do for so many seconds, again and again."""
    own = Probe(log, new_id())
    await own.measure()  # makes its log
    count, before = measured()

    async def measure() -> None:
        await own.measure()
        tasks.cancel_scope.cancel()

    with anyio.fail_after(SECONDS):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(measure)
            while True:
                time.sleep(busy)  # noqa: ASYNC251 -- the point of it
                await anyio.lowlevel.checkpoint()
    assert measured()[0] == count + 1
    return measured()[1] - before


async def test_an_entry_arrives(house: House) -> None:
    assert await once(house.log) > 0
    assert house.log.followed() == []


async def test_a_busy_process_lets_its_readers_wait(house: House) -> None:
    assert await once(house.log, busy=BUSY) > BUSY / 2


async def test_a_log_that_forgets_is_begun_anew(house: House) -> None:
    own = Probe(house.log, "worker")
    await own.measure()
    ledger = await house.log.ledger("worker")
    await house.log.renew("worker", 0, instead_of=ledger)
    count, _ = measured()
    await own.measure()
    assert measured()[0] == count + 1
