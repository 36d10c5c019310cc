"""A zip that is written while it is read: it exists nowhere as a whole."""

from __future__ import annotations

import io
from collections.abc import Iterable
from datetime import datetime
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

FIRST, LAST = (1980, 1, 1, 0, 0, 0), (2107, 12, 31, 23, 59, 58)
"""What a zip can say."""


class Archive:
    def __init__(self) -> None:
        self._written = _Written()
        self._zip = ZipFile(self._written, "w", ZIP_DEFLATED)

    def add(self, name: str, moment: datetime, pieces: Iterable[bytes]) -> bytes:
        """Packs a file; gives what the archive has grown by."""
        about = ZipInfo(name, min(max(moment.timetuple()[:6], FIRST), LAST))
        about.compress_type = ZIP_DEFLATED
        with self._zip.open(about, "w") as file:
            for piece in pieces:
                file.write(piece)
        return self._written.take()

    def end(self) -> bytes:
        self._zip.close()
        return self._written.take()


class _Written(io.RawIOBase):
    """Where nothing can be looked up again: what was written is given away."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]
        self._pieces.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
