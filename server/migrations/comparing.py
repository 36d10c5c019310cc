"""How tables and models are compared, by ``alembic check`` and by ``parley db status``."""

from __future__ import annotations

from functools import cache
from typing import Any

from alembic.runtime.environment import NameFilterParentNames, NameFilterType
from sqlalchemy import Connection, Index, text

from server.migrations.mark import MARK


def options(connection: Connection) -> dict[str, Any]:
    """For Alembic. Left out is what belongs to no model: the mark of unfinished work, and SQLite's virtual tables."""

    @cache
    def left_out() -> set[str]:
        return {MARK.name, *virtual_tables(connection)}

    def is_compared(name: str | None, kind: NameFilterType, _parents: NameFilterParentNames) -> bool:
        return kind != "table" or name not in left_out()

    def is_made(item: object, *_: object) -> bool:
        """Alembic does not ask an index whether it is for this kind of database."""
        of_words = isinstance(item, Index) and item.dialect_options["mysql"]["prefix"] == "FULLTEXT"
        return not of_words or connection.dialect.name != "sqlite"

    return {"compare_server_default": True, "include_name": is_compared, "include_object": is_made}


def virtual_tables(connection: Connection) -> set[str]:
    """SQLite's, with the tables behind them: they hold what is made from others, such as an index of words."""
    if connection.dialect.name != "sqlite":
        return set()
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'")).all()
    virtual = [name for name, sql in rows if sql.upper().startswith("CREATE VIRTUAL")]
    return {name for name, _ in rows if name in virtual or name.startswith(tuple(f"{each}_" for each in virtual))}
