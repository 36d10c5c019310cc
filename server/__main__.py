"""The command ``parley``."""

from __future__ import annotations

import fcntl
import os
import sys
from typing import Annotated

import typer

from server import __version__
from server.errors import StartupError
from server.settings import Settings, load, make_data_folder

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A chat server for language models.",
)


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for any free one.", min=0, max=65535)] = None,
    migrate_first: Annotated[bool, typer.Option("--migrate", help="Bring the database up to date first.")] = False,
) -> None:
    """Serve until stopped."""
    from server import logs, serving

    settings = load(host=host, port=port)
    logs.configure(settings)
    make_data_folder(settings)
    if migrate_first:
        _migrate(settings)
    serving.serve(settings)


@cli.command()
def migrate() -> None:
    """Bring the database to the revision that this program needs."""
    before, after = _migrate(load())
    moved = f"Revision {before or 'none'} → {after}."
    typer.echo(f"The database is at revision {after}." if before == after else moved)


@cli.command()
def version() -> None:
    """Say which version this is."""
    typer.echo(__version__)


def _migrate(settings: Settings) -> tuple[str | None, str]:
    from server import db, migrations

    make_data_folder(settings)
    engine = db.engine_of(db.address(settings), tls=settings.database_tls)
    folder = os.open(settings.data_dir, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)  # those that start at once migrate one after the other
        return migrations.upgrade(engine)
    finally:
        os.close(folder)
        engine.dispose()


def main() -> None:
    """An error that somebody can mend is one line; any other keeps its traceback."""
    try:
        cli()
    except StartupError as error:
        typer.echo(f"parley: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
