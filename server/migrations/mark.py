"""The mark that is in a database while work on its tables is under way that no transaction could undo.

MySQL commits with every CREATE, ALTER and DROP. So an upgrade or a restore that is killed there leaves tables that fit
no revision, and this mark says of which work they are left. The table exists for as long as the work does. SQLite
undoes by itself what did not end, and never has it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Column, Connection, DateTime, Integer, MetaData, String, Table, Text, inspect, select

from server import tables

MARK = Table(
    "parley_unfinished",
    MetaData(),
    Column("work", String(16), nullable=False),
    Column("revision", String(32), nullable=False),
    Column("backup", Text),
    Column("begun_at", DateTime, nullable=False),
    Column("reached", Integer, nullable=False),
    Column("done", String(64), nullable=False),
    Column("doing", String(64), nullable=False),
    Column("schema_before", String(64), nullable=False),
    mysql_engine="InnoDB",
    mysql_charset="utf8mb4",
)
"""``reached``, ``done``, ``doing`` and ``schema_before`` are the journal's."""


class Work(StrEnum):
    UPGRADE = "upgrade"
    RESTORE = "restore"


@dataclass(frozen=True, slots=True)
class Reached:
    """The last statement that changed the schema and was begun, by its number in the revision; 0 for none."""

    number: int
    done: str
    """SHA-256 of all such statements before it."""
    doing: str
    """SHA-256 of the statement."""
    schema_before: str
    """SHA-256 of the schema right before it."""


NOTHING_REACHED = Reached(0, "", "", "")


@dataclass(frozen=True, slots=True)
class Unfinished:
    work: Work
    revision: str
    """Which an upgrade was to bring, or which the backup is at that was being restored."""
    backup: str | None
    """The file that was saved before an upgrade, or from which was being restored."""
    begun_at: datetime
    reached: Reached

    def __str__(self) -> str:
        when = f"{self.begun_at:%Y-%m-%d %H:%M:%S} UTC"
        if self.work is Work.RESTORE:
            return (
                f"A restore was begun at {when} and did not finish, so rows are missing: "
                f"run `parley db restore --replace {self.backup}` again."
            )
        other = f", or restore {self.backup}" if self.backup else ""
        return (
            f"The upgrade to revision {self.revision} was begun at {when} and did not finish: "
            f"run `parley db upgrade` again{other}."
        )


def unfinished(connection: Connection) -> Unfinished | None:
    """What was begun and has not ended, or is still running."""
    if connection.dialect.name == "sqlite" or not inspect(connection).has_table(MARK.name):
        return None
    row = connection.execute(select(MARK)).mappings().first()
    if row is None:
        return None
    reached = Reached(row["reached"], row["done"], row["doing"], row["schema_before"])
    return Unfinished(Work(row["work"]), row["revision"], row["backup"], row["begun_at"], reached)


def begin(connection: Connection, work: Work, revision: str, backup: str | None) -> None:
    """Sets the mark, committed. The work takes it off in the transaction that completes it: ``end``."""
    MARK.create(connection, checkfirst=True)
    row = {"work": work, "revision": revision, "backup": backup, "begun_at": tables.now().replace(tzinfo=None)}
    connection.execute(MARK.delete())
    connection.execute(MARK.insert().values(**row, reached=0, done="", doing="", schema_before=""))
    connection.commit()


def end(connection: Connection) -> None:
    connection.execute(MARK.delete())


def remove(connection: Connection) -> None:
    """The table too, once all is done."""
    MARK.drop(connection, checkfirst=True)
    connection.commit()
