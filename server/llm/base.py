"""What a model is to the rest of the house: a request in, pieces of text out."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from server.transcript.context import ModelMessage

__all__ = ["ChatModel", "Delta", "Finish", "ModelInfo", "ModelMessage", "ModelRequest", "Part"]

Part = Literal["answer", "reasoning"]


@dataclass(frozen=True, slots=True)
class ModelRequest:
    messages: Sequence[ModelMessage]
    temperature: float | None = None
    max_tokens: int | None = None
    purpose: Literal["answer", "continuation", "title"] = "answer"
    """Of a continuation the last message is the answer so far, and what comes follows on it to the character."""


@dataclass(frozen=True, slots=True)
class Delta:
    """The next piece of one part, never empty, free of NUL and of surrogates: it can be stored and sent as it is."""

    part: Part
    text: str


@dataclass(frozen=True, slots=True)
class Finish:
    """The last thing a stream yields, exactly once. Tokens as the endpoint counted them, if it said so."""

    reason: Literal["stop", "length"]
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """``id`` is ``{endpoint}/{the endpoint's own name for it}``; ``provider`` is the endpoint's name for people."""

    id: str
    name: str
    provider: str
    context_tokens: int | None
    demo: bool = False


class ChatModel(Protocol):
    @property
    def info(self) -> ModelInfo: ...

    def stream(self, request: ModelRequest) -> AsyncGenerator[Delta | Finish]:
        """Asks the model. An async generator: raises UpstreamError, and closes the connection when it is closed."""
        ...
