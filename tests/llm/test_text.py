"""Text comes out whole and in the right part, however it was cut."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.llm.text import CharacterJoiner, ThinkSplitter


def join(*pieces: str) -> str:
    joiner = CharacterJoiner()
    return "".join([joiner.feed(piece) for piece in pieces]) + joiner.finish()


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["a\ud83d", "\ude00b"], "a😀b"),
        (["\ud83d", "", "\ude00"], "😀"),
        (["a\ud83d", "b"], "a\ufffdb"),
        (["\ude00"], "\ufffd"),
        (["a\ud83d"], "a\ufffd"),
        (["\ud83d\ud83d", "\ude00"], "\ufffd😀"),
        (["a\0b", "你\0"], "a\ufffdb你\ufffd"),
    ],
)
def test_halves_are_joined_and_the_rest_made_storable(pieces: list[str], text: str) -> None:
    assert join(*pieces) == text


@given(st.lists(st.text(st.characters(codec=None), max_size=5)))
def test_what_comes_out_can_always_be_stored(pieces: list[str]) -> None:
    text = join(*pieces)
    assert text.encode() == join("".join(pieces)).encode()
    assert "\0" not in text


def split(*pieces: str) -> list[tuple[str, str]]:
    splitter = ThinkSplitter()
    deltas = [delta for piece in pieces for delta in splitter.feed(piece)] + splitter.finish()
    assert all(delta.text for delta in deltas)
    return [(part, "".join(delta.text for delta in run)) for part, run in groupby(deltas, lambda delta: delta.part)]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("plain", [("answer", "plain")]),
        ("<think>why\n</think>\n\nbecause", [("reasoning", "why\n"), ("answer", "because")]),
        ("\n <think>\nwhy</think>because", [("reasoning", "why"), ("answer", "because")]),
        ("<think>\n\n</think>\n\nbecause", [("answer", "because")]),
        ("<think>never closed </thi", [("reasoning", "never closed </thi")]),
        ("<think>a</think><think>b</think>", [("reasoning", "a"), ("answer", "<think>b</think>")]),
        ("The tag <think> opens it.</think>", [("answer", "The tag <think> opens it.</think>")]),
        ("<thinking about it", [("answer", "<thinking about it")]),
        ("<thi", [("answer", "<thi")]),
        ("  indented", [("answer", "  indented")]),
        ("", []),
    ],
)
def test_thinking_is_taken_out_at_the_start_alone(text: str, parts: list[tuple[str, str]]) -> None:
    assert split(text) == parts
    assert split(*text) == parts


@given(
    st.lists(st.sampled_from(["<think>", "</think>", "<", "</", "think>", " ", "\n", "a", "想"]), max_size=12),
    st.data(),
)
def test_any_chunking_gives_the_same_parts(words: list[str], data: st.DataObject) -> None:
    text = "".join(words)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert split(*pieces) == split(text) == split(*text)


def test_white_space_without_end_is_not_held_back_for_ever() -> None:
    splitter = ThinkSplitter()
    assert any(splitter.feed(" ") for _ in range(200))
