"""Which of an endpoint's models are offered, and how much they can read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from server.llm.chunks import Garbled
from server.llm.listing import chat_models, window_of


def names(*entries: Any, openai: bool = False) -> list[str]:
    listed = [entry if isinstance(entry, dict) else {"id": entry} for entry in entries]
    return [model.name for model in chat_models(json.dumps({"data": listed}).encode(), openai=openai)]


def test_what_does_not_chat_is_left_out() -> None:
    others = [
        "text-embedding-3-small",
        "whisper-1",
        "tts-1-hd",
        "dall-e-3",
        "omni-moderation-latest",
        "nomic-embed-text:v1",
    ]
    typed = [
        {"id": "a", "type": "embedding"},
        {"id": "ada", "mode": "image_generation"},
        {"id": "b", "capabilities": {"completion_chat": False}},
        {"id": "c", "architecture": {"output_modalities": ["image"]}},
    ]
    chats = [
        "llama-3.1-8b-instruct",
        {"id": "d", "type": "chat", "mode": ["odd"]},
        {"id": "e", "capabilities": {"completion_chat": True}},
        {"id": "f", "architecture": {"output_modalities": ["text", "image"]}},
    ]
    assert names(*others, *typed, *chats) == ["llama-3.1-8b-instruct", "d", "e", "f"]


def test_openai_lists_models_that_its_chat_does_not_serve_and_in_no_order() -> None:
    listed = [
        {"id": "gpt-3.5-turbo-instruct", "created": 1},
        {"id": "gpt-4", "created": 2},
        {"id": "gpt-image-1", "created": 9},
        {"id": "gpt-5.1-codex", "created": 9},
        {"id": "gpt-realtime", "created": 9},
        {"id": "gpt-4o", "created": 3},
        {"id": "gpt-5.1", "created": 8},
        {"id": "o3-deep-research", "created": 9},
        {"id": "gpt-4o-2024-11-20", "created": 4},
    ]
    assert names(*listed, openai=True) == ["gpt-5.1", "gpt-4", "gpt-4o-2024-11-20", "gpt-4o"]


def test_others_keep_their_order_and_lose_their_doubles() -> None:
    assert names("b", "a", "b", {"name": "by-name"}, {"id": 7}, {"id": ""}, {"id": "x" * 300}) == ["b", "a", "by-name"]


@pytest.mark.parametrize(
    ("entry", "window"),
    [
        ({"context_length": 131_072}, 131_072),
        ({"context_window": 8192}, 8192),
        ({"max_model_len": 4096}, 4096),
        ({"max_context_length": 32_768}, 32_768),
        ({"meta": {"n_ctx_train": 2048}}, 2048),
        ({"top_provider": {"context_length": 1024}}, 1024),
        ({"context_length": "many", "max_model_len": 0}, None),
        ({"context_length": True}, None),
        ({}, None),
    ],
)
def test_the_window(entry: dict[str, Any], window: int | None) -> None:
    assert window_of(entry) == window


@pytest.mark.parametrize("body", [b"", b"<html>", b"7", b'{"data": 7}', b'"models"', b"[" * 100_000])
def test_what_is_no_list(body: bytes) -> None:
    with pytest.raises(Garbled):
        chat_models(body)
