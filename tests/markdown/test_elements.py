"""What each piece of Markdown becomes, to the byte."""

from __future__ import annotations

import pytest

from server.markdown import render_block, render_blocks

LEAVES = 'target="_blank" rel="noopener noreferrer nofollow"'


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("# One\n### Three", "<h1>One</h1>\n<h3>Three</h3>\n"),
        ("Title\n===\n", "<h1>Title</h1>\n"),
        ("one\ntwo  \nthree", "<p>one\ntwo<br>\nthree</p>\n"),
        ("> quoted\n> more", "<blockquote>\n<p>quoted\nmore</p>\n</blockquote>\n"),
        ("a\n\n---\n", "<p>a</p>\n<hr>\n"),
        ("3. c\n4. d", '<ol start="3">\n<li>c</li>\n<li>d</li>\n</ol>\n'),
        ("- a\n  - b", "<ul>\n<li>a<ul>\n<li>b</li>\n</ul>\n</li>\n</ul>\n"),
        ("~~gone~~", "<p><del>gone</del></p>\n"),
        ("`<b> &copy;`", "<p><code>&lt;b&gt; &amp;copy;</code></p>\n"),
        ("", ""),
        (" \n\n", ""),
    ],
)
def test_common_markdown(source: str, html: str) -> None:
    assert render_block(source) == html


def test_task_list_cannot_be_ticked() -> None:
    box = '<input class="task-list-item-checkbox" type="checkbox" '
    assert render_block("- [ ] open\n- [x] done") == (
        f'<ul>\n<li class="task-list-item">{box}disabled="">open</li>\n'
        f'<li class="task-list-item">{box}checked="" disabled="">done</li>\n</ul>\n'
    )


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("&copy; 2024", "©&nbsp;2024".replace("&nbsp;", " ")),
        ("&amp;lt;", "&amp;lt;"),
        ("AT&T, a&b;", "AT&amp;T, a&amp;b;"),
        ("&lt;b&gt;", "&lt;b&gt;"),
        ("&#60;script&#62;", "&lt;script&gt;"),
        (r"\&copy;", "&amp;copy;"),
        ("1 < 2 > 0 \"x\" 'y'", "1 &lt; 2 &gt; 0 \"x\" 'y'"),
    ],
)
def test_entities_are_their_character_and_never_doubled(source: str, html: str) -> None:
    assert render_block(source) == f"<p>{html}</p>\n"


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("[x](https://a.b/c?d=1&e=2)", f'<a href="https://a.b/c?d=1&amp;e=2" {LEAVES}>x</a>'),
        ('[x](http://a.b "say")', f'<a href="http://a.b" title="say" {LEAVES}>x</a>'),
        ("<mailto:a@b.c>", f'<a href="mailto:a@b.c" {LEAVES}>mailto:a@b.c</a>'),
        ("[x](ftp://a.b)", "x"),
        ("[x](/settings)", "x"),
        ("[x](#there)", "x"),
        (
            "![a *cat*](https://a.b/c.png)",
            f'<a href="https://a.b/c.png" class="image-link" {LEAVES}>a <em>cat</em></a>',
        ),
        ("![](https://a.b/c)", f'<a href="https://a.b/c" class="image-link" {LEAVES}>https://a.b/c</a>'),
        ("![cat](data:image/png;base64,AAAA)", "cat"),
        ("[![cat](https://a.b/c)](https://d.e)", f'<a href="https://d.e" {LEAVES}>cat</a>'),
    ],
)
def test_links_and_images(source: str, html: str) -> None:
    assert render_block(source) == f"<p>{html}</p>\n"


@pytest.mark.parametrize(
    ("source", "address", "rest"),
    [
        ("https://a.b/c_d_e.", "https://a.b/c_d_e", "."),
        ("https://a.b/c。谢谢", "https://a.b/c", "。谢谢"),
        ("https://a.b查看", "https://a.b", "查看"),
        ("https://a.b/c_(d))", "https://a.b/c_(d)", ")"),
        ("https://a.b/?c=1&d=2!", "https://a.b/?c=1&amp;d=2", "!"),
    ],
)
def test_bare_addresses_end_where_the_sentence_goes_on(source: str, address: str, rest: str) -> None:
    assert render_block(source) == f'<p><a href="{address}" {LEAVES}>{address}</a>{rest}</p>\n'


def test_bare_address_in_bold_and_in_a_link() -> None:
    link = f'<a href="https://a.b" {LEAVES}>https://a.b</a>'
    assert render_block("**https://a.b**") == f"<p><strong>{link}</strong></p>\n"
    assert render_block("[https://a.b](https://a.b)") == f"<p>{link}</p>\n"
    assert render_block("xhttps://a.b http:// https://,") == "<p>xhttps://a.b http:// https://,</p>\n"


def test_footnotes_have_ids_of_their_message() -> None:
    source = "A[^n] and again[^n].\n\n[^n]: The *note*."
    assert render_blocks(source, "m7-") == (
        '<p>A<sup class="footnote-ref" id="m7-fnref-1"><a href="#m7-fn-1">1</a></sup> and again'
        '<sup class="footnote-ref"><a href="#m7-fn-1">1</a></sup>.</p>\n'
        '<section class="footnotes">\n<ol>\n'
        '<li id="m7-fn-1"><p>The <em>note</em>. <a href="#m7-fnref-1" class="footnote-back">↩</a></p></li>\n'
        "</ol>\n</section>\n",
    )


def test_reference_links() -> None:
    assert render_blocks("[a][1]\n\ntext\n\n[1]: https://a.b") == (
        f'<p><a href="https://a.b" {LEAVES}>a</a></p>\n<p>text</p>\n',
    )


@pytest.mark.parametrize("source", ["<!-- a\n\nb -->", "- <!-- a\n\nb -->", "<div>\n\n**b**", "> <script>\n\nb"])
def test_html_is_text_and_swallows_nothing(source: str) -> None:
    html = render_block(source)
    assert "&lt;" in html
    assert "b" in html.replace("<b", "")
    assert "<p>" in html


def test_a_quote_stands_before_the_list_and_the_heading_that_ended_it() -> None:
    assert render_block("> a\n- b\n# c\n") == (
        "<blockquote>\n<p>a</p>\n</blockquote>\n<ul>\n<li>b</li>\n</ul>\n<h1>c</h1>\n"
    )


def test_the_first_dash_of_a_list_makes_no_heading() -> None:
    assert render_block("These:\n-") == "<p>These:\n-</p>\n"
    assert render_block("These:\n- a") == "<p>These:</p>\n<ul>\n<li>a</li>\n</ul>\n"
