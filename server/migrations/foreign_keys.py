"""Foreign keys, switched off for work on whole tables, which does not keep to the order of who refers to whom."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection
from sqlalchemy.engine.interfaces import DBAPIConnection


@contextmanager
def off(connection: Connection) -> Iterator[None]:
    """Begins and ends outside of a transaction.

    SQLite ignores its pragma within a transaction, and SQLAlchemy opens one before any statement. So it goes to the
    driver's own connection.
    """
    connection.rollback()
    raw = connection.connection.dbapi_connection
    sqlite = isinstance(raw, sqlite3.Connection)
    switch = "PRAGMA foreign_keys={}" if sqlite else "SET SESSION foreign_key_checks={}"
    _run_raw(raw, switch.format(0))
    try:
        yield
    finally:
        if not connection.invalidated:
            connection.rollback()
            _run_raw(raw, switch.format(1))


def _run_raw(raw: DBAPIConnection | None, statement: str) -> None:
    if raw is not None:
        cursor = raw.cursor()
        cursor.execute(statement)
        cursor.close()
