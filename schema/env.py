"""Runs migrations on the engine that `server.migrations` hands over, or on the configured one from Alembic's CLI."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Literal

from alembic import context
from alembic.autogenerate.api import AutogenContext
from sqlalchemy import Connection
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString

from server import db, settings, tables
from server.migrations import comparing, foreign_keys


def render_item(kind: str, item: Any, autogen: AutogenContext) -> str | Literal[False]:
    """Writes the house's own types by their names."""
    if kind != "type":
        return False
    own = own_type(item)
    if own is not None:
        autogen.imports.add("from server import tables")
        return own
    if isinstance(item, AutoString):
        return f"sa.String(length={item.length})"
    return False


def own_type(item: Any) -> str | None:
    if isinstance(item, tables.UtcDateTime):
        return "tables.UtcDateTime()"
    if repr(item) == repr(tables.LONG_TEXT) and "mysql" in item._variant_mapping:
        return "tables.LONG_TEXT"
    named = next((name for name in ("ASCII_TEXT", "COUNTED") if item is getattr(tables, name)), None)
    if named is not None:
        return f"tables.{named}"
    variant = getattr(item, "_variant_mapping", {}).get("mysql")
    collation = getattr(variant, "collation", None)
    kinds = {"ascii_bin": "ascii_column", "utf8mb4_bin": "exact_column"}
    return f"tables.{kinds[collation]}({item.length})" if collation in kinds else None


def migrate(connection: Connection) -> None:
    """SQLite's batch mode drops and renames tables: with foreign keys the drop would empty those that refer to them."""
    sqlite = connection.dialect.name == "sqlite"
    with foreign_keys.off(connection) if sqlite else nullcontext():
        context.configure(
            connection=connection,
            target_metadata=SQLModel.metadata,
            render_as_batch=sqlite,
            render_item=render_item,
            transaction_per_migration=True,
            **comparing.options(connection),
        )
        with context.begin_transaction():
            context.run_migrations()


given: Connection | None = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with db.engine_for(settings.load()) as engine, engine.connect() as connection:
        migrate(connection)
