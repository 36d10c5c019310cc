"""mistune's block grammar, changed where it does not suit answers that grow."""

from __future__ import annotations

from re import Match

from mistune import BlockParser, BlockState

_HTML_RULES = ("block_html", "raw_html")


class Blocks(BlockParser):
    """Block rules of this application.

    - HTML is text like any other. The rules go altogether: an escaped comment would still swallow what follows it.
    - A heading is underlined by three characters or more. With one, "these:" followed by the first "-" of a list would
      be a heading for a moment of every answer.
    - A quote stands before what ended it. mistune puts it before the last token only, and a list that ends in a heading
      has made two.
    """

    def __init__(self) -> None:
        rules = [rule for rule in self.DEFAULT_RULES if rule not in _HTML_RULES]
        super().__init__(block_quote_rules=list(rules), list_rules=list(rules))
        self.rules = list(rules)
        # Lists and quotes ask for this one by name to see whether they end.
        self.specification["block_html"] = r"(?!)"
        self.specification["setex_heading"] = r"^ {0,3}(?P<setext_1>[=-])(?P=setext_1){2,}[ \t]*$"

    def parse_block_quote(self, m: Match[str], state: BlockState) -> int:
        before = len(state.tokens)
        end = super().parse_block_quote(m, state)
        quotes = [index for index in range(before, len(state.tokens)) if state.tokens[index]["type"] == "block_quote"]
        if quotes and quotes[-1] != before:
            state.tokens.insert(before, state.tokens.pop(quotes[-1]))
        return end
