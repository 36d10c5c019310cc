"""The database: engines, and transactions that never run on the event loop.

Work is a plain function of a :class:`~sqlmodel.Session`. It returns what is needed as values or detached rows, and it
may be run again: it has no effect but on its session.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

import structlog
from anyio import CapacityLimiter, to_thread
from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlmodel import Session

from server import database_tls, metrics
from server.errors import StartupError, Unavailable
from server.settings import Settings

log = structlog.get_logger(__name__)

T = TypeVar("T")
Work = Callable[[Session], T]

MYSQL_TRY_AGAIN = (1205, 1213)
"""Lock wait timeout, deadlock: the server rolled back and asks for another try (MySQL 8.4 manual, 17.7.5.3)."""
TRIES = 4
READERS = 8
BUSY_SECONDS = 5.0
"""How long SQLite waits for another process that writes."""
_READING = metrics.DATABASE_SECONDS.labels("read")
_WRITING = metrics.DATABASE_SECONDS.labels("write")
ANSWER_SECONDS = 30.0
"""How long a statement on MySQL may go without an answer. An ALTER of a large table takes longer."""
IDLE_SECONDS = 5
"""How long MySQL keeps a connection of writers that says nothing, and the locks of its transaction. Its own eight hours
are the time that a worker which froze, or whose machine lost its power, would keep others from ending its turns. Less
than the silence after which such a worker is buried."""
BATCH = 64
"""Writes that share one commit on SQLite, at most."""


def address(settings: Settings) -> URL:
    """SQLAlchemy's URL of the configured database. Raises StartupError when there is no such kind."""
    try:
        url = make_url(settings.database)
    except ArgumentError:
        raise StartupError(
            "PARLEY_DATABASE_URL: not a database address, such as mysql://user:password@host/parley"
        ) from None
    if any(name.startswith("ssl") for name in url.query):
        raise StartupError(
            "PARLEY_DATABASE_URL: TLS is set by PARLEY_DATABASE_TLS and PARLEY_DATABASE_CA, not in the address."
        )
    if url.drivername in ("mysql", "mariadb"):
        return url.set(drivername=f"{url.drivername}+pymysql")
    if url.drivername not in ("sqlite", "mysql+pymysql", "mariadb+pymysql"):
        raise StartupError(f"PARLEY_DATABASE_URL: {url.drivername} is not supported; use sqlite, mysql or mariadb.")
    return url


def engine_of(
    url: URL,
    *,
    tls: ssl.SSLContext | None = None,
    begin: str = "BEGIN",
    pool_size: int = READERS,
    answer_seconds: float | None = ANSWER_SECONDS,
    idle_seconds: int | None = None,
    isolation: Literal["REPEATABLE READ", "READ COMMITTED"] = "REPEATABLE READ",
) -> Engine:
    """An engine with the settings that the tables rely on. ``answer_seconds``: None waits for as long as it takes.

    ``idle_seconds`` (None: as the database has it) and ``isolation`` are MySQL's, and set once per connection: SQLite
    has one writer, readers that see one moment, and locks that die with their process.
    """
    if url.get_backend_name() == "sqlite":
        return _sqlite_engine(url, begin, pool_size)
    return create_engine(
        url.update_query_dict({"charset": "utf8mb4"}),
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=10,
        pool_pre_ping=True,
        pool_recycle=1800,
        pool_use_lifo=True,  # few are kept in use, and the database may close the others
        isolation_level=isolation,
        # A TLS handshake takes 20 to 30 ms where a plain connect takes half of one.
        connect_args={
            "ssl": tls,
            "ssl_disabled": tls is None,
            "connect_timeout": 5,
            "read_timeout": answer_seconds,
            "write_timeout": answer_seconds,
            "init_command": idle_seconds and f"SET SESSION wait_timeout = {idle_seconds}",
        },
    )


def _sqlite_engine(url: URL, begin: str, pool_size: int) -> Engine:
    if url.database:
        try:
            Path(url.database).parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StartupError(f"The database cannot be at {url.database} ({error.strerror}).") from error
    engine = create_engine(url, pool_size=pool_size, max_overflow=0, connect_args={"timeout": BUSY_SECONDS})

    @event.listens_for(engine, "connect")
    def _prepare(connection: sqlite3.Connection, _record: object) -> None:
        connection.isolation_level = None  # the driver's own idea of when to begin would hide ours
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    return engine


@contextmanager
def engine_for(settings: Settings, *, answer_seconds: float | None = ANSWER_SECONDS) -> Iterator[Engine]:
    """The configured database's, for as long as the block runs."""
    engine = engine_of(address(settings), tls=database_tls.context(settings), answer_seconds=answer_seconds)
    try:
        yield engine
    finally:
        engine.dispose()


def clock(session: Session) -> datetime:
    """The database's time, which is the same for all who use it."""
    if session.get_bind().dialect.name == "sqlite":  # whose users are all on this machine
        return datetime.now(UTC)
    moment: datetime = session.connection().exec_driver_sql("SELECT UTC_TIMESTAMP(6)").scalar_one()
    return moment.replace(tzinfo=UTC)


