"""Tables: GitHub's, steady while their last row is being written."""

from __future__ import annotations

import pytest

from server.markdown import render_block
from server.markdown.tables import MAX_COLUMNS

HEAD = "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n"


def rows(*cells: list[str]) -> str:
    lines = "".join("<tr>\n" + "".join(f"<td>{cell}</td>\n" for cell in row) + "</tr>\n" for row in cells)
    return f"{HEAD}<tbody>\n{lines}</tbody>\n</table>\n"


def test_alignment_is_an_attribute() -> None:
    assert render_block("a | b | c\n:-- | :-: | --:\n1 | 2 | 3") == (
        '<table>\n<thead>\n<tr>\n<th align="left">a</th>\n<th align="center">b</th>\n<th align="right">c</th>\n'
        '</tr>\n</thead>\n<tbody>\n<tr>\n<td align="left">1</td>\n<td align="center">2</td>\n'
        '<td align="right">3</td>\n</tr>\n</tbody>\n</table>\n'
    )


@pytest.mark.parametrize(
    ("source", "cells"),
    [
        ("| 1 | 2 |\n", [["1", "2"]]),
        ("| 1 | **2**\n| 3", [["1", "<strong>2</strong>"], ["3"]]),
        ("| 1 | 2 | 3 |", [["1", "2"]]),
        (r"| `x\|y` | \| |", [["<code>x|y</code>", "|"]]),
        ("| | 2 |", [["", "2"]]),
        ("|", [[]]),
    ],
)
def test_rows(source: str, cells: list[list[str]]) -> None:
    assert render_block("| a | b |\n|---|---|\n" + source) == rows(*cells)


def test_head_alone_is_a_table() -> None:
    assert render_block("| a | b |\n|---|---|") == HEAD + "</table>\n"


@pytest.mark.parametrize(
    ("after", "html"),
    [
        ("text", "<p>text</p>\n"),
        ("- x | y", "<ul>\n<li>x | y</li>\n</ul>\n"),
        ("> x | y", "<blockquote>\n<p>x | y</p>\n</blockquote>\n"),
        ("# x | y", "<h1>x | y</h1>\n"),
    ],
)
def test_what_ends_a_table(after: str, html: str) -> None:
    assert render_block("| a | b |\n|---|---|\n| 1 | 2 |\n" + after) == rows(["1", "2"]) + html


def test_in_lists_and_quotes() -> None:
    assert "<li><p>x</p>\n<table>" in render_block("- x\n\n  | a | b |\n  |---|---|\n  | 1 | 2 |")
    assert "<blockquote>\n<table>" in render_block("> | a | b |\n> |---|---|\n> | 1 | 2 |")


@pytest.mark.parametrize("source", ["| a | b |\n|---|", "| a | b |\n| 1 | 2 |", "a\n---|---", "    | a |\n    |---|"])
def test_no_table(source: str) -> None:
    assert "<table>" not in render_block(source)


def test_too_many_columns_are_no_table() -> None:
    wide = "|a" * MAX_COLUMNS + "|\n" + "|-" * MAX_COLUMNS + "|\n"
    assert "<table>" in render_block(wide)
    assert "<table>" not in render_block("|a" + wide.replace("\n", "\n|-", 1))
