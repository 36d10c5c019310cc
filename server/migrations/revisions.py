"""Which revisions this program knows, and which the database is at."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from server.errors import StartupError

ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True, slots=True)
class Step:
    """One revision."""

    revision: str
    title: str
    """What it does, in the first line of its docstring."""


def config() -> Config:
    return Config(str(ROOT / "alembic.ini"))


def steps() -> list[Step]:
    """All revisions, the oldest first."""
    scripts = ScriptDirectory.from_config(config()).walk_revisions()
    return [Step(script.revision, script.doc) for script in reversed(list(scripts))]


def head() -> str:
    revision = ScriptDirectory.from_config(config()).get_current_head()
    if revision is None:
        raise StartupError("The folder schema/versions holds no migration: the installation is not complete.")
    return revision


def current(connection: Connection) -> str | None:
    """The database's revision; None where there are no tables yet."""
    return MigrationContext.configure(connection).get_current_revision()


def pending(connection: Connection) -> list[Step]:
    """What the database lacks, the oldest first. Raises StartupError when it is newer than this program."""
    revision, known = current(connection), steps()
    if revision is None:
        return known
    names = [step.revision for step in known]
    if revision not in names:
        raise StartupError(f"The database is at revision {revision}, which is newer than this program: upgrade Parley.")
    return known[names.index(revision) + 1 :]
