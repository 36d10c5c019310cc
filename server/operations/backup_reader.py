"""Reads a backup, and knows whether it is as it was written."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, cast

import msgspec

from server.errors import StartupError
from server.operations.backup_format import FORMAT, LONGEST_LINE, End, Header, Row, Table, restored

BATCH_ROWS = 500
BATCH_BYTES = 1 << 20
"""Of its lines. What is sent to MySQL at once must stay below ``max_allowed_packet``, 16 MiB or more by default."""

T = TypeVar("T")


class Reader:
    """Raises StartupError as soon as something is not as it was written."""

    def __init__(self, path: Path, file: BinaryIO) -> None:
        self._path = path
        self._file = file
        self._sum = sha256()
        self._summed = ""
        self._row = msgspec.json.Decoder(list[Any])
        try:
            self.header = self._decoded(Header, self._line())
        except StartupError:
            raise StartupError(f"{path} is not a backup of Parley.") from None
        if self.header.parley_backup != FORMAT:
            raise StartupError(
                f"{path} is a backup in format {self.header.parley_backup}, and this program reads format {FORMAT}: "
                "upgrade Parley."
            )

    def batches(self) -> Iterator[tuple[str, list[Row]]]:
        """All rows, each batch of one table. That the file is whole is known when the last has been given."""
        total = 0
        line = self._line()
        for table, contents in self.header.tables.items():
            if self._decoded(Table, line).table != table:
                raise self._damaged()
            batch: list[Row] = []
            size = count = 0
            while (line := self._line()).startswith(b"["):
                batch.append(self._read(line, len(contents.columns)))
                size += len(line)
                count += 1
                if len(batch) == BATCH_ROWS or size >= BATCH_BYTES:
                    yield table, batch
                    batch, size = [], 0
            if batch:
                yield table, batch
            if count != contents.rows:
                raise self._damaged()
            total += count
        self._check_end(line, total)

    def _check_end(self, line: bytes, total: int) -> None:
        end = self._decoded(End, line).end
        if end.rows != total or end.sha256 != self._summed or self._line(last=True):
            raise self._damaged()

    def _read(self, line: bytes, columns: int) -> Row:
        try:
            row = [restored(value) for value in self._row.decode(line)]
        except (msgspec.MsgspecError, UnicodeDecodeError, ValueError, KeyError, TypeError) as error:
            raise self._damaged() from error
        if len(row) != columns:
            raise self._damaged()
        return row

    def _line(self, *, last: bool = False) -> bytes:
        try:
            line = self._file.readline(LONGEST_LINE)
        except (OSError, EOFError, zlib.error) as error:
            raise self._damaged() from error
        if not line.endswith(b"\n") and not last:
            raise self._damaged()
        if line.startswith(b'{"end"'):
            self._summed = self._sum.hexdigest()
        self._sum.update(line)
        return line

    def _decoded(self, kind: type[T], line: bytes) -> T:
        try:
            return msgspec.json.decode(line, type=kind)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise self._damaged() from error

    def _damaged(self) -> StartupError:
        return StartupError(f"The backup {self._path} is damaged or cut short. Nothing can be restored from it.")


@contextmanager
def reading(path: Path) -> Iterator[Reader]:
    try:
        file = gzip.open(path, "rb")  # noqa: SIM115 -- what follows closes it
    except OSError as error:
        raise StartupError(f"{path} cannot be read ({error.strerror}).") from error
    with file:
        yield Reader(path, cast(BinaryIO, file))
