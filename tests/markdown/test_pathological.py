"""Markdown made to be slow or deep ends soon, raises nothing and stays in proportion."""

from __future__ import annotations

import pytest

from server.markdown import render_blocks

SIZE = 20_000
MAX_GROWTH = 60
"""Characters of HTML for one of Markdown: an address of ten makes a link of a hundred that shows it again."""


def repeated(part: str) -> str:
    return (part * (SIZE // len(part) + 1))[:SIZE]


@pytest.mark.parametrize(
    "part",
    [
        *("a*", "*a ", "**a", "*a**b***c", "_a*b", "**：**中", "~~a", "~~ ", "`", "``a`"),
        *("[", "![", "[a](", "[a](<b", "[a][b]", "](", "[a\n", '[a](b "', "[![a](b)](c)", "[^a]"),
        *("<", "<a ", "<!--", "&", "&#", "\\", "https://a.b/(", "h", "<a@b."),
        *("\\(", "\\(a\\)", "\\[ \n", "\\[x\n", "$$", "$a", "$$a\n", "$$ \n"),
        *("- ", "- \n", "- a\n", "1. ", "> ", ">\n", "> - ", "- > ", "* * ", "- a\n\n", "- ```\n"),
        *("| ", "|\n", "a|b\n-|-\n", "-|-\n", "a | b\n", "```\n", "~~~\n\n", "#", "=\n", "a\n=\n"),
        *(" ", "\t", "\n", "a\n\n", "\u3000", "\u2028", "\x0c\n", "\r", "a", "中", "[x]: y\n", "[^x]: y\n"),
    ],
)
def test_repeated(part: str) -> None:
    text = repeated(part)
    assert len("".join(render_blocks(text))) < MAX_GROWTH * len(text)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("*a " * 10_000 + " b*" * 6_000, id="emphasis in emphasis"),
        pytest.param("*" * 20_000 + "a" + "*" * 20_000, id="one long run"),
        pytest.param("[" * 20_000 + "]" * 20_000, id="brackets"),
        pytest.param("[x]: https://a.b\n\n" + "[" * 20_000 + "]" * 19_000, id="brackets with a definition"),
        pytest.param("\\(" * 10_000 + "\\)" * 10_000, id="formulas in formulas"),
        pytest.param("\n".join(">" * depth + " a" for depth in range(280)), id="quotes"),
        pytest.param("".join("  " * depth + "- a\n" for depth in range(280)), id="lists"),
        pytest.param(">" * SIZE, id="quotes in one line"),
        pytest.param("|" * 20_000 + "\n" + "|-" * 10_000 + "|\n" + "|\n" * 5_000, id="wide table"),
        pytest.param("a|b\n" + "-|-\n" * 10_000 + "x|y|z\n", id="table of rules"),
        pytest.param("> a\n" + "b\n" * 20_000, id="lazy lines"),
        pytest.param("".join(f"[^{i}]" for i in range(3_000)) + "\n\n" + "[^1]: x\n" * 3_000, id="footnotes"),
    ],
)
def test_built(text: str) -> None:
    assert len("".join(render_blocks(text))) < MAX_GROWTH * len(text)


@pytest.mark.parametrize(("marker", "tag"), [("> ", "<blockquote>"), ("- ", "<ul>"), ("> - ", "<ul>")])
def test_nesting_ends_at_twenty(marker: str, tag: str) -> None:
    html = "".join(render_blocks(marker * 500 + "a"))
    assert 0 < html.count(tag) <= 20
    assert html.count("</li>") + html.count("</blockquote>") <= 20
