"""From the bytes of one answer to its deltas and its end."""

from __future__ import annotations

import json
from itertools import groupby
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.errors import UpstreamError
from server.llm import answer as answers
from server.llm.answer import AnswerReader
from server.llm.base import Finish
from server.llm.endpoint import Endpoint
from tests.fixtures.upstream import DONE, delta, event, finish, reasoning, usage

ENDPOINT = Endpoint("openai", "Acme", "http://127.0.0.1/v1", "OPENAI_BASE_URL")
Parts = list[tuple[str, str]]


def read(*chunks: bytes) -> tuple[Parts, Finish | str]:
    """The parts, and how it ended: a Finish or the reason of an UpstreamError."""
    reader = AnswerReader(ENDPOINT, "small")
    deltas = [delta for chunk in chunks for delta in reader.feed(chunk)] + reader.close()
    parts = [(part, "".join(delta.text for delta in run)) for part, run in groupby(deltas, lambda delta: delta.part)]
    try:
        return parts, reader.finish()
    except UpstreamError as error:
        return parts, error.reason


def test_an_answer() -> None:
    role = event(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}}])
    parts, end = read(role, delta("Hel"), delta("lo"), finish(), usage(9, 2), DONE)
    assert (parts, end) == ([("answer", "Hello")], Finish("stop", 9, 2))


def test_thoughts_come_by_three_names() -> None:
    both = event(choices=[{"delta": {"reasoning": "b", "reasoning_content": "b"}}])
    other = event(choices=[{"delta": {"reasoning": "c", "content": None}}])
    parts, _ = read(reasoning("a"), both, other, delta("<think>no</think>"), delta("d"), finish())
    assert parts == [("reasoning", "abcno"), ("answer", "d")]


def test_mistral_sends_lists_of_parts() -> None:
    thinking = [{"type": "thinking", "thinking": [{"type": "text", "text": "why"}]}, {"type": "text", "text": "so"}]
    assert read(event(choices=[{"delta": {"content": thinking}}]), finish())[0] == [
        ("reasoning", "why"),
        ("answer", "so"),
    ]


@pytest.mark.parametrize(
    ("chunks", "end"),
    [
        ([delta("a"), finish("length")], Finish("length")),
        ([delta("a"), finish("max_tokens")], Finish("length")),
        ([delta("a"), finish("eos")], Finish("stop")),
        ([delta("a"), DONE], Finish("stop")),
        ([delta("a"), b"data: [DONE]"], Finish("stop")),
        ([reasoning("a"), finish("length")], Finish("length")),
        ([delta("a"), finish(), event(choices=[], usage={"prompt_tokens": "many"})], Finish("stop")),
        ([delta("a"), finish(), b'data: {"usage": {"prom'], Finish("stop")),
        ([delta("a"), finish("content_filter")], "filtered"),
        ([delta("a"), finish("error")], "unavailable"),
        ([delta("a")], "cut_off"),
        ([delta("a"), b'data: {"choices": [{"del'], "cut_off"),
        ([], "cut_off"),
        ([DONE], "empty"),
        ([finish()], "empty"),
        ([delta(" \n"), finish()], "empty"),
        ([finish("length")], "empty"),
        ([reasoning("a"), finish()], "empty"),
        ([finish("tool_calls")], "empty"),
        ([b"data: {nonsense}\n\n"], "garbled"),
        ([b"data: [1, 2]\n\n"], "garbled"),
        ([b'data: {"choices": 7}\n\n'], "garbled"),
        ([b'data: {"choices": ' + b"[" * 10_000 + b"\n\n"], "garbled"),
        ([b"\x00\xff\x13 nothing that this protocol knows\n" * 3], "garbled"),
        ([b": ping\n" * 200_000], "garbled"),
        ([event(error={"message": "slow down", "code": 429})], "rate_limited"),
        ([event(error="model 'x' not found")], "model_not_found"),
        ([event(object="error", message="the context length is 4096 tokens", code=400)], "too_long"),
        ([event(detail="out of memory")], "unavailable"),
        ([event(type="ping"), delta("a"), finish()], Finish("stop")),
    ],
)
def test_how_answers_end(chunks: list[bytes], end: Finish | str) -> None:
    assert read(*chunks)[1] == end


def test_text_before_a_fault_is_kept() -> None:
    """Also when both come in one read from the network."""
    parts, end = read(delta("half an ans") + event(error={"message": "boom"}) + delta("not this"))
    assert (parts, end) == ([("answer", "half an ans")], "unavailable")
    assert read(delta("a") + delta("<") + b"data: }\n\n") == ([("answer", "a<")], "garbled")


def test_nothing_follows_the_end_mark() -> None:
    assert read(delta("a"), DONE, delta("b")) == ([("answer", "a")], Finish("stop"))


def test_bytes_that_are_not_utf8_cost_only_themselves() -> None:
    broken = b'data: {"choices": [{"delta": {"content": "a\xff\xe4\xbdb"}}]}\n\n'
    assert read(broken, finish())[0] == [("answer", "a\ufffd\ufffdb")]


def test_a_character_in_two_halves() -> None:
    halves = [
        rb'data: {"choices": [{"delta": {"content": "%s"}}]}' % half + b"\n\n" for half in (rb"x\ud83d", rb"\ude00")
    ]
    assert read(*halves, rb'data: {"choices": [{"delta": {"content": "\ud83d\u0000"}}]}' + b"\n\n", finish())[0] == [
        ("answer", "x😀\ufffd\ufffd")
    ]


@pytest.mark.parametrize("body", [{"choices": [{"message": {"content": "whole"}, "finish_reason": "stop"}]}])
def test_an_answer_that_was_not_streamed(body: dict[str, Any]) -> None:
    reader = AnswerReader(ENDPOINT, "small")
    assert [delta.text for delta in reader.feed_whole(json.dumps(body).encode())] == ["whole"]
    assert reader.finish() == Finish("stop")


def test_an_answer_without_end_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "MAX_ANSWER_CHARS", 100)
    parts, end = read(*[delta("again ")] * 1000)
    assert end == Finish("length")
    assert len(parts[0][1]) <= 110


@given(st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1), min_size=1), st.data())
def test_any_chunking_gives_the_same_text(texts: list[str], data: st.DataObject) -> None:
    stream = b"".join(map(delta, ["!", *texts])) + finish() + DONE
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    chunks = [stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
    assert read(*chunks) == ([("answer", "!" + "".join(texts))], Finish("stop"))
