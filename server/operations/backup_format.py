"""The format of backups: lines of JSON, packed by gzip. The same for all kinds of database.

    {"parley_backup": 1, "program": "0.1.0", "revision": "0001", "engine": "sqlite", "made_at": "2026-11-20T20:00:00Z",
     "tables": {"users": {"columns": ["id", "email", …], "rows": 2}, …}}
    {"table": "users"}
    ["5d1f…", "ann@example.org", …]        one line per row, its values in the order of the columns
    …
    {"end": {"rows": 1234, "sha256": "…"}}  of all bytes before this line, unpacked

Tables stand so that each comes after those that it refers to. A value is what the driver of the database gives: null, a
number or a string. JSON columns are strings of JSON, booleans 0 and 1, moments ``YYYY-MM-DD HH:MM:SS.ffffff`` in UTC,
exact decimals strings, and bytes ``{"base64": "…"}``.
"""

from __future__ import annotations

import base64
import math
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import msgspec

from server.errors import StartupError

FORMAT = 1
LONGEST_LINE = 1 << 30
"""Bytes. MySQL takes a row of this size at most (``max_allowed_packet``)."""

Row = list[int | float | str | bytes | None]


class Contents(msgspec.Struct):
    """What there is of one table."""

    columns: list[str]
    rows: int


class Header(msgspec.Struct):
    parley_backup: int
    program: str
    revision: str
    engine: str
    made_at: datetime
    tables: dict[str, Contents]

    @property
    def rows(self) -> int:
        return sum(contents.rows for contents in self.tables.values())


class Table(msgspec.Struct, forbid_unknown_fields=True):
    table: str


class Sum(msgspec.Struct):
    rows: int
    sha256: str


class End(msgspec.Struct, forbid_unknown_fields=True):
    end: Sum


def stored(value: Any) -> object:
    """A driver's value as it is written."""
    if value is None or isinstance(value, str | int):
        return value
    if isinstance(value, float) and math.isfinite(value):
        return value
    if isinstance(value, datetime):
        return value.isoformat(" ", "microseconds")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise StartupError(f"A backup cannot hold a value of the type {type(value).__name__} ({value}).")


def restored(value: Any) -> Any:
    """What was written, as any driver takes it."""
    return base64.b64decode(value["base64"], validate=True) if isinstance(value, dict) else value
