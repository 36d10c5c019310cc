"""The JSON of a streamed chat completion, as the many servers that speak it write it."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from server.llm.text import whole_characters


class ContentPart(msgspec.Struct):
    """Mistral sends lists of these in place of a text; thinking is such a list again."""

    type: str = ""
    text: str = ""
    thinking: list[ContentPart] | str = ""


class ChunkDelta(msgspec.Struct):
    content: str | list[ContentPart] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    """DeepSeek, vLLM, SGLang, llama.cpp, LiteLLM."""
    reasoning: str | None = None
    """OpenRouter, Ollama, newer vLLM; some send both."""

    def answer(self) -> str:
        if isinstance(self.content, list):
            return "".join(part.text for part in self.content)
        return self.content or self.refusal or ""

    def thoughts(self) -> str:
        if isinstance(self.content, list):
            return "".join(_thinking(part) for part in self.content)
        return self.reasoning_content or self.reasoning or ""


class Choice(msgspec.Struct):
    index: int | None = 0
    delta: ChunkDelta | None = None
    message: ChunkDelta | None = None
    """In place of ``delta`` from a server that does not stream and sends the answer whole."""
    finish_reason: str | None = None


class Usage(msgspec.Struct):
    """Counts are worth nothing that an answer should be lost for: what is not a number counts as unknown."""

    prompt_tokens: Any = None
    completion_tokens: Any = None

    def counts(self) -> tuple[int | None, int | None]:
        prompt, completion = (
            tokens if type(tokens) is int and 0 <= tokens < 1 << 31 else None
            for tokens in (self.prompt_tokens, self.completion_tokens)
        )
        return prompt, completion


class Chunk(msgspec.Struct):
    choices: list[Choice] | None = None
    usage: Usage | None = None
    error: Any = None
    """An object or a text: something went wrong after the answer's status line was sent."""


_decoder = msgspec.json.Decoder(Chunk)


class Garbled(ValueError):
    """Not what this protocol says."""


def decode_chunk(data: bytes) -> Chunk:
    """Raises Garbled. Strings may hold halves of surrogate pairs."""
    try:
        return _decoder.decode(data)
    except (msgspec.ValidationError, RecursionError) as error:
        raise Garbled(str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError):
        pass
    # msgspec refuses lone surrogates and bytes that are not UTF-8. Both exist, and the rest of the text is good.
    try:
        return msgspec.convert(decode_json(data), Chunk)
    except msgspec.ValidationError as error:
        raise Garbled(str(error)) from error


def decode_json(data: bytes) -> Any:
    """Any JSON, also with lone surrogates and broken UTF-8 in its strings. Raises Garbled."""
    try:
        return json.loads(data.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise Garbled(whole_characters(str(error))) from error


def is_json(data: bytes) -> bool:
    try:
        decode_json(data)
    except Garbled:
        return False
    return True


def _thinking(part: ContentPart) -> str:
    if isinstance(part.thinking, str):
        return part.thinking
    return "".join(inner.text for inner in part.thinking)
