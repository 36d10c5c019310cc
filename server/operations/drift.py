"""What differs between the tables and the models.

Alembic's comparison, and what that does not see: the values that a CHECK allows, the precision of moments, collations,
engines of MySQL without transactions, and the index of words on SQLite.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import CheckConstraint, Column, Connection, Table, inspect, text
from sqlmodel import SQLModel

from server.migrations import comparing
from server.tables import SEARCH_INDEX

_LITERAL = re.compile(r"'([^']*)'")
_PRECISION = re.compile(r"DATETIME\((\d)\)")
_COLLATION = re.compile(r"COLLATE (\w+)")


@dataclass(slots=True)
class Drift:
    differences: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    """Tables that are not this program's. It leaves them alone."""


def drift(connection: Connection) -> Drift:
    """Of a database at this program's revision."""
    found = Drift()
    context = MigrationContext.configure(connection, opts=comparing.options(connection))
    for change in compare_metadata(context, SQLModel.metadata):
        if change[0] == "remove_table":
            found.strangers.append(change[1].name)
        else:
            found.differences.append(_words(change))
    present = set(inspect(connection).get_table_names())
    for table in SQLModel.metadata.sorted_tables:
        if table.name in present:
            found.differences += _checks(connection, table)
    found.differences += _sqlite(connection) if connection.dialect.name == "sqlite" else _mysql(connection)
    return found


def _words(change: Any) -> str:
    """A change that Alembic would make → what is wrong."""
    match change:
        case ("add_table", Table() as table):
            return f"the table {table.name} is missing"
        case ("add_column", _, table, Column() as column):
            return f"{table}.{column.name} is missing"
        case ("remove_column", _, table, Column() as column):
            return f"{table}.{column.name} is one column too many"
        case (("add_index" | "add_constraint" | "add_fk") as what, item):
            return f"{item.table.name} lacks the {_kind(what)} {item.name}"
        case (("remove_index" | "remove_constraint" | "remove_fk") as what, item):
            return f"{item.table.name} has the {_kind(what)} {item.name}, which the program does not know"
        case [("modify_nullable", _, table, column, _, _, wanted), *_]:
            return f"{table}.{column} {'may' if wanted else 'must not'} be NULL, by the program"
        case [(str() as what, _, table, column, _, existing, wanted), *_]:
            return f"{table}.{column}: {what.removeprefix('modify_')} is {existing}, and should be {wanted}"
    return str(change)


def _kind(what: str) -> str:
    return {"index": "index", "constraint": "constraint", "fk": "foreign key"}[what.partition("_")[2]]


def _checks(connection: Connection, table: Table) -> Iterator[str]:
    there = {check["name"]: check["sqltext"] for check in inspect(connection).get_check_constraints(table.name)}
    for constraint in table.constraints:
        if not isinstance(constraint, CheckConstraint):
            continue
        name = connection.dialect.identifier_preparer.format_constraint(constraint)
        wanted = str(constraint.sqltext.compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True}))
        if name not in there:
            yield f"{table.name} lacks the check {name}"
        elif {*_LITERAL.findall(wanted)} != {*_LITERAL.findall(there[name])}:
            yield f"{table.name}: the check {name} allows other values than the program writes"


def _sqlite(connection: Connection) -> Iterator[str]:
    """A table that a migration rebuilds loses its triggers."""
    rows = connection.execute(text("SELECT name, sql FROM sqlite_master"))
    made = {name: " ".join((sql or "").split()) for name, sql in rows}
    for name, statement in SEARCH_INDEX.items():
        if made.get(name) != " ".join(statement.split()):
            yield f"{name}, by which is searched, {'is missing' if name not in made else 'is made otherwise'}"


def _mysql(connection: Connection) -> Iterator[str]:
    query = """SELECT table_name, column_name, datetime_precision, collation_name
        FROM information_schema.columns WHERE table_schema = DATABASE()"""
    columns = {(row[0], row[1]): row for row in connection.execute(text(query))}
    for table in SQLModel.metadata.sorted_tables:
        for column in table.columns:
            row = columns.get((table.name, column.name))
            made = column.type.compile(dialect=connection.dialect)
            if row is None:
                continue
            if (wanted := _PRECISION.search(made)) and int(wanted[1]) != row[2]:
                yield f"{table.name}.{column.name} keeps {row[2]} digits of a second, and should keep {wanted[1]}"
            if (wanted := _COLLATION.search(made)) and wanted[1] != row[3]:
                yield f"{table.name}.{column.name} has the collation {row[3]}, and should have {wanted[1]}"
    engines = "SELECT table_name, engine FROM information_schema.tables WHERE table_schema = DATABASE()"
    for name, engine in connection.execute(text(engines)):
        if name in SQLModel.metadata.tables and engine != "InnoDB":
            yield f"the table {name} is kept by {engine}, which has no transactions; it should be InnoDB"
