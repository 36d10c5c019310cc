"""The database as an operator knows it: where it is, what it is, and one look at all of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import URL

from server import db
from server.errors import StartupError
from server.settings import Settings


def place(url: URL) -> str:
    """Where it is, without who may enter."""
    if url.get_backend_name() == "sqlite":
        return url.database or ""
    return f"{url.host}:{url.port or 3306}/{url.database}"


def kind(connection: Connection) -> str:
    """Name and version of what answers, such as ``MariaDB 10.11.19``."""
    dialect = connection.dialect
    if dialect.name == "sqlite":
        return f"SQLite {_dotted(dialect.dbapi.sqlite_version_info)}" if dialect.dbapi else "SQLite"
    return f"{'MariaDB' if is_mariadb(connection) else 'MySQL'} {_dotted(dialect.server_version_info)}"


def is_mariadb(connection: Connection) -> bool:
    return bool(getattr(connection.dialect, "is_mariadb", False))


def _dotted(version: object) -> str:
    """``(10, 11, 19, "MariaDB")`` → ``10.11.19``."""
    numbers = version if isinstance(version, tuple) else ()
    return ".".join(str(part) for part in numbers if isinstance(part, int))


@contextmanager
def existing(settings: Settings, *, answer_seconds: float | None = db.ANSWER_SECONDS) -> Iterator[Engine]:
    """The database's engine. Raises StartupError when SQLite would have to make the file first."""
    url = db.address(settings)
    if url.get_backend_name() == "sqlite" and not Path(url.database or "").is_file():
        raise StartupError(f"There is no database at {url.database}; `parley db upgrade` makes one.")
    with db.engine_for(settings, answer_seconds=answer_seconds) as engine:
        yield engine


@contextmanager
def snapshot(engine: Engine) -> Iterator[Connection]:
    """All that is read stands as it did at the first reading, whoever writes beside it."""
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            connection.execution_options(isolation_level="REPEATABLE READ")
        yield connection
