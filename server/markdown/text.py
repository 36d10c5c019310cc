"""The characters of a text before it is Markdown."""

from __future__ import annotations

import re

_UNFIT = re.compile(r"[\0\ud800-\udfff]")


def whole_text(text: str) -> str:
    """``text`` with ``\\n`` as its only line end, and U+FFFD for what no HTML document may hold."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _UNFIT.sub("\ufffd", text)


class TextJoiner:
    """Chunks of one text, each made whole so that together they are the whole text made whole."""

    def __init__(self) -> None:
        self._after_return = False

    def feed(self, chunk: str) -> str:
        if not chunk:
            return ""
        if self._after_return and chunk[0] == "\n":
            # The "\r" before it has been a line end already.
            self._after_return = False
            return self.feed(chunk[1:])
        self._after_return = chunk[-1] == "\r"
        return whole_text(chunk)
