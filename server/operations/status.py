"""How the database stands: reachable, at which revision, like the models or not, in the middle of something."""

from __future__ import annotations

from dataclasses import dataclass, field

from sqlalchemy import Connection, text

from server import db, migrations
from server.errors import StartupError
from server.migrations import Step, Unfinished
from server.migrations.running import answering, lock_name
from server.operations.connecting import existing, kind, place
from server.operations.drift import Drift, drift
from server.settings import Settings


@dataclass(slots=True)
class Status:
    place: str
    head: str
    kind: str | None = None
    """None while it does not answer."""
    trouble: str | None = None
    """Why nothing more can be said."""
    revision: str | None = None
    pending: list[Step] = field(default_factory=list)
    unfinished: Unfinished | None = None
    running: bool = False
    """Another process is upgrading or restoring it, and has not lost the unfinished work."""
    drift: Drift = field(default_factory=Drift)
    """Looked at only at this program's revision."""

    @property
    def ok(self) -> bool:
        """Whether there is nothing to be done."""
        return not (self.trouble or self.pending or self.unfinished or self.drift.differences)


def status(settings: Settings) -> Status:
    found = Status(place(db.address(settings)), migrations.head())
    try:
        with existing(settings) as engine, answering(), engine.connect() as connection:
            _look(connection, found)
    except StartupError as error:
        found.trouble = str(error)
    return found


def _look(connection: Connection, found: Status) -> None:
    found.kind = kind(connection)
    found.unfinished = migrations.unfinished(connection)
    if connection.dialect.name != "sqlite":
        name = {"name": lock_name(connection)}
        found.running = connection.scalar(text("SELECT IS_USED_LOCK(:name)"), name) is not None
    found.revision = migrations.current(connection)
    found.pending = migrations.pending(connection)
    if not found.pending and found.unfinished is None:
        found.drift = drift(connection)
