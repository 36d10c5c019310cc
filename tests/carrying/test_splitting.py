"""A file of any size is read an object at a time, whatever stands in its texts."""

from __future__ import annotations

import io
import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.carrying import splitting
from server.carrying.splitting import objects
from server.errors import Invalid, TooLarge

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


def split(content: bytes, most: int | None = None) -> list[bytes | TooLarge]:
    return list(objects(io.BytesIO(content).read, most))


@settings(max_examples=60, deadline=None)
@given(st.lists(st.dictionaries(st.text(), VALUES, max_size=4), max_size=6), st.integers(1, 40), st.booleans())
def test_the_objects_of_a_list(values: list[dict[str, object]], piece: int, spaced: bool) -> None:
    """However the bytes come."""
    stream = io.BytesIO(json.dumps(values, ensure_ascii=spaced, indent=2 if spaced else None).encode())
    found = list(objects(lambda _size: stream.read(piece)))
    assert [json.loads(each) for each in found if isinstance(each, bytes)] == values


def test_a_single_object() -> None:
    assert split(b'\xef\xbb\xbf {"a": [{"b": "}]"}]} \n') == [b'{"a": [{"b": "}]"}]}']


@pytest.mark.parametrize("content", [b"[]", b"[1, 2, [3, {}]]", b"", b"hello"])
def test_no_objects(content: bytes) -> None:
    assert split(content) == []


@pytest.mark.parametrize("content", [b'[{"a": 1}', b'[{"a": "b', b"[1]]", b"}", b'"'])
def test_what_is_no_json(content: bytes) -> None:
    with pytest.raises(Invalid):
        split(content)


def test_one_that_is_too_large_does_not_take_the_others_along() -> None:
    large = {"text": ["long " * 20] * 100}
    stream = io.BytesIO(json.dumps([{"a": 1}, large, {"b": 2}, large]).encode())
    found = list(objects(lambda _size: stream.read(500), 1000))
    assert [each if isinstance(each, bytes) else "too large" for each in found] == [
        b'{"a": 1}',
        "too large",
        b'{"b": 2}',
        "too large",
    ]


def test_an_endless_text_is_not_held() -> None:
    pieces = iter([b'[{"a": "', *[b"x" * 1000] * 1000])
    taken: list[int] = []

    def read(_size: int) -> bytes:
        taken.append(1)
        return next(pieces)

    with pytest.raises(TooLarge):
        list(objects(read, 10_000))
    assert len(taken) < 20


def test_a_long_text_is_looked_at_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each look is at twice as much as the last, or the time would be the square of the length."""
    monkeypatch.setattr(splitting, "PIECE", 1000)
    stream = io.BytesIO(json.dumps({"text": "x" * 1_000_000}).encode())
    reads: list[int] = []

    def read(size: int) -> bytes:
        reads.append(size)
        return stream.read(size)

    assert len(list(objects(read))) == 1
    assert len(reads) <= math.log2(1_000_000 / 1000) + 4


def test_depth_is_nothing_to_it() -> None:
    (found,) = split(b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}")
    assert isinstance(found, bytes)
