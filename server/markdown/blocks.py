"""mistune's block grammar, changed where it does not suit answers that grow."""

from __future__ import annotations

import re
from re import Match
from typing import Any

from mistune import BlockParser, BlockState

_HTML_RULES = ("block_html", "raw_html")
_CONTAINER_RULES = ("block_quote", "list")


class Blocks(BlockParser):
    """Block rules of this application.

    - HTML is text like any other. The rules go altogether: an escaped comment would still swallow what follows it.
    - A heading is underlined by three characters or more. With one, "these:" followed by the first "-" of a list would
      be a heading for a moment of every answer.
    - A quote has its place before its end is sought. mistune reads what ends a quote first, so that a list there could
      continue the paragraph before the quote, and a heading that ends that list pushed the list before the quote.
    - A fence that nothing closes is ``unfinished``: more of it may come.
    """

    def __init__(self) -> None:
        rules = [rule for rule in self.DEFAULT_RULES if rule not in _HTML_RULES]
        super().__init__(block_quote_rules=list(rules), list_rules=list(rules))
        self.rules = list(rules)
        # Lists and quotes ask for this one by name to see whether they end.
        self.specification["block_html"] = r"(?!)"
        self.specification["setex_heading"] = r"^ {0,3}(?P<setext_1>[=-])(?P=setext_1){2,}[ \t]*$"

    def parse_block_quote(self, m: Match[str], state: BlockState) -> int:
        quote: dict[str, Any] = {"type": "block_quote", "children": []}
        state.append_token(quote)
        text, end, lazy_lines = self.extract_block_quote(m, state)
        child = state.child_state(text, lazy_line_starts=lazy_lines)
        deepest = state.depth() >= self.max_nested_level - 1
        self.parse(child, [rule for rule in self.block_quote_rules if not (deepest and rule in _CONTAINER_RULES)])
        quote["children"] = child.tokens
        return end or state.cursor

    def parse_fenced_code(self, m: Match[str], state: BlockState) -> int | None:
        end = super().parse_fenced_code(m, state)
        if end is not None:
            _, newline, last = state.src[m.end() : end].rstrip("\n").rpartition("\n")
            marks = m["fenced_2"]
            if not newline or not re.fullmatch(rf" {{0,3}}{marks[0]}{{{len(marks)},}}[ \t]*", last):
                state.tokens[-1].setdefault("attrs", {})["unfinished"] = True
        return end
