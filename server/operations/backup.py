"""Saves the database to a file, beside running servers: one transaction sees all tables as of one moment."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Select, column, func, select, table

from server import __version__, migrations
from server.errors import StartupError
from server.migrations.running import answering
from server.operations.backup_format import FORMAT, Contents, Header
from server.operations.backup_writer import Writer, writing
from server.operations.connecting import snapshot
from server.operations.shape import tables_at
from server.settings import Settings, make_data_folder
from server.tables import now

ENDING = ".jsonl.gz"
ROWS_AT_ONCE = 50
"""A row can be as long as an answer."""


@dataclass(frozen=True, slots=True)
class Saved:
    path: Path
    header: Header


def save(engine: Engine, place: Path) -> Saved:
    """``place``: a folder that is there, or the name of a new file.

    Raises StartupError, and leaves no file, when there is nothing to be saved or it cannot be done.
    """
    with answering(), snapshot(engine) as connection:
        revision = _revision(connection)
        header = Header(
            parley_backup=FORMAT,
            program=__version__,
            revision=revision,
            engine=engine.dialect.name,
            made_at=now(),
            tables={
                str(made.name): Contents(
                    [str(each.name) for each in made.columns],
                    connection.scalar(select(func.count()).select_from(table(made.name))) or 0,
                )
                for made in tables_at(revision)
            },
        )
        path = _free_name(place, header) if place.is_dir() else place
        with writing(path, header) as file:
            for name, contents in header.tables.items():
                _save_table(connection, name, contents, file)
    return Saved(path, header)


def folder_of(settings: Settings) -> Path:
    """Where backups go that nobody gave a place. Made when it is not there."""
    make_data_folder(settings)
    folder = settings.data_dir / "backups"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise StartupError(f"The folder {folder} cannot be made ({error.strerror}).") from error
    return folder


def _revision(connection: Connection) -> str:
    left = migrations.unfinished(connection)
    if left is not None:
        raise StartupError(f"The database fits no revision at the moment. {left}")
    migrations.pending(connection)
    revision = migrations.current(connection)
    if revision is None:
        raise StartupError("There is nothing to be saved: the database has no tables.")
    return revision


def _free_name(folder: Path, header: Header) -> Path:
    name = f"parley-{header.made_at:%Y%m%dT%H%M%SZ}-{header.revision}"
    endings = (ENDING, *(f"-{number}{ENDING}" for number in range(2, 1000)))
    return next(path for ending in endings if not (path := folder / f"{name}{ending}").exists())


def _save_table(connection: Connection, name: str, contents: Contents, file: Writer) -> None:
    """The values as the driver gives them: types of columns would give others on each kind of database."""
    file.table(name)
    query: Select[*tuple[Any, ...]] = select(*map(column, contents.columns)).select_from(table(name))
    for rows in connection.execute(query, execution_options={"yield_per": ROWS_AT_ONCE}).partitions():
        file.rows(rows)
