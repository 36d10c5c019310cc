"""The text of an answer, piece by piece: made of whole characters, and split into thinking and answer."""

from __future__ import annotations

from typing import Literal

from server.llm.base import Delta, Part

_OPEN, _CLOSE = "<think>", "</think>"
_MAX_INDENT = 100
"""Characters of white space at the start of an answer that are held back for a tag that may follow."""


class CharacterJoiner:
    """Endpoints that cut text by UTF-16 units send a character in two halves, one per chunk. This joins them.

    A half that stays alone and NUL become U+FFFD: neither can be stored, and a lone half cannot even be sent.
    """

    def __init__(self) -> None:
        self._half = ""

    def feed(self, text: str) -> str:
        if not self._half and text.isascii():
            return text.replace("\0", "\ufffd")
        text, self._half = self._half + text, ""
        if "\ud800" <= text[-1:] <= "\udbff":
            text, self._half = text[:-1], text[-1]
        return whole_characters(text)

    def finish(self) -> str:
        half, self._half = self._half, ""
        return whole_characters(half)


def whole_characters(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace").replace("\0", "\ufffd")


class ThinkSplitter:
    """Takes ``<think>…</think>`` at the very start of an answer out as reasoning, wherever the chunks are cut.

    Only at the start, after nothing but white space: later it is text like any other, for people do write about it.
    White space around the tags belongs to neither part.
    """

    def __init__(self) -> None:
        self._phase: Literal["start", "thinking", "thought", "answer"] = "start"
        self._held = ""
        """Text that may yet turn out to be part of a tag, or of the white space around one."""
        self._reasoned = False

    def feed(self, text: str) -> list[Delta]:
        if self._phase == "answer":
            return _delta("answer", text)
        self._held += text
        deltas: list[Delta] = []
        if self._phase == "start":
            self._start()
        if self._phase == "thinking":
            deltas += self._think()
        if self._phase == "thought":
            self._held = self._held.lstrip()
            self._phase = "answer" if self._held else "thought"
        if self._phase == "answer":
            deltas += self.finish()
        return deltas

    def finish(self) -> list[Delta]:
        held, self._held = self._held, ""
        return _delta("reasoning" if self._phase == "thinking" else "answer", held)

    def _start(self) -> None:
        text = self._held.lstrip()
        if text.startswith(_OPEN):
            self._held = text.removeprefix(_OPEN)
            self._phase = "thinking"
        elif not _OPEN.startswith(text) or len(self._held) > _MAX_INDENT:
            self._phase = "answer"

    def _think(self) -> list[Delta]:
        thought, tag, rest = self._held.partition(_CLOSE)
        if tag:
            self._held = rest
            self._phase = "thought"
        else:
            held = next((n for n in range(len(_CLOSE) - 1, 0, -1) if thought.endswith(_CLOSE[:n])), 0)
            thought, self._held = thought[: len(thought) - held], thought[len(thought) - held :]
        if not self._reasoned:
            thought = thought.lstrip()
            self._reasoned = thought != ""
        return _delta("reasoning", thought)


def _delta(part: Part, text: str) -> list[Delta]:
    return [Delta(part, text)] if text else []
