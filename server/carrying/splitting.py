"""A JSON file of any size, an object at a time: the one that it is, or those in the list that it is.

Only where objects begin and end is looked at. What is in them their reader checks.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from server.errors import TooLarge, Unfit

PIECE = 1 << 18
MAX_OBJECT = 64 << 20
"""Bytes of one object, which is held in memory."""

_BETWEEN = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+', re.DOTALL)
"""Everything up to the next bracket outside a text, or to a text that has no end yet."""


def objects(read: Callable[[int], bytes], most: int | None = None) -> Iterator[bytes | TooLarge]:
    """TooLarge stands for an object longer than ``most``, and the next ones follow it.

    Raises Unfit where the file is no list and no object, or ends in the middle, and TooLarge for one endless text.
    """
    splitter = _Splitter(MAX_OBJECT if most is None else most)
    # As much again as was looked at in vain, so that a long text is not looked at a thousand times.
    while more := read(max(PIECE, splitter.waiting)):
        yield from splitter.feed(more)
    splitter.end()


class _Splitter:
    def __init__(self, most: int) -> None:
        self._most = most
        self._buffer = b""
        self._at = 0
        """All before it has been looked at."""
        self._begin: int | None = None
        """Of the present object in the buffer."""
        self._too_large = False
        self._depth = 0
        self._outer = 0
        """The depth at which objects are looked for: 1 in a list."""

    @property
    def waiting(self) -> int:
        return len(self._buffer) - self._at

    def feed(self, more: bytes) -> Iterator[bytes | TooLarge]:
        kept = self._at if self._begin is None else self._begin
        self._buffer = self._buffer[kept:] + more
        self._at -= kept
        self._begin = None if self._begin is None else 0
        while bracket := self._next():
            if bracket in b"[{":
                self._open(bracket)
            elif each := self._close(bracket):
                yield each
        if self.waiting > self._most:
            raise TooLarge(f"A single text in it is larger than {self._most >> 20} MB.")
        if self._begin is not None and len(self._buffer) > self._most + self._begin:
            self._begin, self._too_large = None, True

    def end(self) -> None:
        if self._depth != 0 or self.waiting:
            raise Unfit("damaged", "This file is no JSON, or ends in the middle.")

    def _next(self) -> bytes | None:
        """The next bracket; the place is behind it then."""
        between = _BETWEEN.match(self._buffer, self._at)
        self._at = between.end() if between else self._at
        bracket = self._buffer[self._at : self._at + 1]
        if bracket in (b"", b'"'):
            return None
        self._at += 1
        return bracket

    def _open(self, bracket: bytes) -> None:
        if self._depth == 0 and bracket == b"[":
            self._outer = 1
        elif self._depth == self._outer and bracket == b"{":
            self._begin = self._at - 1
        self._depth += 1

    def _close(self, bracket: bytes) -> bytes | TooLarge | None:
        self._depth -= 1
        if self._depth < 0:
            raise Unfit("damaged", "This is not JSON.")
        self._outer = min(self._outer, self._depth)
        if self._depth != self._outer or bracket != b"}":
            return None
        begin, self._begin = self._begin, None
        if self._too_large or (begin is not None and self._at - begin > self._most):
            self._too_large = False
            return TooLarge(f"It is larger than {self._most >> 20} MB.")
        return None if begin is None else self._buffer[begin : self._at]
