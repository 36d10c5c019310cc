"""Brings the database to the revision that this code was written for."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import OperationalError

from server.errors import StartupError

ROOT = Path(__file__).resolve().parent.parent


def _config() -> Config:
    return Config(str(ROOT / "alembic.ini"))


def head() -> str:
    revision = ScriptDirectory.from_config(_config()).get_current_head()
    if revision is None:
        raise StartupError("The folder schema/versions holds no migration: the installation is not complete.")
    return revision


def current(connection: Connection) -> str | None:
    """The database's revision; None where there are no tables yet."""
    return MigrationContext.configure(connection).get_current_revision()


def check(engine: Engine) -> None:
    """Raises StartupError unless the database is at the revision that this program needs."""
    try:
        with engine.connect() as connection:
            revision = current(connection)
    except OperationalError as error:
        raise StartupError(f"The database does not answer: {error.orig}") from error
    if revision != head():
        raise StartupError(
            f"The database is at revision {revision or 'none'}, this program needs {head()}: run `parley migrate`."
        )


def upgrade(engine: Engine) -> tuple[str | None, str]:
    """Runs what is missing. Returns the revision before and after; raises StartupError in words for the operator."""
    try:
        with engine.connect() as connection:
            before = current(connection)
            known = {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}
            if before is not None and before not in known:
                raise StartupError(
                    f"The database is at revision {before}, which is newer than this program: upgrade Parley."
                )
            connection.rollback()
            if before != head():
                config = _config()
                config.attributes["connection"] = connection
                command.upgrade(config, "head")
    except OperationalError as error:
        raise StartupError(f"The database does not answer: {error.orig}") from error
    return before, head()
