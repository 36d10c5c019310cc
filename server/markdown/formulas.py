r"""Formulas: ``\( \)``, ``\[ \]``, ``$$ $$``, and ``$ $`` where it cannot be a price.

Their TeX is taken from the source before any other rule reads it, and given to the client as inert text, which KaTeX
replaces in the browser: ``<span class="math inline">`` in a line, ``<div class="math block">`` on lines of its own,
and ``<span class="math block">`` for a displayed formula in the middle of a line, where no ``div`` can be.
"""

from __future__ import annotations

import re
from re import Match

from mistune import BlockParser, BlockState, InlineParser, InlineState, Markdown

MAX_FORMULA = 10_000
"""Characters. What is longer is no formula; it bounds the search for an end that never comes."""

_CLOSERS = {"$$": "$$", "\\[": "\\]", "\\(": "\\)"}
_END = re.compile(r"\n(?:[ \t\v\f]*\n| {0,3}(?:```|~~~))")
_DOLLARS = r"\$(?P<dollars_tex>(?!\s)(?:[^\n$\\]|\\[^\n]){1,300})\$"

_SIGN = re.compile(r"\\[A-Za-z{}]|[\^_=<>{}]")
_TEX = re.compile(r"[\\^]")
_AMOUNT = re.compile(r"\d[\d.,]*\s*[A-Za-z]{2}")
_SPACE = re.compile(r"\s")
_WORD = re.compile(r"[A-Za-z]{2}|[^\x00-\x7f]")


def formulas(md: Markdown) -> None:
    """A plugin for mistune."""
    block, inline = md.block, md.inline
    block.register("block_math", r"^ {0,3}(?P<math_open>\$\$|\\\[)", _parse_block, before="list")
    for rules in (block.list_rules, block.block_quote_rules):
        block.insert_rule(rules, "block_math", before="list")
    # mistune's rule would take "\(" too where another escape precedes it.
    inline.specification["escape"] = inline.specification["escape"].replace(r"(?:\\", r"(?:\\(?![(\[])")
    inline.register("bracket_math", r"\\[(\[]", _parse_brackets, before="escape", start_chars="\\")
    inline.register("display_math", r"\$\$+", _parse_double_dollars, before="codespan", start_chars="$")
    inline.register("dollar_math", _DOLLARS, _parse_dollars, before="codespan", start_chars="$")


def _parse_block(block: BlockParser, m: Match[str], state: BlockState) -> int | None:
    """A formula on lines of its own. It ends before the next blank line, so that no formula ever spans a cut.

    An opener alone on its line need not be closed: that is how a growing formula looks.
    """
    source, start = state.src, m.end()
    limit = min(start + MAX_FORMULA, len(source))
    close = source.find(_CLOSERS[m["math_open"]], start, limit)
    alone = not source[start : state.find_line_end_at(start)].strip()
    if close < 0 and not alone:
        return None
    if end := _END.search(source, start, limit if close < 0 else close):
        close, limit = -1, end.start()
    after = close + 2 if close >= 0 else limit
    line_end = state.find_line_end_at(after)
    tex = source[start : close if close >= 0 else limit].strip()
    if not tex or (close < 0 and not alone) or source[after:line_end].strip():
        return None
    state.append_token({"type": "block_math", "raw": tex})
    return line_end


def _parse_brackets(inline: InlineParser, m: Match[str], state: InlineState) -> int:
    close = state.delimiters.find(_CLOSERS[m[0]], m.end())
    tex = state.src[m.end() : close].strip() if close is not None else ""
    if close is None or not tex or len(tex) > MAX_FORMULA:
        inline.process_text(m[0][1], state, parse_emphasis=False)
        return m.end()
    state.append_token({"type": "inline_math" if m[0] == "\\(" else "display_math", "raw": tex})
    return close + 2


def _parse_double_dollars(inline: InlineParser, m: Match[str], state: InlineState) -> int:
    close = state.delimiters.find("$$", m.end())
    tex = state.src[m.end() : close].strip() if close is not None else ""
    if close is None or len(m[0]) > 2 or not _is_formula(tex):
        inline.process_text(m[0], state)
        return m.end()
    state.append_token({"type": "display_math", "raw": tex})
    return close + 2


def _parse_dollars(inline: InlineParser, m: Match[str], state: InlineState) -> int | None:
    tex = m["dollars_tex"]
    before, after = m.string[m.start() - 1 : m.start()], m.string[m.end() : m.end() + 1]
    if tex[-1].isspace() or before == "$" or after == "$" or _is_ascii_word(before):
        return None
    if _is_ascii_word(after) and (after.isdigit() or not (len(tex) == 1 or _TEX.search(tex))):
        return None
    if not _is_formula(tex):
        return None
    state.append_token({"type": "inline_math", "raw": tex})
    return m.end()


def _is_ascii_word(char: str) -> bool:
    return char.isascii() and char.isalnum()


def _is_formula(tex: str) -> bool:
    """Whether ``tex`` between dollars is one, rather than words between two prices."""
    if not tex or len(tex) > MAX_FORMULA:
        return False
    if "\\" not in tex and _AMOUNT.match(tex):
        return False
    if _SIGN.search(tex):
        return True
    return not _WORD.search(tex) if _SPACE.search(tex) else tex.isascii()
