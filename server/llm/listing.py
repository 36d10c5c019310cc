"""What ``GET /models`` answers → the models one can chat with. No I/O.

The protocol's list says nothing but names, and OpenAI's own holds its models for speech, pictures and search as well.
So a model is left out when
- its entry says that it is something else (``type``, LiteLLM's ``mode``, Mistral's ``capabilities``,
  OpenRouter's ``output_modalities``);
- a word of its name says so, anywhere (``OTHER_TRADES``);
- and at OpenAI itself, when it is one of those that ``/chat/completions`` does not serve (``NOT_FOR_CHAT``).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from server.llm.chunks import Garbled, decode_json
from server.llm.text import whole_characters

OTHER_TRADES = {
    *("embed", "embedding", "embeddings", "rerank", "reranker", "moderation"),
    *("whisper", "tts", "transcribe", "transcription", "dall", "sora"),
}
NOT_FOR_CHAT = {
    *("instruct", "davinci", "babbage", "audio", "realtime", "image", "live", "translate"),
    *("codex", "pro", "research", "computer"),
}
OTHER_KINDS = {
    *("embedding", "embeddings", "rerank", "moderation", "image", "image_generation", "audio", "video"),
    *("audio_speech", "audio_transcription", "transcribe", "completion", "ocr", "search"),
}
WINDOW_KEYS = (
    "context_length",
    "context_window",
    "max_model_len",
    "max_context_length",
    "max_context_tokens",
    "max_input_tokens",
    "context_size",
    "n_ctx",
    "n_ctx_train",
)
MAX_MODELS = 2000
_GENERAL = re.compile(r"gpt-(\d{1,3}(?:\.\d{1,3})?)")


@dataclass(frozen=True, slots=True)
class Listed:
    name: str
    context_tokens: int | None


def chat_models(body: bytes, *, openai: bool = False) -> list[Listed]:
    """In the endpoint's order, which tends to mean something; OpenAI's own does not. Raises Garbled."""
    said = decode_json(body)
    entries = said.get("data", said.get("models")) if isinstance(said, dict) else said
    if not isinstance(entries, list):
        raise Garbled("no list of models")
    entries = [entry for entry in entries[:MAX_MODELS] if isinstance(entry, dict) and _name(entry)]
    if openai:
        entries.sort(key=_standing, reverse=True)
    chosen = {_name(entry): Listed(_name(entry), window_of(entry)) for entry in entries if is_chat_model(entry, openai)}
    return list(chosen.values())


def _standing(entry: dict[str, Any]) -> tuple[float, int]:
    """OpenAI's general models first (``gpt-5.1`` rather than ``gpt-4``), then whatever is newest."""
    general = _GENERAL.fullmatch(_name(entry))
    created = entry.get("created")
    return float(general[1]) if general else 0.0, created if type(created) is int else 0


def window_of(entry: dict[str, Any]) -> int | None:
    """Tokens a model can read and write in all, by whichever name this server has for it."""
    for place in (entry, entry.get("meta"), entry.get("model_info"), entry.get("top_provider")):
        if isinstance(place, dict):
            for key in WINDOW_KEYS:
                if type(window := place.get(key)) is int and window > 0:
                    return window
    return None


def _name(entry: dict[str, Any]) -> str:
    name = entry.get("id") or entry.get("name")
    return whole_characters(name) if isinstance(name, str) and len(name) <= 200 else ""


def is_chat_model(entry: dict[str, Any], openai: bool = False) -> bool:
    words = set(re.split(r"[^a-z0-9]+", _name(entry).lower()))
    if words & OTHER_TRADES or (openai and words & NOT_FOR_CHAT):
        return False
    if any(str(entry.get(key)) in OTHER_KINDS for key in ("type", "mode")):
        return False
    match entry:
        case {"capabilities": {"completion_chat": False}}:
            return False
        case {"architecture": {"output_modalities": [*kinds]}} if kinds:
            return "text" in kinds
    return True
