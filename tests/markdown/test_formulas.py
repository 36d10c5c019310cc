"""Formulas reach the client as TeX that nothing has touched; prices are not formulas."""

from __future__ import annotations

import pytest

from server.markdown import render_block


def inline(tex: str) -> str:
    return f'<span class="math inline">{tex}</span>'


@pytest.mark.parametrize(
    ("source", "html"),
    [
        (r"\(a_1 * b_2 * c\)", inline("a_1 * b_2 * c")),
        (r"\( a < b \& c \)", inline(r"a &lt; b \&amp; c")),
        (r"see \(x\), \(y\).", f"see {inline('x')}, {inline('y')}."),
        (r"mid \[x_1\] line", 'mid <span class="math block">x_1</span> line'),
        ("mid $$x_1$$ line", 'mid <span class="math block">x_1</span> line'),
        ("$x$", inline("x")),
        (r"$\alpha_1$ and $f(x)$", rf"{inline(chr(92) + 'alpha_1')} and {inline('f(x)')}"),
        ("the $n$th", f"the {inline('n')}th"),
        ("the $n^2$th", f"the {inline('n^2')}th"),
        ("设$x = 1$为", f"设{inline('x = 1')}为"),
        ("$a, b$ and $x - y$", f"{inline('a, b')} and {inline('x - y')}"),
        ("$x_1$-axis", f"{inline('x_1')}-axis"),
        (r"**\(x\)：**后", f"<strong>{inline('x')}：</strong>后"),
    ],
)
def test_inline(source: str, html: str) -> None:
    assert render_block(source) == f"<p>{html}</p>\n"


@pytest.mark.parametrize(
    "text",
    [
        "$5 and $10",
        "costs $20, not $30",
        "US$5, A$6",
        "between $5-$10",
        "a 5$ or 6$ coin",
        "$5 or less, 10$ at most",
        "$HOME/bin:$PATH",
        "$AAPL and $TSLA",
        "$AAPL/$TSLA",
        "$100，大约700元$",
        "$ x $",
        "a $$$ restaurant, or $$$",
        "$1,000 in cash + $2",
    ],
)
def test_prices_and_names_are_text(text: str) -> None:
    assert render_block(text) == f"<p>{text}</p>\n"


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (r"f\(x", "f(x"),
        (r"\[x", "[x"),
        (r"\\(x\\)", r"\(x\)"),
        (r"\*\(x\)", f"*{inline('x')}"),
        (r"\[not a link\](x", '<span class="math block">not a link</span>(x'),
        (r"`\(x\)` `$x$`", r"<code>\(x\)</code> <code>$x$</code>"),
        (r"\$x\$", "$x$"),
        (r"\(\)", "()"),
    ],
)
def test_escapes_stay_escapes(source: str, text: str) -> None:
    html = render_block(source)
    assert html == f"<p>{text}</p>\n" or html == text


@pytest.mark.parametrize(
    ("source", "tex"),
    [
        ("$$x_1 * y_2 * z$$", "x_1 * y_2 * z"),
        ("$$\nx\n$$", "x"),
        ("\\[\n\\begin{a}\n1 & 2 \\\\\n*3*\n\\end{a}\n\\]", "\\begin{a}\n1 &amp; 2 \\\\\n*3*\n\\end{a}"),
        ("\\[ x = \n- 1 \\]", "x = \n- 1"),
    ],
)
def test_block(source: str, tex: str) -> None:
    assert render_block(source) == f'<div class="math block">{tex}</div>\n'


def test_block_between_lines_of_text_in_lists_and_in_quotes() -> None:
    block = '<div class="math block">x</div>\n'
    assert render_block("so\n\\[\nx\n\\]\nis") == f"<p>so</p>\n{block}<p>is</p>\n"
    assert render_block("- so\n  $$\n  x\n  $$") == f"<ul>\n<li>so{block}</li>\n</ul>\n"
    assert render_block("> $$x$$") == f"<blockquote>\n{block}</blockquote>\n"


def test_a_growing_formula_is_a_formula_until_the_next_blank_line() -> None:
    assert render_block("\\[\na_1 * b_2 *") == '<div class="math block">a_1 * b_2 *</div>\n'
    assert render_block("$$\na\n\nb") == '<div class="math block">a</div>\n<p>b</p>\n'
    assert render_block("$$\n\na $$") == "<p>$$</p>\n<p>a $$</p>\n"
    assert render_block("$$ is *money*\n\na $$") == "<p>$$ is <em>money</em></p>\n<p>a $$</p>\n"
    assert render_block("$$ is *money*") == "<p>$$ is <em>money</em></p>\n"
