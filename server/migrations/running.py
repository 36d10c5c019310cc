"""Runs what is missing: alone, and going on where another run broke off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import structlog
from alembic import command
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

from server.errors import StartupError
from server.migrations import journal, mark
from server.migrations.revisions import Step, config, current, head, pending

log = structlog.get_logger(__name__)

PATIENCE = 600
"""Seconds that an upgrade waits for another one to end."""
PATIENCE_AT_START = 10
"""The same for a server that only looks whether it can start."""
LOOK_AGAIN = 5
TABLE_PATIENCE = 60
"""Seconds that a statement waits for whoever uses its table. While it waits all others wait for it, and MariaDB's own
patience is a day."""

Prepare = Callable[[Connection, Sequence[Step]], str | None]
"""Is given what will be run, before anything is. Returns the file that the database was saved to, if it was."""


def check(engine: Engine) -> None:
    """Raises StartupError unless the database is at the revision that this program needs."""
    with answering(), engine.connect() as connection, alone(connection, PATIENCE_AT_START):
        revision, left = current(connection), mark.unfinished(connection)
    if left is not None:
        raise StartupError(str(left))
    if revision != head():
        raise StartupError(
            f"The database is at revision {revision or 'none'}, this program needs {head()}: run `parley db upgrade`."
        )


def upgrade(engine: Engine, prepare: Prepare | None = None) -> tuple[str | None, str]:
    """Runs what is missing. Returns the revision before and after; raises StartupError in words for the operator.

    Who holds the data folder may call it. On MySQL, where that says nothing of other machines, they wait for each
    other, and the last finds nothing to do.
    """
    with answering(), engine.connect() as connection, alone(connection):
        return run_missing(connection, prepare)


def run_missing(connection: Connection, prepare: Prepare | None = None) -> tuple[str | None, str]:
    """The same for who is ``alone`` already."""
    before, missing = current(connection), pending(connection)
    left = mark.unfinished(connection)
    if left is not None and left.work is mark.Work.RESTORE:
        raise StartupError(str(left))
    saved = left.backup if left else None
    if missing and left is None and prepare is not None:
        saved = prepare(connection, missing)
    for step in missing:
        _run(connection, step, saved)
    if connection.dialect.name != "sqlite":
        mark.remove(connection)
    return before, head()


def upgrade_to(connection: Connection, revision: str) -> None:
    """From an empty database to a revision that this program knows, with nobody else at it and nothing to lose."""
    connection.rollback()
    configured = config()
    configured.attributes["connection"] = connection
    command.upgrade(configured, revision)


@contextmanager
def alone(connection: Connection, patience: int = PATIENCE) -> Iterator[None]:
    """Keeps others from working at the tables of the same database on MySQL; on SQLite the data folder's lock does.

    The lock goes with the connection, which is closed in the end. So it does not outlive this process, but it does
    outlive it for as long as a statement of it still runs.
    Raises StartupError when another holds it for longer than ``patience`` seconds.
    """
    if connection.dialect.name == "sqlite":
        yield
        return
    deadline = time.monotonic() + patience
    name = {"name": lock_name(connection)}
    taken = connection.scalar(text("SELECT GET_LOCK(:name, 0)"), name)
    if not taken:
        log.info("migrations.waiting", reason="another process upgrades or restores the database", seconds=patience)
    while not taken:
        if time.monotonic() > deadline:
            raise StartupError(
                f"Another process has been upgrading or restoring the database for more than {patience} s; "
                "`parley db status` tells how far it is."
            )
        taken = connection.scalar(
            text("SELECT GET_LOCK(:name, :seconds)"), name | {"seconds": min(LOOK_AGAIN, patience)}
        )
    connection.rollback()
    try:
        yield
    finally:
        connection.invalidate()  # also when it is broken, and cannot be asked to release anything


def lock_name(connection: Connection) -> str:
    """At most 64 characters; a server has one set of names for all its databases."""
    return f"parley.{connection.engine.url.database}"[:64]


@contextmanager
def answering() -> Iterator[None]:
    """What the database complains of in one line, as StartupError."""
    try:
        yield
    except DBAPIError as error:
        what = "does not answer" if isinstance(error, OperationalError | InterfaceError) else "cannot be used"
        raise StartupError(f"The database {what}: {error.orig}") from error


def _run(connection: Connection, step: Step, saved: str | None) -> None:
    log.info("migrations.begun", revision=step.revision, title=step.title)
    try:
        with _resumable(connection, step, saved):
            upgrade_to(connection, step.revision)
    except StartupError:
        raise
    except Exception as error:
        log.exception("migrations.failed", revision=step.revision)
        raise StartupError(_what_now(connection.dialect.name, step, saved, error)) from error
    log.info("migrations.done", revision=step.revision)


@contextmanager
def _resumable(connection: Connection, step: Step, saved: str | None) -> Iterator[None]:
    if connection.dialect.name == "sqlite":
        yield
        return
    left = mark.unfinished(connection)
    if left is not None and left.revision != step.revision:
        raise StartupError(
            f"The table {mark.MARK.name} tells of an upgrade to revision {left.revision}, but the next is "
            f"{step.revision}. If the database was put back by other means than `parley db restore`, drop that table."
        )
    if left is None:
        mark.begin(connection, mark.Work.UPGRADE, step.revision, saved)
    connection.execute(text(f"SET SESSION lock_wait_timeout = {TABLE_PATIENCE}"))
    connection.rollback()
    with journal.kept(connection, left.reached if left else mark.NOTHING_REACHED):
        yield


def _what_now(engine: str, step: Step, saved: str | None, error: Exception) -> str:
    why = str(getattr(error, "orig", None) or error).partition("\n")[0]
    failed = f"The upgrade to revision {step.revision} ({step.title.rstrip('.')}) failed: {why.rstrip('.')}."
    if engine == "sqlite":
        return f"{failed} The database is as it was before this step; the log says more."
    other = f", or restore {saved}" if saved else ""
    return f"{failed} How far it came is noted: run `parley db upgrade` again once the cause is mended{other}."
