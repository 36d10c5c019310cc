"""Ollama. Chat goes through OpenAI's protocol; its models are listed in its own, which alone tells the chat models
from the others and knows how much they can read.
"""

from __future__ import annotations

import re
from typing import Any

import httpx2
from openai import APIStatusError

from server.llm.chunks import Garbled, decode_json
from server.llm.endpoint import Endpoint
from server.llm.listing import MAX_MODELS, Listed, is_chat_model
from server.llm.openai import OpenAIEndpoint
from server.llm.transport import Timeouts

_NUM_CTX = re.compile(r"^num_ctx\s+(\d{1,9})\s*$", re.MULTILINE)


class OllamaEndpoint(OpenAIEndpoint):
    def __init__(self, endpoint: Endpoint, http: httpx2.AsyncClient, timeouts: Timeouts) -> None:
        super().__init__(endpoint, http, timeouts)
        self._root = endpoint.base_url.removesuffix("/v1")
        self._seen: dict[tuple[str, str], Listed | None] = {}
        """What ``/api/show`` said of a model, by name and digest; None for one that does not chat."""

    async def _list(self) -> list[Listed]:
        """In Ollama's order: what was pulled last comes first."""
        said = decode_json(await self.fetch("GET", f"{self._root}/api/tags"))
        entries = said.get("models") if isinstance(said, dict) else None
        if not isinstance(entries, list):
            raise Garbled("no list of models")
        candidates = [entry for entry in entries[:MAX_MODELS] if isinstance(entry, dict) and is_chat_model(entry)]
        return [listed for entry in candidates if (listed := await self._look(entry)) is not None]

    async def _look(self, entry: dict[str, Any]) -> Listed | None:
        """What a model can do does not change while its digest stays, so each is asked about once."""
        name, digest = str(entry.get("name")), str(entry.get("digest"))
        if (name, digest) not in self._seen:
            try:
                shown = decode_json(await self.fetch("POST", f"{self._root}/api/show", {"model": name}))
            except APIStatusError:
                # Deleted a moment ago, or broken: nothing to chat with either way.
                return None
            self._seen[name, digest] = _describe(name, shown if isinstance(shown, dict) else {})
        return self._seen[name, digest]


def _describe(name: str, shown: dict[str, Any]) -> Listed | None:
    """A window that the model's file sets counts for more than the one that the model was trained for."""
    capabilities = shown.get("capabilities")
    if isinstance(capabilities, list) and "completion" not in capabilities:
        return None
    parameters, info = shown.get("parameters"), shown.get("model_info")
    if isinstance(parameters, str) and (set_to := _NUM_CTX.search(parameters)):
        return Listed(name, int(set_to[1]))
    windows = (
        [value for key, value in info.items() if key.endswith(".context_length")] if isinstance(info, dict) else []
    )
    return Listed(name, next((window for window in windows if type(window) is int and window > 0), None))
