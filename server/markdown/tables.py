"""Tables, forgiving in what a model writes and steady while it writes.

mistune's own table turns into a paragraph when one row has a cell too many or too few, as the last row of a growing
table always has, and tries every following line as the head of a new one.
"""

from __future__ import annotations

import re
from re import Match

from mistune import BlockParser, BlockState, Markdown

MAX_COLUMNS = 100
"""A wider table is a paragraph."""

_TABLE = (
    r"^ {0,3}(?P<table_head>(?! )[^\n|]*+\|[^\n]*+)\n"
    r" {0,3}(?P<table_rule>(?=[^\n]*\|)\|?[ \t]*:?-+:?[ \t]*(?:\|[ \t]*:?-+:?[ \t]*)*+\|?[ \t]*)(?:\n|\Z)"
)
# Without a leading pipe, a line may begin another block.
_ROW = re.compile(r" {0,3}(?! |>|#{1,6}[ \t]|```|~~~|[-+*][ \t]|\d{1,9}[.)][ \t])[^\n|]*+\|[^\n]*+(?:\n|\Z)")
_PIPE = re.compile(r"(?<!\\)\|")


def tables(md: Markdown) -> None:
    """A plugin for mistune: GitHub's tables, also in lists and quotes.

    A row that is too long is cut and one that is too short stays short: filled up, a kilobyte of rows could become a
    megabyte of cells.
    """
    block = md.block
    block.register("table", _TABLE, _parse_table)
    for rules in (block.list_rules, block.block_quote_rules):
        block.insert_rule(rules, "table")


def _parse_table(block: BlockParser, m: Match[str], state: BlockState) -> int | None:
    head = _cells(m["table_head"])
    aligns = [_align(cell) for cell in _cells(m["table_rule"])]
    if len(head) != len(aligns) or len(head) > MAX_COLUMNS:
        return None
    rows, end = [], m.end()
    while row := _ROW.match(state.src, end):
        rows.append({"type": "table_row", "children": _row(_cells(row[0]), aligns, head=False)})
        end = row.end()
    children = [{"type": "table_head", "children": _row(head, aligns, head=True)}]
    if rows:
        children.append({"type": "table_body", "children": rows})
    state.append_token({"type": "table", "children": children})
    return end


def _row(cells: list[str], aligns: list[str | None], *, head: bool) -> list[dict[str, object]]:
    return [
        {"type": "table_cell", "text": text, "attrs": {"align": align, "head": head}}
        for text, align in zip(cells, aligns, strict=False)
    ]


def _cells(line: str) -> list[str]:
    r"""The cells of a row. ``\|`` is a pipe inside a cell, also in code."""
    cells = [cell.strip().replace(r"\|", "|") for cell in _PIPE.split(line.strip())]
    if not cells[0]:
        del cells[0]
    if cells and not cells[-1]:
        del cells[-1]
    return cells


def _align(rule: str) -> str | None:
    if rule.endswith(":"):
        return "center" if rule.startswith(":") else "right"
    return "left" if rule.startswith(":") else None
