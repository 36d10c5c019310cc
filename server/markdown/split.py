"""Where a growing text can be cut, so that no later text changes what stands before the cut."""

from __future__ import annotations

import re

_BLANK = re.compile(r"[ \t\v\f]*\n")
# After a blank line, at the left edge: any character that neither continues a list nor is white space ends whatever is
# open. (An ideographic space indents Chinese paragraphs and means nothing here.) Digits and asterisks may be a list's.
_START = re.compile(r"[^\s*+\-\d]|\u3000|\*\*[^\s*]|\d{1,9}[^\d.)\n]")
_RULE = re.compile(r" {0,3}(?:(?:-[ \t]*){3,}|(?:\*[ \t]*){3,}|(?:_[ \t]*){3,})\n")
_FENCE = re.compile(r"(?P<indent> {0,3})(?P<marks>`{3,}(?=[^`\n]*\n)|~{3,})(?P<info>[^\n]*)\n")
_ITEM = re.compile(r"(?P<marker> {0,3}(?:[-+*]|\d{1,9}[.)]))(?P<gap> +|\t|(?=\n))")
_ENDS_ITEM = re.compile(r" {0,3}(?:#{1,6}[ \t\n]|>)")
_DEFINITION = re.compile(r"(?:[ \t>]|[-+*][ \t]|\d{1,9}[.)][ \t]){0,40}\[(?:[^\\\[\]\n]|\\[^\n]){1,999}\]:")


class Splitter:
    """Cuts a text into pieces that can be rendered one by one, as it comes.

    Where the cuts are depends on the text alone: a line that is not complete yet is cut off only if its first
    characters decide it. A definition (of a link or a footnote) can change anything before it, so with
    ``has_definitions`` the pieces mean nothing and the text must be rendered whole.
    """

    def __init__(self) -> None:
        self.open = ""
        """The text since the last cut."""
        self.has_definitions = False
        self._line = 0
        """Where in ``open`` the line begins that is not complete."""
        self._after_blank = True
        self._fence = ""
        """The marks that opened the code block in which the text is; empty outside."""
        self._item_indent: int | None = None
        """The column at which the text of the current list item begins; None outside lists."""

    def feed(self, text: str) -> list[str]:
        """The pieces that ``text`` closes: what was open before, up to the last cut in ``text``."""
        source, line, cut = self.open + text, self._line, 0
        pieces = []
        while line < len(source):
            end = source.find("\n", line) + 1
            if line > cut and self._starts_anew(source, line):
                pieces.append(source[cut:line])
                cut = line
            if not self._fence and _DEFINITION.match(source, line):
                self.has_definitions = True
            if not end:
                break
            if self._pass_line(source, line, end):
                pieces.append(source[cut:end])
                cut = end
            line = end
        self.open, self._line = source[cut:], line - cut
        return pieces

    def _starts_anew(self, source: str, line: int) -> bool:
        if not self._after_blank or self._fence:
            return False
        return bool(_START.match(source, line) or (source[line] != " " and _RULE.match(source, line)))

    def _pass_line(self, source: str, line: int, end: int) -> bool:
        """Takes note of a complete line. True if it closes a code block, after which everything is new."""
        fence = _FENCE.match(source, line, end)
        if self._fence:
            closes = fence and fence["marks"].startswith(self._fence) and not fence["info"].strip(" \t")
            if closes:
                self._fence, self._after_blank = "", True
            return bool(closes)
        if _BLANK.match(source, line, end):
            self._after_blank = True
            return False
        # What is indented as far as the text of a list item belongs to it: a code block there ends with the item.
        indent = _indent(source, line)
        if self._item_indent is None or indent < self._item_indent:
            if fence:
                self._fence, self._item_indent = fence["marks"], None
            elif _ENDS_ITEM.match(source, line, end) or _RULE.match(source, line, end):
                self._item_indent = None
            elif item := _ITEM.match(source, line, end):
                self._item_indent = len(item[0]) if len(item["gap"]) <= 4 else len(item["marker"]) + 1
            elif self._after_blank:
                self._item_indent = None
        self._after_blank = False
        return False


def _indent(source: str, line: int) -> int:
    """Columns of white space before the first character of a line."""
    column = 0
    for char in source[line : line + 40]:
        if char not in " \t":
            break
        column += 1 if char == " " else 4 - column % 4
    return column
