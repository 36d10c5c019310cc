"""How far a revision came on MySQL, so that another run can go on there.

MySQL commits before and after each statement that changes the schema, and each of these is done wholly or not at all
(MySQL 8.0, MariaDB 10.6). So right before such a statement it is noted, and committed with the rows that were changed
until then: its number in the revision, and what the schema looked like. Another run of the revision sends nothing
until it comes to that number. There the schema tells whether the statement was done, and from there on all is sent.

What this asks of migrations stands in ``docs/operations.md``: the same statements in the same order, whatever the
database holds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, cast

import pymysql
from sqlalchemy import Connection, event

from server.errors import StartupError
from server.migrations.mark import MARK, Reached

_LEAD = r"(?:\s|/\*.*?\*/|--[^\n]*\n)*"
_SCHEMA = re.compile(_LEAD + r"(?:ALTER|CREATE|DROP|RENAME|TRUNCATE|ANALYZE|OPTIMIZE)\b", re.IGNORECASE | re.DOTALL)
"""What commits by itself, as far as migrations have a use for it (MySQL 8.4 manual, 15.3.3)."""
_ROWS = re.compile(_LEAD + r"(?:INSERT|REPLACE|UPDATE|DELETE)\b", re.IGNORECASE | re.DOTALL)
_VERSION = re.compile(r"\balembic_version\b")
_COUNTER = re.compile(r" AUTO_INCREMENT=\d+")
_TRIGGERS = """SELECT trigger_name, action_timing, event_manipulation, action_statement
    FROM information_schema.triggers WHERE trigger_schema = DATABASE() ORDER BY 1"""
_ROUTINES = """SELECT routine_name, routine_definition
    FROM information_schema.routines WHERE routine_schema = DATABASE() ORDER BY 1"""
NOTHING = "DO 0"


@contextmanager
def kept(connection: Connection, reached: Reached) -> Iterator[None]:
    """Watches one revision being run on the connection, whose mark is set. ``reached``: how far an earlier run came.

    Raises StartupError when the migration is another one than that run's, as far as it came.
    """
    journal = _Journal(connection, reached)
    event.listen(connection, "before_cursor_execute", journal.before, retval=True)
    try:
        yield
    finally:
        event.remove(connection, "before_cursor_execute", journal.before)


class _Journal:
    def __init__(self, connection: Connection, reached: Reached) -> None:
        self._connection = connection
        self._earlier: Reached | None = reached if reached.number else None
        """How far the earlier run came, until this one has come as far."""
        self._number = 0
        self._done = ""

    def before(
        self, _connection: Connection, _cursor: object, statement: str, parameters: Any, _context: object, _many: bool
    ) -> tuple[str, Any]:
        """The statement and its parameters as they are to be sent."""
        if _VERSION.search(statement):
            if _ROWS.match(statement):
                self._end()
            return statement, parameters
        if _SCHEMA.match(statement):
            return (statement, parameters) if self._is_to_be_sent(statement) else (NOTHING, ())
        if self._earlier is not None and _ROWS.match(statement):
            return NOTHING, ()
        return statement, parameters

    def _is_to_be_sent(self, statement: str) -> bool:
        earlier, done, doing = self._earlier, self._done, _digest(statement)
        self._number += 1
        self._done = _digest(done + doing)
        if earlier is not None and self._number < earlier.number:
            return False
        schema = self._schema()
        if earlier is not None:
            self._earlier = None
            took_effect = schema != earlier.schema_before
            if done != earlier.done or (took_effect and doing != earlier.doing):
                raise _another_migration()
            if took_effect:
                return False
        self._ask(
            "UPDATE parley_unfinished SET reached = %s, done = %s, doing = %s, schema_before = %s",
            (self._number, done, doing, schema),
        )
        self._raw.commit()
        return True

    def _end(self) -> None:
        """The revision is about to be noted as reached: its mark goes in the same transaction."""
        if self._earlier is not None:
            raise _another_migration()
        self._ask("DELETE FROM parley_unfinished")

    def _schema(self) -> str:
        """SHA-256 of all that a statement can change, in the server's words."""
        told = []
        for name, kind in self._ask("SHOW FULL TABLES"):
            if name != MARK.name:
                created = self._ask(f"SHOW CREATE {'VIEW' if kind == 'VIEW' else 'TABLE'} `{name}`")[0][1]
                told.append(_COUNTER.sub("", created))
        told += [repr(row) for statement in (_TRIGGERS, _ROUTINES) for row in self._ask(statement)]
        return _digest("\n".join(told))

    def _ask(self, statement: str, parameters: Sequence[object] | None = None) -> Sequence[tuple[Any, ...]]:
        """Past SQLAlchemy, which would call the journal again."""
        with self._raw.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()

    @property
    def _raw(self) -> pymysql.Connection[pymysql.cursors.Cursor]:
        return cast("pymysql.Connection[pymysql.cursors.Cursor]", self._connection.connection.dbapi_connection)


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()


def _another_migration() -> StartupError:
    return StartupError(
        "The upgrade was begun by another version of this migration, and cannot go on from where that came: "
        "restore the backup that was made before it."
    )
