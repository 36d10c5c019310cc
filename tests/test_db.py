"""Transactions: who shares a commit, whose failure is whose, and what an outage looks like."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, event
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from server import db
from server.db import Database
from server.errors import StartupError, Unavailable
from server.protocol.codes import AccountRole
from server.tables import Setting, User
from tests.fixtures.databases import settings_for

pytestmark = pytest.mark.anyio


def add(session: Session, name: str, filler: str = "") -> None:
    session.add(
        User(email=f"{name}@example.org", username=name, username_key=name, password_hash="", role=AccountRole.USER)
    )
    if filler:
        session.flush()
        user = session.exec(select(User.id).where(User.username == name)).one()
        session.add(Setting(user_id=user, key="filler", value=filler))


async def names(database: Database) -> list[str]:
    return list(
        await database.read(lambda session: session.exec(select(User.username).order_by(col(User.username))).all())
    )


@pytest.fixture
def sqlite(sqlite_url: str, tmp_path: Path) -> Iterator[Database]:
    opened = Database(settings_for(sqlite_url, tmp_path))
    yield opened
    opened.close()


class Held:
    """A write that keeps the writer busy, in an open transaction, until it is let go."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._entered = threading.Event()
        self._go = threading.Event()

    async def __aenter__(self) -> Held:
        self._task = asyncio.create_task(self._database.write(self._work))
        await asyncio.to_thread(self._entered.wait, 10)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._go.set()
        await self._task

    def _work(self, session: Session) -> None:
        add(session, "held")
        session.flush()
        self._entered.set()
        assert self._go.wait(10)


async def gather_while_held(database: Database, *works: db.Work[None]) -> list[object]:
    """Has all the works wait together, and gives what each of them came to."""
    async with Held(database):
        waiting = [asyncio.create_task(database.write(work)) for work in works]
        await asyncio.sleep(0)
    return list(await asyncio.gather(*waiting, return_exceptions=True))


async def test_what_is_written_is_read(database: Database) -> None:
    await database.write(lambda session: add(session, "a"))
    assert await names(database) == ["a"]


async def test_a_failed_work_leaves_nothing(database: Database) -> None:
    def work(session: Session) -> None:
        add(session, "a")
        session.flush()
        raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        await database.write(work)
    assert await names(database) == []


async def test_an_integrity_error_is_the_callers_own(database: Database) -> None:
    await database.write(lambda session: add(session, "a"))
    with pytest.raises(IntegrityError):
        await database.write(lambda session: add(session, "a"))


async def test_rows_can_be_used_after_their_transaction(database: Database) -> None:
    def work(session: Session) -> User:
        add(session, "a")
        return session.exec(select(User)).one()

    user = await database.write(work)
    assert user.username == "a"
    assert user.created_at.tzinfo is not None


async def test_what_waits_together_is_committed_together(sqlite: Database) -> None:
    commits = 0

    def count(_connection: object) -> None:
        nonlocal commits
        commits += 1

    event.listen(Engine, "commit", count)
    try:
        await gather_while_held(sqlite, *(lambda session, i=i: add(session, f"u{i}") for i in range(20)))
    finally:
        event.remove(Engine, "commit", count)
    assert len(await names(sqlite)) == 21
    assert commits == 2, "one for the work that held the writer, one for the twenty that waited"


async def test_a_failure_in_a_batch_leaves_its_neighbours(sqlite: Database) -> None:
    def twice(session: Session) -> None:
        add(session, "b")
        session.flush()
        add(session, "held")

    def broken(session: Session) -> None:
        add(session, "c")
        session.flush()
        raise RuntimeError("no")

    outcomes = await gather_while_held(sqlite, lambda s: add(s, "a"), twice, broken, lambda s: add(s, "d"))
    assert [type(outcome) for outcome in outcomes] == [type(None), IntegrityError, RuntimeError, type(None)]
    assert await names(sqlite) == ["a", "d", "held"]


async def test_a_full_disk_in_a_batch_acknowledges_nothing_that_is_lost(sqlite: Database) -> None:
    """SQLite may roll the whole transaction back when the disk is full, and the neighbours' writes with it."""

    def nearly_full(session: Session) -> None:
        pages = session.connection().exec_driver_sql("PRAGMA page_count").scalar_one()
        session.connection().exec_driver_sql(f"PRAGMA max_page_count={pages + 4}")

    await sqlite.write(nearly_full)
    outcomes = await gather_while_held(
        sqlite,
        lambda session: add(session, "a"),
        lambda session: add(session, "big", "x" * 1_000_000),
        lambda session: add(session, "z"),
    )
    assert isinstance(outcomes[1], Unavailable)
    stored = set(await names(sqlite))
    acknowledged = {name for name, outcome in zip("abz", outcomes, strict=True) if outcome is None}
    assert acknowledged == stored - {"held"}


async def test_reads_run_beside_a_write(sqlite: Database) -> None:
    async with Held(sqlite):
        assert await names(sqlite) == [], "what is not committed is not seen, and nobody waits for it"
    assert await names(sqlite) == ["held"]


async def test_a_locked_database_is_unavailable(
    sqlite: Database, sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(db, "BUSY_SECONDS", 0)
    another_process = Database(settings_for(sqlite_url, tmp_path))
    try:
        async with Held(sqlite):
            with pytest.raises(Unavailable):
                await another_process.write(lambda session: add(session, "a"))
        await another_process.write(lambda session: add(session, "b"))
        assert await names(sqlite) == ["b", "held"]
    finally:
        another_process.close()


async def test_a_write_that_nobody_waits_for_any_more_is_not_begun(sqlite: Database) -> None:
    async with Held(sqlite):
        task = asyncio.create_task(sqlite.write(lambda session: add(session, "a")))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
    assert await names(sqlite) == ["held"]


async def test_a_write_after_the_end_is_refused(sqlite_url: str, tmp_path: Path) -> None:
    database = Database(settings_for(sqlite_url, tmp_path))
    database.close()
    with pytest.raises(Unavailable):
        await database.write(lambda session: add(session, "a"))


@pytest.mark.parametrize("database_url", [pytest.param("mysql", marks=pytest.mark.mysql)], indirect=True)
async def test_a_deadlock_is_tried_again(database: Database) -> None:
    both_hold_one = threading.Barrier(2)
    runs: list[str] = []

    def two(session: Session) -> None:
        add(session, "a")
        add(session, "b")

    def crossing(first: str, second: str) -> db.Work[None]:
        def work(session: Session) -> None:
            runs.append(first)
            lock(session, first)
            if runs.count(first) == 1:
                both_hold_one.wait(10)
            lock(session, second)

        return work

    def lock(session: Session, name: str) -> None:
        session.exec(select(User).where(User.username_key == name).with_for_update()).one()

    await database.write(two)
    await asyncio.gather(database.write(crossing("a", "b")), database.write(crossing("b", "a")))
    assert len(runs) == 3, "the server ended one of the two, which ran again"


async def test_a_server_that_is_away_is_unavailable(tmp_path: Path) -> None:
    database = Database(settings_for("mysql://root@127.0.0.1:1/parley", tmp_path))
    with pytest.raises(Unavailable):
        await database.read(lambda session: session.exec(select(User)).all())
    with pytest.raises(Unavailable):
        await database.write(lambda session: add(session, "a"))
    database.close()


@pytest.mark.parametrize("url", ["postgresql://localhost/x", "not an address"])
async def test_other_kinds_of_database_are_named_at_the_start(url: str, tmp_path: Path) -> None:
    with pytest.raises(StartupError, match="PARLEY_DATABASE_URL"):
        Database(settings_for(url, tmp_path))