class Database:
    """``read`` and ``write`` run a piece of work in one transaction, in a thread.

    Both raise Unavailable when the database does not answer, is locked or is full; nothing of a failed write remains.
    """

    def __init__(self, settings: Settings) -> None:
        url = address(settings)
        self.kind = url.get_backend_name()
        self.engine = engine_of(url, tls=database_tls.context(settings))
        self._limiter = CapacityLimiter(READERS)
        self._writer = _SqliteWriter(url) if self.kind == "sqlite" else None
        # Whoever waits for a lock is to see what its holder has committed, not what there was before it waited.
        self._writing = engine_of(
            url, tls=database_tls.context(settings), idle_seconds=IDLE_SECONDS, isolation="READ COMMITTED"
        )

    async def read(self, work: Work[T]) -> T:
        with metrics.timed(_READING):
            return await to_thread.run_sync(partial(self._run, work), limiter=self._limiter)

    async def write(self, work: Work[T]) -> T:
        with metrics.timed(_WRITING):
            if self._writer is None:
                return await to_thread.run_sync(partial(self._run_again, work), limiter=self._limiter)
            return await asyncio.wrap_future(self._writer.submit(work))

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self.engine.dispose()
        self._writing.dispose()

    def _run(self, work: Work[T]) -> T:
        with _translated(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            return work(session)

    def _run_again(self, work: Work[T]) -> T:
        for left in reversed(range(TRIES)):
            try:
                with Session(self._writing, expire_on_commit=False) as session, session.begin():
                    return work(session)
            except OperationalError as error:
                if left == 0 or _mysql_code(error) not in MYSQL_TRY_AGAIN:
                    raise _unavailable(error) from error
            except (InterfaceError, PoolTimeout) as error:
                raise _unavailable(error) from error
        raise AssertionError("the last try returns or raises")


@dataclass(slots=True)
class _Job(Generic[T]):
    work: Work[T]
    future: Future[T]


class _SqliteWriter:
    """One thread that commits together what is waiting together.

    SQLite has one writer at a time. Threads that compete for it back off in steps of up to 100 ms each, whereas a
    commit takes a fraction of one.
    """

    def __init__(self, url: URL) -> None:
        self._engine = engine_of(url, begin="BEGIN IMMEDIATE", pool_size=1)
        self._jobs: queue.SimpleQueue[_Job[Any] | None] = queue.SimpleQueue()
        self._closed = False
        self._thread = threading.Thread(target=self._serve, name="sqlite-writer", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T]) -> Future[T]:
        if self._closed:
            raise Unavailable("The server is shutting down. Nothing was changed; try again.", retry_after=2)
        future: Future[T] = Future()
        self._jobs.put(_Job(work, future))
        return future

    def close(self) -> None:
        self._closed = True
        self._jobs.put(None)
        self._thread.join()
        self._engine.dispose()

    def _serve(self) -> None:
        while True:
            batch, closing = self._take()
            if batch:
                self._commit([job for job in batch if job.future.set_running_or_notify_cancel()])
            if closing:
                return

    def _take(self) -> tuple[list[_Job[Any]], bool]:
        batch: list[_Job[Any]] = []
        job = self._jobs.get()
        while job is not None:
            batch.append(job)
            if len(batch) == BATCH:
                return batch, False
            try:
                job = self._jobs.get_nowait()
            except queue.Empty:
                return batch, False
        return batch, True

    def _commit(self, jobs: list[_Job[Any]]) -> None:
        done: list[tuple[_Job[Any], Any]] = []
        try:
            with _translated(), self._engine.begin() as connection:
                for job in jobs:
                    try:
                        done.append((job, self._run(job.work, connection)))
                    except Exception as error:
                        told = _unavailable(error) if _is_outage(error) else error
                        if not _in_transaction(connection):
                            raise told from error
                        job.future.set_exception(told)
        except Exception as error:  # noqa: BLE001 -- nothing was committed, and all who wait are told
            for job in jobs:
                if not job.future.done():
                    job.future.set_exception(error)
            return
        for job, result in done:
            job.future.set_result(result)

    def _run(self, work: Work[T], connection: Connection) -> T:
        """One work in a savepoint: its failure is its own."""
        with (
            Session(connection, expire_on_commit=False, join_transaction_mode="create_savepoint") as session,
            session.begin(),
        ):
            return work(session)


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise _unavailable(error) from error


def _is_outage(error: Exception) -> bool:
    return isinstance(error, OperationalError | InterfaceError)


def _in_transaction(connection: Connection) -> bool:
    """Whether SQLite still has what was written. When the disk is full it may have rolled everything back by itself."""
    raw = connection.connection.dbapi_connection
    return isinstance(raw, sqlite3.Connection) and raw.in_transaction


def _unavailable(error: Exception) -> Unavailable:
    metrics.DATABASE_FAILED.inc()
    log.error("database.unavailable", reason=str(getattr(error, "orig", error)))
    return Unavailable("The database does not answer at the moment. Nothing was changed; try again.", retry_after=2)


def _mysql_code(error: OperationalError) -> object:
    arguments = getattr(error.orig, "args", ())
    return arguments[0] if arguments else None
