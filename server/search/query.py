"""What somebody looks for, and where a text says it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from server.search import words
from server.search.clusters import clusters


@dataclass(frozen=True, slots=True)
class Query:
    """All of it has to be in a text. The last word may go on there: people look while they type."""

    phrases: tuple[str, ...]
    """Folded. Words and symbols, which stand alone, and runs of scripts without spaces."""
    terms: tuple[str, ...]
    """As the index writes them; of ``beginning`` the rest may follow."""
    beginning: str | None

    @classmethod
    def of(cls, asked: str) -> Query:
        pieces = list(words.pieces(words.fold(asked)))
        begins = bool(pieces) and not pieces[-1][1] and pieces[-1][0].isalnum()
        whole = pieces[:-1] if begins else pieces
        terms = (term for piece, is_run in whole for term in (words.parts(piece) if is_run else [piece]))
        return cls(
            phrases=tuple(dict.fromkeys(piece for piece, _ in pieces)),
            terms=tuple(words.written(term) for term in dict.fromkeys(terms)),
            beginning=words.written(pieces[-1][0]) if begins else None,
        )

    def place_in(self, text: str) -> int | None:
        """Where the longest phrase first stands; None when a phrase is not there.

        The index knows pairs of characters, and beginnings of very long words. Only the text has the whole.
        """
        folded = words.fold(text)
        if not all(phrase in folded for phrase in self.phrases):
            return None
        longest = max(self.phrases, key=len)
        at_a_word = re.search(rf"(?<![^\W_]){re.escape(longest)}", folded)
        start = at_a_word.start() if at_a_word else folded.index(longest)
        return _origin(text, start)


def _origin(text: str, place: int) -> int:
    """A place in the folded text → the one in the text that it was made of."""
    if text.isascii():
        return place
    at = 0
    for line in text.splitlines(keepends=True):
        length = len(words.fold(line))
        if place < length:
            return at + _origin_in_line(line, place)
        place -= length
        at += len(line)
    return at


def _origin_in_line(line: str, place: int) -> int:
    at = 0
    for cluster in clusters(line):
        place -= len(words.fold(cluster))
        if place < 0:
            return at
        at += len(cluster)
    return at
