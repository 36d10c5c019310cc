"""Code blocks: highlighted where that is quick, and always with the name of their language."""

from __future__ import annotations

import re
from html import unescape

import pytest

from server.markdown import render_block
from server.markdown.code import HIGHLIGHTED, MAX_CODE, MAX_LINE, MAX_RUN, code_block


def test_highlighted_by_short_class_names() -> None:
    assert render_block("```python\nx = 1  # <b>\n```") == (
        '<pre><code class="language-python"><span class="n">x</span> <span class="o">=</span> '
        '<span class="mi">1</span>  <span class="c1"># &lt;b&gt;</span>\n</code></pre>\n'
    )


@pytest.mark.parametrize(
    ("info", "name"),
    [
        ("mermaid", "mermaid"),
        ("no-such-language", "no-such-language"),
        ("brainfuck", "brainfuck"),
        ("text title=x", "text"),
        ("Unknown", "unknown"),
        ('a"b<c', "a"),
    ],
)
def test_other_languages_stay_plain_and_keep_their_name(info: str, name: str) -> None:
    assert render_block(f"```{info}\ngraph <b>\n```") == (
        f'<pre><code class="language-{name}">graph &lt;b&gt;\n</code></pre>\n'
    )


@pytest.mark.parametrize("source", ["```\na < b\n```", "    a < b\n", "~~~\na < b\n~~~", "```中文\na < b\n```"])
def test_without_a_language(source: str) -> None:
    assert render_block(source).replace("\n", "") == "<pre><code>a &lt; b</code></pre>"


@pytest.mark.parametrize(
    ("source", "is_open"),
    [
        ("```python\nx = 1", True),
        ("```python\nx = 1\n``", True),
        ("````python\nx = 1\n```", True),
        ("~~~python\nx = 1\n```", True),
        ("```python", True),
        ("- ```python\n  x = 1\n", True),
        ("```python\nx = 1\n```", False),
        ("```python\nx = 1\n  `````  ", False),
        ("```python\n```", False),
        ("- ```python\n  x = 1\n  ```", False),
        ("> ~~~python\n> x = 1\n> ~~~", False),
        ("    x = 1", False),
    ],
)
def test_colours_come_when_the_fence_closes(source: str, is_open: bool) -> None:
    html = render_block(source)
    assert ('<pre class="open">' in html) == is_open
    assert not (is_open and "<span" in html)


def test_leading_and_trailing_lines_are_kept() -> None:
    html = code_block("\n\nx\n\n", "python")
    assert html == '<pre><code class="language-python">\n\n<span class="n">x</span>\n\n</code></pre>\n'


@pytest.mark.parametrize("language", sorted(HIGHLIGHTED))
def test_every_language_in_use_shows_the_code_as_it_is(language: str) -> None:
    code = '$ <a> b { "c": 1 } (d)\n# e\n\n// f &amp; 中文\n\tg = h;\n'
    html = code_block(code, language)
    assert language == "diff" or "<span" in html
    assert unescape(re.sub("<[^>]*>", "", html)) == code + "\n"


def test_a_lexer_that_loses_characters_is_not_used() -> None:
    assert code_block("no prompt", "console") == '<pre><code class="language-console">no prompt</code></pre>\n'


@pytest.mark.parametrize(
    ("inside", "outside"),
    [
        ("x = 1\n" * (MAX_CODE // 6), "x = 1\n" * (MAX_CODE // 6 + 1)),
        ("x=" * (MAX_LINE // 2) + "\n", "x=" * (MAX_LINE // 2 + 1) + "\n"),
        ("x=\n" + "y\n" * (MAX_RUN // 2 - 1), "x=\n" + "y\n" * (MAX_RUN // 2)),
    ],
)
def test_beyond_the_limits_code_is_plain(inside: str, outside: str) -> None:
    assert "<span" in code_block(inside, "python")
    assert "<span" not in code_block(outside, "python")


@pytest.mark.parametrize("language", ["markdown", "rst", "http"])
def test_no_lexer_that_takes_another_from_the_code_is_in_use(language: str) -> None:
    assert "<span" not in code_block("# x\n```gherkin\nx = 1\n```\n", language)
