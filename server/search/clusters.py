"""Where a text may be cut: between what people see as characters, each of which may be made of several."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import category

JOINER = "\u200d"


def clusters(text: str) -> Iterator[str]:
    """The characters of a text, in order, each with all that belongs to it."""
    start = 0
    for at in range(1, len(text)):
        if not _belong(text[at - 1], text[at], alone=at - start == 1):
            yield text[start:at]
            start = at
    if text:
        yield text[start:]


def _belong(left: str, right: str, *, alone: bool) -> bool:
    """Whether two neighbours are one. ``alone``: ``left`` is the first of its cluster."""
    return (
        category(right)[0] == "M"
        or JOINER in (left, right)
        or "\u1160" <= right <= "\u11ff"  # vowels and ends of Korean syllables
        or "\U0001f3fb" <= right <= "\U0001f3ff"  # shades of skin
        or "\U000e0020" <= right <= "\U000e007f"  # which flag it is
        or (alone and _is_half_flag(left) and _is_half_flag(right))
        or left + right == "\r\n"
    )


def _is_half_flag(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"
