"""A growing text as rendered blocks."""

from __future__ import annotations

from server.markdown.render import render_block
from server.markdown.split import Splitter
from server.markdown.text import TextJoiner


class BlockStream:
    """A text that comes in chunks, as HTML blocks that can be shown while it grows.

    ``render`` may be called at any time and as often as wanted. A block before the last cut is rendered once and is
    the same object in every later result; only the open tail is rendered anew. When the definition of a link or a
    footnote comes up, there is a single block from then on, rendered whole.
    """

    def __init__(self, prefix: str = "") -> None:
        self._prefix = prefix
        self._joiner = TextJoiner()
        self._splitter = Splitter()
        self._fed: list[str] = []
        self._pieces: list[str] = []
        """The source before the last cut, kept in case a definition makes it one."""
        self._rendered = 0
        """How many of the pieces are rendered."""
        self._closed: list[str] = []
        """Their HTML; a piece of blank lines has none."""
        self._blocks: tuple[str, ...] = ()
        self._tail_chars = 0

    def feed(self, text: str) -> None:
        """Appends ``text``, whatever its size and however its characters are split. Nothing is rendered yet."""
        if whole := self._joiner.feed(text):
            self._fed.append(whole)
            self._tail_chars += len(whole)

    def render(self) -> tuple[str, ...]:
        """The blocks of all the text so far."""
        if self._fed:
            self._pieces += self._splitter.feed("".join(self._fed))
            self._fed.clear()
            self._blocks = self._render_whole() if self._splitter.has_definitions else self._render_pieces()
        return self._blocks

    @property
    def tail_chars(self) -> int:
        """Characters that the next ``render`` will read if there is anything new: the open tail and what came since."""
        return self._tail_chars

    def _render_pieces(self) -> tuple[str, ...]:
        for piece in self._pieces[self._rendered :]:
            if html := render_block(piece, self._prefix):
                self._closed.append(html)
        self._rendered = len(self._pieces)
        self._tail_chars = len(self._splitter.open)
        tail = render_block(self._splitter.open, self._prefix)
        return (*self._closed, tail) if tail else tuple(self._closed)

    def _render_whole(self) -> tuple[str, ...]:
        source = "".join(self._pieces) + self._splitter.open
        self._tail_chars = len(source)
        html = render_block(source, self._prefix)
        return (html,) if html else ()


def render_blocks(text: str, prefix: str = "") -> tuple[str, ...]:
    """The blocks of a whole text: what a ``BlockStream`` makes of it, in whatever chunks it comes."""
    stream = BlockStream(prefix)
    stream.feed(text)
    return stream.render()
