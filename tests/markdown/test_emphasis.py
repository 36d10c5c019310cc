"""Bold and italic: as Chinese is written, and elsewhere as CommonMark says."""

from __future__ import annotations

import pytest

from server.markdown import render_block
from server.markdown.emphasis import MAX_RUNS


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**注意：**后面", "<strong>注意：</strong>后面"),
        ("**“你好”**世界", "<strong>“你好”</strong>世界"),
        ("他说**“好”**。", "他说<strong>“好”</strong>。"),
        ("他说**“好”**了", "他说<strong>“好”</strong>了"),
        ("**加粗（说明）**后面", "<strong>加粗（说明）</strong>后面"),
        ("前*（斜体）*后", "前<em>（斜体）</em>后"),
        ("前***（都）***后", "前<em><strong>（都）</strong></em>后"),
        ("用**`code`**写", "用<strong><code>code</code></strong>写"),
        ("**重要！**OK", "<strong>重要！</strong>OK"),
        ("约**100%**的人", "约<strong>100%</strong>的人"),
        ("**注意：**后面**还有：**吗", "<strong>注意：</strong>后面<strong>还有：</strong>吗"),
        ("これは**「強調」**です", "これは<strong>「強調」</strong>です"),
        ("이것은 **강조(설명)**입니다", "이것은 <strong>강조(설명)</strong>입니다"),
        ("*[链接](https://a.b)*后", None),
    ],
)
def test_cjk(source: str, html: str | None) -> None:
    rendered = render_block(source)
    assert "*" not in rendered
    if html is not None:
        assert rendered == f"<p>{html}</p>\n"


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("**a** *b* __c__ _d_", "<strong>a</strong> <em>b</em> <strong>c</strong> <em>d</em>"),
        ('**"a"**b', '**"a"**b'),
        ('a*"b"*', 'a*"b"*'),
        ("2 * 3 * 4", "2 * 3 * 4"),
        ("snake_case_name", "snake_case_name"),
        ("a * 乘 * b", "a * 乘 * b"),
        (r"\*\*注意：\*\*后面", "**注意：**后面"),
        ("`**注意：**后面`", "<code>**注意：**后面</code>"),
    ],
)
def test_commonmark_stays(source: str, html: str) -> None:
    assert render_block(source) == f"<p>{html}</p>\n"


def test_too_many_asterisks_are_text() -> None:
    enough, too_many = "*a* " * (MAX_RUNS // 2), "*a* " * (MAX_RUNS // 2 + 1)
    assert render_block(enough).count("<em>") == MAX_RUNS // 2
    assert render_block(too_many) == f"<p>{too_many.strip()}</p>\n"
