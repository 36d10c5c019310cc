"""Puts a backup into the database: all of it, or nothing.

On SQLite the rows go into a new file, which is brought to this program's revision and then copied over the database in
one transaction. On MySQL they replace the others in one transaction when the tables are at the backup's revision. When
they are not, they are made anew, which no transaction could undo. A mark in the database says so until it is done, no
server starts beside it, and the way out is to restore again.
"""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, Engine, column, delete, func, insert, inspect, select, table, text
from sqlalchemy.exc import DBAPIError

from server import db, migrations
from server.errors import StartupError
from server.migrations import foreign_keys, mark
from server.migrations.running import answering
from server.operations import backup, event_logs
from server.operations.backup import Saved
from server.operations.backup_format import Header
from server.operations.backup_reader import reading
from server.operations.shape import all_names, holds_rows, tables_at
from server.settings import Settings

PATIENCE = 5.0
"""Seconds that servers on other machines get to be gone."""
STEP = 0.1


@dataclass(frozen=True, slots=True)
class Restored:
    header: Header
    replaced: Saved | None
    """Where that was saved which was in the database before."""


def verified(path: Path) -> Header:
    """Reads the whole backup. Raises StartupError unless all of it is there and this program can restore it."""
    with reading(path) as file:
        header = file.header
        if header.revision not in {step.revision for step in migrations.steps()}:
            raise StartupError(
                f"{path} is of revision {header.revision}, which this program does not know: upgrade Parley."
            )
        expected = {made.name: {each.name for each in made.columns} for made in tables_at(header.revision)}
        if {name: set(contents.columns) for name, contents in header.tables.items()} != expected:
            raise StartupError(f"{path} does not hold the tables of its revision {header.revision}.")
        for _ in file.batches():
            pass
    return header


def restore(settings: Settings, path: Path, *, replace: bool = False, save_first: bool = True) -> Restored:
    """Who holds the data folder may call it. Raises StartupError.

    ``replace``: a database that is not empty, too. ``save_first``: saves what is replaced, as a backup.
    """
    header = verified(path)
    with db.engine_for(settings, answer_seconds=None) as engine, answering():
        work = _Work(settings, engine, path, header, replace, save_first)
        return Restored(header, work.on_sqlite() if engine.dialect.name == "sqlite" else work.on_mysql())


@dataclass(frozen=True, slots=True)
class _Work:
    settings: Settings
    engine: Engine
    path: Path
    header: Header
    replace: bool
    save_first: bool

    def on_sqlite(self) -> Saved | None:
        target = Path(self.engine.url.database or "")
        part = target.with_name(f"{target.name}.restoring")
        with self.engine.connect() as connection:
            saved = self._make_way(connection)
        self.engine.dispose()
        _remove(part)
        try:
            made = db.engine_of(self.engine.url.set(database=str(part)))
            with made.connect() as connection:
                migrations.upgrade_to(connection, self.header.revision)
                with foreign_keys.off(connection), connection.begin():
                    _load(connection, self.path)
                migrations.run_missing(connection)
            made.dispose()
            _copy(part, target)
        finally:
            _remove(part)
        return saved

    def on_mysql(self) -> Saved | None:
        with self.engine.connect() as connection, migrations.alone(connection):
            _wait_for_others(connection)
            saved = self._make_way(connection)
            revision = self.header.revision
            if migrations.unfinished(connection) is None and migrations.current(connection) == revision:
                with foreign_keys.off(connection), connection.begin():
                    _load(connection, self.path)
            else:
                mark.begin(connection, mark.Work.RESTORE, revision, str(self.path.absolute()))
                _drop_tables(connection)
                migrations.upgrade_to(connection, revision)
                with foreign_keys.off(connection), connection.begin():
                    _load(connection, self.path)
                    mark.end(connection)
            migrations.run_missing(connection)
        return saved

    def _make_way(self, connection: Connection) -> Saved | None:
        """The last that is done before anything is changed."""
        worth_saving = _to_be_replaced(connection, self.replace)
        connection.rollback()
        saved = backup.save(self.engine, backup.folder_of(self.settings)) if worth_saving and self.save_first else None
        event_logs.forget(self.settings)
        return saved


def _to_be_replaced(connection: Connection, replace: bool) -> bool:
    """Whether something is there that can be saved first. Raises StartupError when it must not be replaced."""
    left, revision = migrations.unfinished(connection), migrations.current(connection)
    if revision is None or (left is not None and left.work is mark.Work.RESTORE):
        return False
    if revision not in {step.revision for step in migrations.steps()}:
        raise StartupError(
            f"The database is at revision {revision}, which this program does not know, so it cannot replace it: "
            "restore into an empty database."
        )
    if left is None and not holds_rows(connection, revision):
        return False
    if not replace:
        raise StartupError("The database is not empty; --replace puts the backup in the place of all that is in it.")
    return left is None


def _load(connection: Connection, path: Path) -> None:
    """All rows in the place of those there are, which migrations may have put there as well.

    In the transaction that is open. Raises StartupError when the database does not take one.
    """
    with reading(path) as file:
        for name in file.header.tables:
            connection.execute(delete(table(name)))
        for name, rows in file.batches():
            columns = file.header.tables[name].columns
            statement = insert(table(name, *map(column, columns)))
            try:
                connection.execute(statement, [dict(zip(columns, row, strict=True)) for row in rows])
            except DBAPIError as error:
                if error.connection_invalidated:
                    raise
                raise StartupError(f"The database does not take the rows of {name}: {error.orig}") from error
        for name, contents in file.header.tables.items():
            count = connection.scalar(select(func.count()).select_from(table(name)))
            if count != contents.rows:
                raise StartupError(f"The table {name} has {count} rows where the backup has {contents.rows}.")


def _copy(source: Path, target: Path) -> None:
    """One transaction on the target: whoever reads sees all of the old or all of the new."""
    try:
        with closing(sqlite3.connect(source)) as new, closing(sqlite3.connect(target)) as old:
            new.backup(old)
    except sqlite3.Error as error:
        raise StartupError(f"The database at {target} cannot be written ({error}).") from error


def _remove(file: Path) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        file.with_name(file.name + ending).unlink(missing_ok=True)


def _wait_for_others(connection: Connection) -> None:
    """Servers on other machines do not see this one's lock on the data folder, but the database sees them."""
    deadline = time.monotonic() + PATIENCE
    while others := _others(connection):
        if time.monotonic() > deadline:
            raise StartupError(
                f"The database is in use from {', '.join(others)}: stop the servers there before a restore."
            )
        time.sleep(STEP)


def _others(connection: Connection) -> list[str]:
    own = connection.scalar(text("SELECT CONNECTION_ID()"))
    rows = connection.execute(text("SHOW PROCESSLIST")).mappings()
    here = [row for row in rows if row["db"] == connection.engine.url.database and row["Id"] != own]
    return sorted({str(row["Host"]).partition(":")[0] for row in here})


def _drop_tables(connection: Connection) -> None:
    """Those that any version of this program made, and no other."""
    names = {*inspect(connection).get_table_names()} & {*all_names(), "alembic_version"}
    with foreign_keys.off(connection):
        for name in names:
            table_name = connection.dialect.identifier_preparer.quote(name)
            connection.execute(text(f"DROP TABLE {table_name}"))
