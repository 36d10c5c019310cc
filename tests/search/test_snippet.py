"""Pieces of texts around what was found."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.search.clusters import clusters
from server.search.query import Query
from server.search.snippet import CHARS, around

FAMILY, FLAG, DARK, KEY = "👩\u200d👩\u200d👧", "🇨🇳", "👍🏽", "1\ufe0f\u20e3"
CHARACTERS = st.sampled_from(
    ["a", "量", " ", "\n", "e\u0301", FAMILY, FLAG, DARK, KEY, "\u1112\u1161\u11ab", "น้ำ"[:2], "\r\n"]
)


@pytest.mark.parametrize(
    ("text", "asked", "shown"),
    [
        ("What is the quantum of light?", "quantum", "What is the quantum of light?"),
        ("one\n\n  two\tthree", "three", "one two three"),
        ("量子力学", "力学", "量子力学"),
        ("x " * 300 + "quantum" + " y" * 300, "quantum", "…" + "x " * 24 + "quantum" + " y" * 51 + "…"),
        ("字" * 300 + "量子" + "文" * 300, "量子", "…" + "字" * 49 + "量子" + "文" * 107 + "…"),
        ("字" * 300 + "量子", "量子", "…" + "字" * 157 + "量子"),
        ("量子" + "文" * 300, "量子", "量子" + "文" * 157 + "…"),
        ("Straße ﬁn ＡＢＣ target", "target", "Straße ﬁn ＡＢＣ target"),
    ],
)
def test_what_is_shown(text: str, asked: str, shown: str) -> None:
    place = Query.of(asked).place_in(text)
    assert place is not None
    assert around(text, place) == shown
    assert len(shown) <= CHARS


@pytest.mark.parametrize(
    ("text", "asked", "shown"),
    [
        ("### Tides\n\nThe **moon** pulls.", "moon", "Tides The moon pulls."),
        ("Some **moon**, some **sun**", "moon", "Some moon, some sun"),
        ("这是**注意：**月亮。", "月亮", "这是注意：月亮。"),
        ("> Use `moon()` now", "moon", "Use moon() now"),
        ("So:\n\n```python\nmoon = 2**8 + 2 ** 9\n```\n\nDone", "moon", "So: moon = 2**8 + 2 ** 9 Done"),
        ("| a | moon |\n|---|:---:|\n| 1 | 2 |\n\n---\n\nEnd", "moon", "| a | moon | | 1 | 2 | End"),
        ("- moon - sun\n- a--b #hash *so*", "moon", "- moon - sun - a--b #hash *so*"),
    ],
)
def test_markdown_is_shown_without_its_marks(text: str, asked: str, shown: str) -> None:
    place = Query.of(asked).place_in(text)
    assert place is not None
    assert around(text, place, markdown=True) == shown


@pytest.mark.parametrize("before", ["ß" * 50, "ﷺ" * 20, "e\u0301" * 50, f"{FAMILY}\n" * 40, "①②③ ½\n" * 30, "ก็" * 40])
def test_the_place_is_the_originals(before: str) -> None:
    """Whatever folding does to the characters before it."""
    assert Query.of("target").place_in(f"{before} target {before}") == len(before) + 1


def test_the_longest_word_is_shown() -> None:
    text = "of " + "x " * 500 + "quantum of light"
    place = Query.of("of quantum").place_in(text)
    assert place is not None
    assert "quantum" in around(text, place)


def test_a_whole_word_is_preferred_to_a_part() -> None:
    assert Query.of("art").place_in("start of art") == 9
    assert Query.of("user").place_in("getUserName") == 3


@given(st.lists(CHARACTERS, max_size=600), st.data())
def test_nothing_is_cut_in_two(characters: list[str], data: st.DataObject) -> None:
    text = "".join(characters)
    places = [sum(map(len, pieces[:number])) for pieces in [list(clusters(text))] for number in range(len(pieces))]
    place = data.draw(st.sampled_from(places or [0]))
    shown = around(text, place)
    assert len(shown) <= CHARS
    line = list(clusters(" ".join(text.split())))
    assert not set(clusters(shown.strip("…"))) - set(line)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_clusters_are_the_text(text: str) -> None:
    assert "".join(clusters(text)) == text


def test_what_belongs_together() -> None:
    assert list(clusters(f"a{FAMILY}{FLAG}{FLAG}{DARK}{KEY}e\u0301\r\n")) == [
        *("a", FAMILY, FLAG, FLAG, DARK, KEY, "e\u0301", "\r\n")
    ]
