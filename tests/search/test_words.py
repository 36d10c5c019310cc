"""What a text can be found by, and how it is written."""

from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.search.query import Query
from server.search.words import LONGEST, MOST_TERMS, UNSPACED, fold, pieces, terms, written

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
WORDS = st.lists(
    st.sampled_from(
        ["Café", "量子力学", "x_y", "C++", "naïve", "Ёлка", "학교에서", "ｱｲｳ", "हिन्दी", "👩‍👩‍👧", "🇨🇳", "ไทย"]
    ),
    min_size=1,
)


def found(text: str) -> set[str]:
    return set(terms(text))


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("量子力学的基础", "量子"),
        ("量子力学的基础", "量子力学"),
        ("量子力学的基础", "础"),
        ("量子力学的基础", "子"),
        ("使用Python编程", "python编程"),
        ("Quantum computing", "QUANTUM comp"),
        ("Quantum computing", "computing quan"),
        ("Crème brûlée", "creme brulee"),
        ("creme", "Crème"),
        ("cre\u0300me", "crème"),
        ("STRASSE", "straße"),
        ("İstanbul ve ısı", "istanbul isi"),
        ("Łódź, smørrebrød", "lodz smorrebrod"),
        ("Ёлка и й", "елка"),
        ("ΌΔΟΣ", "οδος"),
        ("ＡＢＣ １２３ ﬁne", "abc 123 fine"),
        ("ｱｲｽｸﾘｰﾑ", "アイス"),
        ("か\u3099く", "がく"),
        ("학교에서", "학교"),
        ("학교에서".encode().decode(), "교"),
        ("สวัสดีครับ", "ครับ"),
        ("हिन्दी भाषा", "हिन्दी"),
        ("מָשִׁיחַ", "משיח"),
        ("مُحَمَّد", "محمد"),
        ("write to ann.b@example.org!", "ann.b@example.org"),
        ("def get_user_name(id)", "user_name"),
        ("getUserName()", "getusername"),
        ("getUserName()", "user"),
        ("parseHTTPResponse", "http"),
        ("C++ and C#", "c++"),
        ("C++ and C#", "c#"),
        ("in C++", "c"),
        ("v3.14 of 2026-11-28", "3.14"),
        ("hooray 🎉!", "🎉"),
        ("a 👍🏽", "👍"),
        ("👩\u200d👩\u200d👧", "👧"),
        ("🇨🇳🇩🇪", "🇩🇪"),
        ("𠮷野家", "𠮷野"),
        ("x" * 500, "x" * 400),
        ("don't", "don't"),
    ],
)
def test_what_is_found(text: str, asked: str) -> None:
    query = Query.of(asked)
    held = found(text)
    assert held >= set(query.terms)
    assert query.beginning is None or any(term.startswith(query.beginning) for term in held)
    assert query.place_in(text) is not None


@pytest.mark.parametrize(
    ("text", "asked"),
    [
        ("量子 and 力学", "子力"),
        ("quantum", "uantum"),
        ("quantum leaps", "leap quantum x"),
        ("leaps of quantum", "leap quantum"),
        ("c", "c++"),
        ("issue#12", "issue#"),
        ("🇨🇳", "🇩🇪"),
    ],
)
def test_what_is_not_found(text: str, asked: str) -> None:
    """Only the last word may go on, and only at its end."""
    query = Query.of(asked)
    held = found(text)
    begun = query.beginning is None or any(term.startswith(query.beginning) for term in held)
    assert not (begun and held >= set(query.terms))


def test_pairs_that_stand_apart_are_told_from_the_whole() -> None:
    """The index cannot: that the text has the whole is looked up there."""
    query = Query.of("中国人")
    apart = "中国的国人"
    assert found(apart) >= set(query.terms)
    assert query.place_in(apart) is None
    assert query.place_in("所有中国人") == 2


@given(TEXT)
def test_both_engines_take_every_term_for_one_word(text: str) -> None:
    for term in terms(text):
        assert re.fullmatch(r"[a-z0-9]+", term)
        assert 2 <= len(term) <= LONGEST


@given(TEXT)
def test_to_fold_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(WORDS)
def test_a_text_is_found_by_itself(parts: list[str]) -> None:
    text = " ".join(parts)
    query = Query.of(text)
    held = found(text)
    assert held >= set(query.terms)
    assert query.beginning is None or query.beginning in held
    assert query.place_in(text) is not None


@given(TEXT, st.data())
def test_any_piece_of_an_unspaced_run_is_found(text: str, data: st.DataObject) -> None:
    run = re.sub(f"[^{UNSPACED}]", "", fold(text)) or "量子力学"
    start = data.draw(st.integers(0, len(run) - 1))
    end = data.draw(st.integers(start + 1, len(run)))
    assert found(run) >= set(Query.of(run[start:end]).terms)


@given(st.text("abcñжя ", min_size=1), st.integers(1, 10))
def test_a_beginning_is_written_like_a_beginning(text: str, length: int) -> None:
    for piece, _ in pieces(fold(text)):
        assert written(piece).startswith(written(piece[:length])[:LONGEST])


def test_different_terms_are_written_differently() -> None:
    texts = ["a", "b", "ab", "u0069", "ж", "жж", "量", "量子", "子量", "1", "01", "c++", "c#", "🎉", "z", "zz"]
    everything = sorted(written(text) for text in texts)
    assert all(one != other for one, other in pairwise(everything))


def test_a_text_that_is_too_long_is_found_by_its_beginning() -> None:
    text = " ".join(f"word{number}" for number in range(MOST_TERMS + 1000))
    held = terms(text)
    assert len(held) == MOST_TERMS
    assert held[-1] == written(f"word{MOST_TERMS - 1}")
