"""A piece of a text around one place, in one line."""

from __future__ import annotations

import re
from collections.abc import Iterable

from server.search.clusters import clusters

CHARS = 160
LEAD = 50
"""Characters before the place, unless there are fewer after it than would fit."""
SIGHT = 1000
"""Characters of the text that are looked at on each side: most of them may be spaces."""
WORD = 15
"""So many characters are given up for not cutting a word."""
MORE = "…"
_MARKS = re.compile(
    r"""
      ^[ \t]*(?:```|~~~).*$              # the fences of code
    | ^[ \t]*(?:\#{1,6}[ ]|>[ ]?)        # headings, quotations
    | ^(?=[|: \t]*--)[|: \t-]+$          # the line below a table's head, and the one across a page
    | `+
    | (?<![A-Za-z0-9])\*\*(?!\s)        # but not what is a power: 2**8, 2 ** 8
    | (?<!\s)\*\*(?![A-Za-z0-9])
    """,
    re.MULTILINE | re.VERBOSE,
)
"""Of Markdown, what would only be in the way of the words. What can be part of them stays."""


def around(text: str, place: int, *, markdown: bool = False) -> str:
    """At most `CHARS` characters, and a mark where something is left out. Spaces and line ends are one space each.

    ``markdown``: without marks that say how the text looks.
    """
    before, after = text[max(0, place - SIGHT) : place], text[place : place + SIGHT]
    if markdown:
        before, after = _MARKS.sub("", before), _MARKS.sub("", after)
    head, tail = _line(before), _line(after)
    if before[-1:].isspace() and head and tail:
        head += " "
    start = _last(head, max(LEAD, CHARS - len(tail)), whole=place <= SIGHT)
    return start + _first(tail, CHARS - len(start), whole=place + SIGHT >= len(text))


def _line(text: str) -> str:
    return " ".join(text.split())


def _first(text: str, room: int, *, whole: bool) -> str:
    """The beginning, as long as ``room`` allows. ``whole``: nothing comes after ``text``."""
    if whole and len(text) <= room:
        return text
    shown = text[: _fitting(clusters(text), room - len(MORE))]
    space = shown.rfind(" ")
    return (shown[:space] if space > max(0, len(shown) - WORD) else shown) + MORE


def _last(text: str, room: int, *, whole: bool) -> str:
    """The end, as long as ``room`` allows. ``whole``: nothing comes before ``text``."""
    if whole and len(text) <= room:
        return text
    shown = text[len(text) - _fitting(reversed(list(clusters(text))), room - len(MORE)) :]
    space = shown.find(" ", 0, WORD)
    return MORE + (shown[space + 1 :] if 0 <= space < len(shown) - 1 else shown)


def _fitting(pieces: Iterable[str], room: int) -> int:
    """The length of as many pieces as there is room for."""
    length = 0
    for piece in pieces:
        if length + len(piece) > room:
            break
        length += len(piece)
    return length
