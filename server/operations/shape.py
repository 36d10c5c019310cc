"""Which tables a revision has. What else is in the database belongs to somebody else, and is left alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, MetaData, Table, create_engine, exists, inspect, select, table, text

from server import migrations
from server.migrations.comparing import virtual_tables


def tables_at(revision: str) -> list[Table]:
    """As the migrations make them on SQLite, each after those that it refers to."""
    with _scratch() as connection:
        migrations.upgrade_to(connection, revision)
        metadata = MetaData()
        metadata.reflect(connection, only=_plain_tables(connection))
    return metadata.sorted_tables


def all_names() -> set[str]:
    """Of the tables that this program or an earlier one made."""
    names = set()
    with _scratch() as connection:
        for step in migrations.steps():
            migrations.upgrade_to(connection, step.revision)
            names.update(_plain_tables(connection))
    return names


def holds_rows(connection: Connection, revision: str) -> bool:
    queries = (select(exists(select(text("1")).select_from(table(made.name)))) for made in tables_at(revision))
    return any(connection.scalar(query) for query in queries)


@contextmanager
def _scratch() -> Iterator[Connection]:
    """An empty database in memory."""
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def _plain_tables(connection: Connection) -> list[str]:
    others = {"alembic_version", *virtual_tables(connection)}
    return [name for name in inspect(connection).get_table_names() if name not in others]
