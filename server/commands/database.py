"""``parley db …``: what an operator does with the database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from server.settings import Settings, load

if TYPE_CHECKING:
    from server.operations.backup import Saved
    from server.operations.status import Status

database = typer.Typer(no_args_is_help=True, help="Look after the database.")

AsJson = Annotated[bool, typer.Option("--json", help="For programs to read.")]
NoBackup = Annotated[bool, typer.Option("--no-backup", help="Do not save first what is in the database.")]


@database.command()
def status(as_json: AsJson = False) -> None:
    """Say which database it is and whether something is to be done. Exit status 1 if there is."""
    from server.operations.status import status

    found = status(load())
    if as_json:
        told = {"ok": found.ok, **asdict(found)}
        if found.unfinished:
            del told["unfinished"]["reached"]  # nobody else's business
        typer.echo(json.dumps(told, ensure_ascii=False, indent=2, default=str))
    else:
        for name, words in _lines(found):
            typer.echo(f"{name:<11}{words}")
    raise typer.Exit(0 if found.ok else 1)


@database.command()
def upgrade(no_backup: NoBackup = False) -> None:
    """Bring the database to the revision that this program needs, after saving what is in it."""
    from server import data_folder, logs
    from server.operations.upgrade import upgrade

    settings = load()
    logs.configure(settings)
    with data_folder.held(settings):
        done = upgrade(settings, save_first=not no_backup)
    if done.saved:
        typer.echo(_saved(done.saved))
    moved = f"Revision {done.before or 'none'} → {done.after}."
    typer.echo(f"The database is at revision {done.after}." if done.before == done.after else moved)


@database.command()
def backup(
    path: Annotated[
        Path | None, typer.Argument(help="A new file or a folder; left out, backups/ in the data folder.")
    ] = None,
) -> None:
    """Save all that is in the database to a file. Servers may run."""
    from server.operations.backup import folder_of, save
    from server.operations.connecting import existing

    settings = load()
    with existing(settings, answer_seconds=None) as engine:
        typer.echo(_saved(save(engine, path or folder_of(settings))))


@database.command()
def restore(
    path: Annotated[Path, typer.Argument(help="A backup.")],
    replace: Annotated[bool, typer.Option("--replace", help="Also when the database is not empty.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    no_backup: NoBackup = False,
) -> None:
    """Put a backup into the database: all of it, or nothing. No server may run."""
    from server import data_folder, db, logs
    from server.operations.connecting import place
    from server.operations.restore import restore

    settings = load()
    logs.configure(settings)
    if replace and not yes:
        where = place(db.address(settings))
        typer.confirm(f"Replace all that is in the database {where} by {path}?", abort=True, err=True)
    with data_folder.held(settings):
        done = restore(settings, path, replace=replace, save_first=not no_backup)
    if done.replaced:
        typer.echo(f"What was there: {_saved(done.replaced)}")
    typer.echo(f"Restored {done.header.rows} rows of {done.header.made_at:%Y-%m-%d %H:%M:%S} UTC.")
    _tell_problems(settings)


@database.command()
def check() -> None:
    """Look for damage and for what does not fit together. Servers may run. Exit status 1 if there is any."""
    _tell_problems(load())


def _tell_problems(settings: Settings) -> None:
    from server.operations.integrity import problems

    found = problems(settings)
    for problem in found:
        typer.echo(problem)
    if not found:
        typer.echo("All that is in the database fits together.")
    raise typer.Exit(1 if found else 0)


def _saved(saved: Saved) -> str:
    size = saved.path.stat().st_size
    return f"Saved {saved.header.rows} rows to {saved.path} ({size} bytes)."


def _lines(found: Status) -> Iterator[tuple[str, str]]:
    yield "Database", f"{found.kind} at {found.place}" if found.kind else found.place
    if found.trouble:
        yield "Trouble", found.trouble
    if found.kind and not found.trouble:
        yield "Revision", found.revision or "none"
    for step in found.pending:
        yield "To be run", f"{step.revision}  {step.title}"
    if found.unfinished and found.running:
        work, revision = found.unfinished.work, found.unfinished.revision
        yield "Running", f"{work} of revision {revision}, since {found.unfinished.begun_at:%Y-%m-%d %H:%M:%S} UTC"
    elif found.unfinished:
        yield "Unfinished", str(found.unfinished)
    elif found.pending:
        yield "To do", "run `parley db upgrade`"
    for difference in found.drift.differences:
        yield "Differs", difference
    if found.drift.differences:
        yield "To do", "the tables are not as the migrations make them: somebody changed them by hand"
    for stranger in found.drift.strangers:
        yield "Unknown", f"the table {stranger} is not Parley's, and is left alone"
    if found.ok:
        yield "Good", "nothing is to be done"
