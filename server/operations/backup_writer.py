"""Writes a backup: whole under its name, or not at all."""

from __future__ import annotations

import gzip
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from server.errors import StartupError
from server.operations.backup_format import End, Header, Sum, Table, stored

LEVEL = 6


class Writer:
    def __init__(self, file: BinaryIO, header: Header) -> None:
        self._file = file
        self._sum = sha256()
        self._rows = 0
        self._encoder = msgspec.json.Encoder()
        self._line(header)

    def table(self, name: str) -> None:
        self._line(Table(name))

    def rows(self, rows: Sequence[Sequence[Any]]) -> None:
        self._rows += len(rows)
        for row in rows:
            self._line([stored(value) for value in row])

    def end(self) -> None:
        self._line(End(Sum(self._rows, self._sum.hexdigest())))

    def _line(self, value: object) -> None:
        line = self._encoder.encode(value) + b"\n"
        self._sum.update(line)
        self._file.write(line)


@contextmanager
def writing(path: Path, header: Header) -> Iterator[Writer]:
    """A new file, which is there under its name once it is whole and on the disk. Only its owner may read it.

    Raises StartupError when there is one of that name, or it cannot be written.
    """
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        if path.exists():
            raise StartupError(f"{path} is there already, and is not overwritten.")
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as raw:
            try:
                with gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed:
                    writer = Writer(cast(BinaryIO, packed), header)
                    yield writer
                    writer.end()
                raw.flush()
                os.fsync(raw.fileno())
                _name(part, path)
            finally:
                part.unlink(missing_ok=True)
    except OSError as error:
        raise StartupError(f"The backup {path} cannot be written ({error.strerror or error}).") from error


def _name(part: Path, path: Path) -> None:
    """Gives the finished file its name, unless another has got that in the meantime, and keeps it over a power cut."""
    try:
        path.hardlink_to(part)
    except FileExistsError:
        raise StartupError(f"{path} is there already, and is not overwritten.") from None
    except OSError:  # not every file system has links
        part.rename(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
