"""The command ``parley``."""

from __future__ import annotations

import signal
import sys
from types import FrameType
from typing import Annotated

import typer

from server import __version__
from server.commands.database import database
from server.commands.doctor import doctor
from server.errors import StartupError
from server.settings import load

cli = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="A chat server for language models.",
)
cli.add_typer(database, name="db")
cli.command()(doctor)


@cli.command()
def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; 0.0.0.0 for all.")] = None,
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 for any free one.", min=0, max=65535)] = None,
    workers: Annotated[int | None, typer.Option(help="Processes; several need MySQL and Redis.", min=1)] = None,
    migrate_first: Annotated[bool, typer.Option("--migrate", help="Bring the database up to date first.")] = False,
) -> None:
    """Serve until stopped."""
    from server import fleet, logs, serving

    signal.signal(signal.SIGTERM, _leave)
    settings = load(host=host, port=port, workers=workers)
    logs.configure(settings)
    (serving if settings.workers == 1 else fleet).serve(settings, migrate_first=migrate_first)


@cli.command(hidden=True)
def work(
    host: Annotated[str, typer.Option()],
    port: Annotated[int, typer.Option()],
    ready: Annotated[int, typer.Option(help="Descriptor to say on that it serves.")],
    life: Annotated[int, typer.Option(help="Descriptor whose end is the end.")],
) -> None:
    """Serve as one of several processes, which `serve` starts."""
    from server import fleet, logs

    settings = load(host=host, port=port)
    logs.configure(settings)
    fleet.work(settings, ready, life)


@cli.command()
def version() -> None:
    """Say which version this is."""
    typer.echo(__version__)


def _leave(_number: int, _frame: FrameType | None) -> None:
    """Until the server itself listens to signals. Without it, the first process of a container could not be ended while
    it waits for the database: there the system ignores a signal that nobody asked for.
    """
    sys.exit(0)


def main() -> None:
    """An error that somebody can mend is one line; any other keeps its traceback."""
    try:
        cli()
    except StartupError as error:
        typer.echo(f"parley: {error}", err=True)
        sys.exit(2)


if __name__ == "__main__":
    main()
