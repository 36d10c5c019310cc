"""The end of a process, as the database sees it, at the statement that a test chooses."""

from __future__ import annotations

from typing import Any

import pymysql
from sqlalchemy import Engine, event


class Died(BaseException):
    """What a process that is killed would not have the time to raise."""


class Death:
    """Cuts a MySQL connection before or after the statement of that number, counting those that change something.

    Of one engine, or of all that this process has.
    """

    def __init__(self, engine: Engine | type[Engine], number: int, *, after: bool, only: tuple[str, ...] = ()) -> None:
        self._engine, self._left, self._after = engine, number, after
        self._only = only or ("CREATE", "ALTER", "DROP", "INSERT", "UPDATE", "DELETE")

    def __enter__(self) -> None:
        event.listen(self._engine, "do_execute", self._execute)
        event.listen(self._engine, "do_executemany", self._execute)

    def __exit__(self, *_: object) -> None:
        event.remove(self._engine, "do_execute", self._execute)
        event.remove(self._engine, "do_executemany", self._execute)

    def _execute(self, cursor: Any, statement: str, parameters: Any, context: Any) -> bool:
        if not isinstance(cursor, pymysql.cursors.Cursor) or "parley_unfinished" in statement:
            return False
        if not statement.strip().startswith(self._only):
            return False
        self._left -= 1
        if self._left:
            return False
        if self._after:
            (cursor.executemany if context.executemany else cursor.execute)(statement, parameters)
        connection: Any = cursor.connection
        connection._force_close()  # without a word to the server
        raise Died
