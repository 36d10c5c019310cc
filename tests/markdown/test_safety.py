"""What a model writes is inert: nothing runs, nothing loads, nothing leaves the page without a click."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.markdown import render_blocks
from server.markdown.allowed import clean

TEXT_TAGS = {"p", "br", "hr", "h1", "h2", "h3", "h4", "h5", "h6", "pre", "code", "em", "strong", "del", "sup", "a"}
BLOCK_TAGS = {"blockquote", "ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "section", "div"}
TAGS = TEXT_TAGS | BLOCK_TAGS | {"span", "input"}
ATTRIBUTES = {"href", "title", "target", "rel", "class", "id", "start", "align", "type", "checked", "disabled"}
VOID = frozenset({"br", "hr", "input"})

ATTACKS = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil></sCrIpT>",
    "<img src=x onerror=alert(1)>",
    "<svg/onload=alert(1)>",
    "<svg><a xlink:href='javascript:alert(1)'>x</a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
    "<style>@import 'http://evil'</style>",
    "<a href='javascript:alert(1)' onclick=alert(1)>x</a>",
    "<!--><img src=x onerror=alert(1)>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php <script>alert(1)</script> ?>",
    "&lt;script&gt;alert(1)&lt;/script&gt; &#60;img src=x onerror=alert(1)&#62;",
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x]( javascript:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](&#106;avascript:alert(1))",
    "[x](&#x6A;&#97;vascript&colon;alert(1))",
    "[x](javascript&NewLine;:alert(1))",
    "[x](%6aavascript:alert(1))",
    "[x](\x01javascript:alert(1))",
    "[x](vbscript:msgbox(1))",
    "[x](data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==)",
    "[x](//evil.example)",
    "[x](/\\evil.example)",
    "[x](file:///etc/passwd)",
    "[x](blob:https://a.b/c)",
    '[x](https://a.b/"onmouseover="alert(1))',
    "[x](https://a.b 'y\" onmouseover=\"alert(1)')",
    '[x](https://a.b "&quot; onmouseover=alert(1) &quot;")',
    '[x]: javascript:alert(1) "y"\n\n[x] [x][x] ![x]',
    '[x]: https://a.b "\\" onclick=alert(1)"\n\n[x]',
    "<javascript:alert(1)>",
    "<data:text/html,x>",
    'https://a.b/"onmouseover=alert(1)',
    "https://a.b/'onmouseover=alert(1)//<script>",
    "![x](https://evil/pixel.png)",
    '![x](x:y "onerror=alert(1)")',
    '![" onerror=alert(1) "](https://a.b)',
    "[![x](javascript:alert(1))](javascript:alert(2))",
    "[a [b](https://b.c) ![<svg onload=alert(1)>](https://d.e)](https://f.g)",
    '```"><script>alert(1)</script>\nx\n```',
    '```x" onclick="alert(1)\nx\n```',
    "```html\n</code></pre><script>alert(1)</script>\n```",
    "`</code><script>alert(1)</script>`",
    "$</span><script>alert(1)</script>_x$",
    "\\[</div><img src=x onerror=alert(1)>\\]",
    "$$\n\\href{javascript:alert(1)}{x}</div><script>\n$$",
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "a[^<script>]\n\n[^<script>]: <img src=x onerror=alert(1)> [x](javascript:alert(1))",
    "- [x] <input onfocus=alert(1) autofocus>",
    "<form action=https://evil><button>ok</button></form>",
    "<base href=https://evil><meta http-equiv=refresh content='0;https://evil'>",
    "<div style='position:fixed;inset:0'>",
]


class Watch(HTMLParser):
    """Reads HTML as a browser does; complains about what is not allowed and about tags that are not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        assert {name for name, _ in attrs} <= ATTRIBUTES
        for name, value in attrs:
            if name == "href":
                assert (value or "").startswith(("http://", "https://", "mailto:", "#m-fn"))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)

    def handle_decl(self, decl: str) -> None:
        raise AssertionError(decl)


def assert_inert(text: str) -> None:
    for block in render_blocks(text, "m-"):
        watch = Watch()
        watch.feed(block)
        watch.close()
        assert watch.open == []


@pytest.mark.parametrize("attack", ATTACKS)
def test_attacks(attack: str) -> None:
    for text in (
        attack,
        f"- {attack}",
        f"> {attack}",
        f"**{attack}**",
        f"[{attack}](https://a.b)",
        f"# {attack}\n\n{attack}",
    ):
        assert_inert(text)


@settings(max_examples=150, deadline=None, derandomize=True)
@given(
    st.lists(
        st.sampled_from(ATTACKS) | st.sampled_from(["\n\n", "*", "`", "[", "](", ")", "$", "|", "~~", "> "]), max_size=8
    )
)
def test_attacks_mixed(parts: list[str]) -> None:
    assert_inert("".join(parts))


@settings(max_examples=150, deadline=None, derandomize=True)
@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_any_text(text: str) -> None:
    assert_inert(text)


@pytest.mark.parametrize(
    "text", ["\0", "\ud800", "\udfff\ud800", "a\u2028b\u2029c", "\x0b\x0c\x1c\x85", "\ufeff", "\U0010ffff"]
)
def test_odd_characters(text: str) -> None:
    assert_inert(text)
    assert_inert(f"# {text}\n\n- {text}\n\n```{text}\n{text}\n```\n[{text}](https://a.b/{text})")


def test_what_no_document_may_hold_is_replaced() -> None:
    assert render_blocks("a\0b\ud800c&#0;d&#xD800;") == ("<p>a\ufffdb\ufffdc\ufffdd\ufffd</p>\n",)


def test_the_prefix_of_ids_cannot_break_out() -> None:
    html = "".join(render_blocks("a[^1]\n\n[^1]: b", '"><script>'))
    assert "<script" not in html
    assert 'id="&quot;&gt;&lt;script&gt;fn-1"' in html or 'id="&quot;><script>fn-1"' in html


@pytest.mark.parametrize(
    ("html", "left"),
    [
        ('<p onclick="x">a<script>b</script></p>', "<p>a</p>"),
        ('<span class="k evil" style="color:red">a</span>', '<span class="k">a</span>'),
        ('<a href="javascript:x" target="_top">a</a>', "<a>a</a>"),
        ('<a href="/x">a</a><a href="#x">b</a>', '<a>a</a><a href="#x">b</a>'),
        ('<img src="https://a.b">', ""),
        ("<p>a<em>b", "<p>a<em>b</em></p>"),
        ("</div><p>a</p>", "<p>a</p>"),
    ],
)
def test_the_second_wall_alone(html: str, left: str) -> None:
    assert clean(html) == left
