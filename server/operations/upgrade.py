"""Brings the database to this program's revision, after saving what is in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy import Connection

from server import db, migrations
from server.migrations import Step
from server.operations import backup
from server.operations.backup import Saved
from server.operations.shape import holds_rows
from server.settings import Settings

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Upgraded:
    before: str | None
    after: str
    saved: Saved | None
    """None when nothing was pending, when there was no row to lose, and when an earlier try saved it."""


def upgrade(settings: Settings, *, save_first: bool = True) -> Upgraded:
    """Who holds the data folder may call it. Raises StartupError."""
    saved: list[Saved] = []

    def save(connection: Connection, _missing: Sequence[Step]) -> str | None:
        revision = migrations.current(connection)
        if not save_first or revision is None or not holds_rows(connection, revision):
            return None
        connection.rollback()
        saved.append(backup.save(engine, backup.folder_of(settings)))
        log.info("database.saved", path=str(saved[0].path))
        return str(saved[0].path.absolute())

    with db.engine_for(settings, answer_seconds=None) as engine:
        before, after = migrations.upgrade(engine, save)
    return Upgraded(before, after, saved[0] if saved else None)
