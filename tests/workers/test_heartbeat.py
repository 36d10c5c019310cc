"""Who is alive, by the database's clock; and who may say so."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import anyio
import pytest
from sqlmodel import Session

from server import db
from server.db import Database
from server.errors import StartupError, Unavailable
from server.tables import Worker, new_id
from server.workers import alone, heartbeat, repository
from server.workers.heartbeat import Heartbeat

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(heartbeat, "BEAT", 0.02)
    monkeypatch.setattr(heartbeat, "SILENCE", 0.4)
    monkeypatch.setattr(db, "IDLE_SECONDS", 1)
    monkeypatch.setattr(alone, "BEAT", 0.1)
    monkeypatch.setattr(alone, "STEP", 0.05)


async def workers(database: Database) -> set[str]:
    return set(await database.read(repository.beats))


@asynccontextmanager
async def beating(worker: Heartbeat, *sweeps: heartbeat.Sweep) -> AsyncIterator[None]:
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(worker.serve, sweeps)
        yield
        tasks.cancel_scope.cancel()


class Sweeps:
    """Counts, and says when it was called."""

    def __init__(self) -> None:
        self.called = anyio.Event()

    async def __call__(self) -> None:
        self.called.set()


def heart(database: Database, worker: str) -> Heartbeat:
    return Heartbeat(database, worker, taken_for_dead=Sweeps())


async def test_a_worker_is_there_from_its_beginning_to_its_end(database: Database) -> None:
    ids = [new_id(), new_id()]
    one, two = (heart(database, worker) for worker in ids)
    await one.begin()
    await two.begin()
    assert await workers(database) == set(ids)
    await one.end()
    assert await workers(database) == {ids[1]}


async def test_a_silent_worker_is_buried_and_what_it_left_is_settled(database: Database) -> None:
    dead, alive = new_id(), new_id()
    await heart(database, dead).begin()
    survivor, sweep = heart(database, alive), Sweeps()
    await survivor.begin()
    with anyio.fail_after(20):
        async with beating(survivor, sweep):
            while dead in await workers(database):  # noqa: ASYNC110 -- the database tells nobody
                await anyio.sleep(0.01)
            await sweep.called.wait()
    assert await workers(database) == {alive}


@pytest.mark.parametrize("database_url", [pytest.param("mysql", marks=pytest.mark.mysql)], indirect=True)
async def test_a_worker_that_froze_with_its_row_locked_is_buried(database: Database) -> None:
    """A machine that lost its power says no goodbye, and its database would keep the locks for hours."""
    frozen, alive = new_id(), new_id()
    await heart(database, frozen).begin()
    survivor = heart(database, alive)
    await survivor.begin()
    locked, thaw = threading.Event(), threading.Event()

    def freeze(session: Session) -> None:
        repository.beat(session, frozen, "frozen", draining=False)
        session.flush()
        locked.set()
        thaw.wait(60)

    async def write() -> None:
        with pytest.raises(Unavailable):
            await database.write(freeze)

    try:
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(write)
            await anyio.to_thread.run_sync(locked.wait)
            with anyio.fail_after(20):
                async with beating(survivor):
                    while frozen in await workers(database):  # noqa: ASYNC110 -- the database tells nobody
                        await anyio.sleep(0.01)
            thaw.set()
    finally:
        thaw.set()
    assert await workers(database) == {alive}


async def test_whoever_was_buried_alive_comes_back(database: Database) -> None:
    """It finds that it was taken for dead, and goes on as a living one."""
    worker, told = new_id(), Sweeps()
    mine = Heartbeat(database, worker, taken_for_dead=told)
    await mine.begin()
    await database.write(lambda session: repository.leave(session, worker))
    with anyio.fail_after(20):
        async with beating(mine):
            await told.called.wait()
    assert worker in await workers(database)


async def test_nobody_is_judged_before_everybody_could_speak(database: Database) -> None:
    """After the database was away all have been silent. The first that reaches it again must not bury the others."""
    others = new_id()
    await heart(database, others).begin()

    def long_silent(session: Session) -> None:
        row = session.get_one(Worker, others)
        row.beat_at -= timedelta(hours=1)

    class Away(Database):
        away = True

        async def write(self, work: db.Work[db.T]) -> db.T:
            if self.away:
                raise Unavailable("The database does not answer.")
            return await super().write(work)

    seen = Away.__new__(Away)
    seen.__dict__.update(database.__dict__)
    seen.away = False
    mine = heart(seen, new_id())
    await mine.begin()
    await database.write(long_silent)
    seen.away = True
    async with beating(mine):
        with anyio.move_on_after(1.0):  # more than twice the silence that is allowed
            await anyio.sleep_forever()
        assert others in await workers(database)
        seen.away = False
        with anyio.move_on_after(0.2):  # half of it
            await anyio.sleep_forever()
        assert others in await workers(database)
        with anyio.fail_after(20):
            while others in await workers(database):  # noqa: ASYNC110
                await anyio.sleep(0.01)


@pytest.mark.parametrize("database_url", [pytest.param("mysql", marks=pytest.mark.mysql)], indirect=True)
async def test_a_process_without_redis_refuses_company(database: Database) -> None:
    """Where no lock of a data folder keeps another one out, only signs of life tell."""
    other = heart(database, new_id())
    await other.begin()
    async with beating(other):
        with pytest.raises(StartupError, match="Another Parley"):
            await anyio.to_thread.run_sync(alone.ensure, database.engine)
    await anyio.to_thread.run_sync(alone.ensure, database.engine)
    assert await workers(database) == set()
