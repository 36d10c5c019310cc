"""Migrations of a test's own, on a private copy of the schema folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, inspect, text

from server import migrations
from server.migrations import revisions

HEADER = '''"""{title}"""

import os
import signal

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = {after!r}


def upgrade() -> None:
'''

COUNTED = [
    'op.create_table("counted", sa.Column("id", sa.Integer(), primary_key=True), sa.Column("n", sa.Integer()))',
    'op.execute("INSERT INTO counted (id, n) VALUES (1, 0), (2, 10)")',
    'op.add_column("counted", sa.Column("word", sa.String(20)))',
    'op.execute("UPDATE counted SET n = n + 1")',
    """op.execute("UPDATE counted SET word = '你好 🦜' WHERE id = 2")""",
    'op.create_index("ix_counted_n", "counted", ["n"])',
    'op.execute("UPDATE counted SET n = n + 1")',
    'op.execute("DELETE FROM counted WHERE id = 1")',
    'op.execute("INSERT INTO counted (id, n) VALUES (3, 20)")',
]
RESULT = [(2, 12, "你好 🦜"), (3, 20, None)]
"""What is in the table after the first two statements and all others."""

mysql_alone = pytest.mark.parametrize("engine", [pytest.param("mysql", marks=pytest.mark.mysql)], indirect=True)


class Scratch:
    """``root`` holds what the program takes for its own folder. Its revisions stand in a row, the first on nothing."""

    def __init__(self, folder: Path, *, own: bool = False) -> None:
        """``own``: the program's own revisions come first."""
        self.root = folder / "program"
        shutil.copytree(revisions.ROOT / "schema", self.root / "schema", ignore=shutil.ignore_patterns("__pycache__"))
        shutil.copy(revisions.ROOT / "alembic.ini", self.root)
        self._versions = self.root / "schema" / "versions"
        self._last = revisions.head() if own else None
        self._after: dict[str, str | None] = {}
        if not own:
            for path in self._versions.glob("*.py"):
                path.unlink()

    def write(self, revision: str, *lines: str, title: str = "Something that a test needs.") -> None:
        """The next revision, or another text of one that is there."""
        if revision not in self._after:
            self._after[revision], self._last = self._last, revision
        text = HEADER.format(title=title, revision=revision, after=self._after[revision])
        (self._versions / f"{revision}.py").write_text(
            text + "".join(f"    {line}\n" for line in lines or ["pass"]), "utf-8"
        )
        shutil.rmtree(self._versions / "__pycache__", ignore_errors=True)  # it is trusted by the second


def rows(engine: Engine) -> list[tuple[Any, ...]]:
    with engine.connect() as connection:
        return [tuple(row) for row in connection.execute(text("SELECT id, n, word FROM counted ORDER BY id"))]


def tables(engine: Engine) -> dict[str, str]:
    """Each table of a MySQL database, as the server would make it again."""
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        return {name: connection.execute(text(f"SHOW CREATE TABLE {name}")).one()[1] for name in names}


def left(engine: Engine) -> migrations.Unfinished | None:
    with engine.connect() as connection:
        return migrations.unfinished(connection)
