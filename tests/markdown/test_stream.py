"""Blocks depend on the text alone; closed ones are rendered once; joined, they are what mistune makes of the whole."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.markdown import BlockStream, render_block, render_blocks, stream

PIECES = [
    *(
        "# Heading\n",
        "text\n",
        "text",
        "中文**注意：**后面\n",
        "　缩进\n",
        "- item\n",
        "  more\n",
        "  - inner\n",
        "1. one\n",
    ),
    *(
        "2. two\n",
        "12) twelve\n",
        "   under\n",
        "> quote\n",
        ">\n",
        "> - in quote\n",
        "---\n",
        "* * *\n",
        "===\n",
        "**b** c\n",
    ),
    *("* star\n", "| a | b |\n", "|---|---|\n", "    indented\n", "\ttab\n", "`code`\n", "3 apples\n", "2024. year\n"),
    *(
        "<!-- html\n",
        "-->\n",
        "<div>\n",
        "*i* _e_\n",
        "[x](https://a.b)\n",
        "$x_1$ and \\(y\\)\n",
        "\\[ z \\]\n",
        "-5\n",
    ),
    *(
        "```\n",
        "```py\nx = 1\n\ny\n```\n",
        "~~~\n",
        "- ```\n",
        "> ```\n",
        "$$\na_1\n$$\n",
        "\\[\nb\n\\]\n",
        "\n",
        "\n",
        " \n",
    ),
    *("1. one\n   ```\n   x\n\n   y\n   ```\n", "- x\n  ```\n  y\n  ```\n", "👩‍👩‍👧\n", "\n\n"),
]
"""Lines of which documents are made: without definitions, and without the two cases in which a cut differs from the
whole. Both begin with the mark of a list that is only text, in a formula ("$$", "- a") or in a paragraph ("a", "2. b"),
followed by a fence that is indented as if it were in that list."""

documents = st.lists(st.sampled_from(PIECES), max_size=14).map("".join)
tricky = st.lists(
    st.sampled_from(
        [*PIECES, "\r\n", "\r", "`", "$", "\\", "👩‍👩‍👧", "\ud83d", "\0", "[x]: https://a.b\n", "[^x]: n\n", "[^x]"]
    )
    | st.text(max_size=5),
    max_size=14,
).map("".join)
quick = settings(max_examples=200, deadline=None, derandomize=True)


def fed(text: str, sizes: list[int], renders: list[bool]) -> BlockStream:
    """A stream that took ``text`` in chunks of ``sizes`` and was rendered after some of them."""
    blocks = BlockStream("m-")
    start = 0
    for size, render in zip(sizes, renders, strict=False):
        blocks.feed(text[start : start + size])
        start += size
        if render:
            blocks.render()
    blocks.feed(text[start:])
    return blocks


@quick
@given(tricky, st.lists(st.integers(0, 7), max_size=60), st.lists(st.booleans(), min_size=60, max_size=60))
def test_blocks_depend_on_the_text_alone(text: str, sizes: list[int], renders: list[bool]) -> None:
    assert fed(text, sizes, renders).render() == render_blocks(text, "m-")


@quick
@given(tricky)
def test_one_character_at_a_time(text: str) -> None:
    assert fed(text, [1] * len(text), [True] * len(text)).render() == render_blocks(text, "m-")


@quick
@given(documents)
def test_blocks_joined_are_the_whole(text: str) -> None:
    assert "".join(render_blocks(text)) == render_block(text)


@quick
@given(documents, documents)
def test_closed_blocks_are_the_same_objects_later(text: str, more: str) -> None:
    blocks = BlockStream()
    blocks.feed(text)
    before = blocks.render()
    blocks.feed(more)
    after = blocks.render()
    assert all(old is new for old, new in zip(before[:-1], after, strict=False))
    assert blocks.render() is after


@pytest.mark.parametrize("ending", ["\r\n", "\r"])
def test_every_line_end_is_one(ending: str) -> None:
    text = "# a\n\nb\nc\n\n```\nd\n\n```\n"
    assert render_blocks(text.replace("\n", ending)) == render_blocks(text)


@pytest.mark.parametrize(
    ("text", "blocks"),
    [
        ("a\n\nb", 2),
        ("# a\n\n**b** c", 2),
        ("# a\n\n**", 1),
        ("a\n\n3 apples", 2),
        ("a\n\n3", 1),
        ("a\n\n3. item", 1),
        ("a\n\n---\n", 2),
        ("a\n\n---", 1),
        ("a\n\n　b", 2),
        ("- a\n\n- b\n\n  c\n\n- d", 1),
        ("- a\n\nb", 2),
        ("```\na\n\nb\n```\nc", 2),
        ("```\na\n\nb", 1),
        ("1. a\n   ```\n   b\n   ```\n\n   c\n\nd\n\ne", 3),
        ("a\n\nb\n\n[x]: https://a.b", 1),
        ("a\n\nb\n\n[^x]:", 1),
        ("a\n\nb\n\n> [x]: https://a.b", 1),
        ("a\n\n```\n[x]: y\n```\n", 2),
        ("\n\n", 0),
    ],
)
def test_where_a_text_is_cut(text: str, blocks: int) -> None:
    assert len(render_blocks(text)) == blocks


def test_tail_chars_is_what_the_next_render_reads() -> None:
    blocks = BlockStream()
    blocks.feed("closed\n\nop")
    assert blocks.tail_chars == 10
    blocks.render()
    assert blocks.tail_chars == 2
    blocks.feed("en")
    assert blocks.tail_chars == 4
    blocks.feed("\n\n[x]: y")
    blocks.render()
    assert blocks.tail_chars == 20


def test_work_grows_with_the_text_and_not_with_its_square(monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0

    def counted(source: str, prefix: str = "") -> str:
        nonlocal read
        read += len(source)
        return render_block(source, prefix)

    monkeypatch.setattr(stream, "render_block", counted)
    paragraph = "A paragraph of an answer, with **bold** and `code`, as long as they are.\n\n"
    text = "".join(f"{'## ' if i % 5 == 0 else ''}{paragraph}" for i in range(300))
    blocks = BlockStream()
    for start in range(0, len(text), 5):
        blocks.feed(text[start : start + 5])
        if start % 30 == 0:
            blocks.render()
    assert blocks.render() == render_blocks(text)
    renders_per_paragraph = len(paragraph) / 30
    assert read < len(text) * (renders_per_paragraph + 3)


def test_a_growing_answer_looks_decent() -> None:
    code = '<pre class="open"><code class="language-python">x =\n</code></pre>\n'
    assert render_blocks("```python\nx =") == (code,)
    assert render_blocks("| a |\n|---|\n| b")[0].count("<td>") == 1
