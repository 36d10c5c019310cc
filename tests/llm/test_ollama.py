"""An Ollama is found, and its chat models listed with their windows."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from typing import Any

import pytest

from server.errors import UpstreamError
from server.llm.endpoint import Endpoint
from server.llm.listing import Listed
from server.llm.ollama import OllamaEndpoint
from server.llm.probe import listening, place
from server.llm.transport import Timeouts, open_client
from tests.fixtures.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ollama(upstream: Upstream, timeouts: Timeouts) -> AsyncIterator[OllamaEndpoint]:
    async with open_client(timeouts) as http:
        yield OllamaEndpoint(Endpoint("ollama", "Ollama", upstream.base_url, "PARLEY_OLLAMA_URL"), http, timeouts)


def tags(*models: tuple[str, str]) -> Answer:
    return Answer.of_json({"models": [{"name": name, "digest": digest} for name, digest in models]})


def shows(upstream: Upstream) -> list[Any]:
    return [request.body["model"] for request in upstream.requests if request.path == "/api/show"]


async def test_models_with_their_windows(upstream: Upstream, ollama: OllamaEndpoint) -> None:
    upstream.always(
        "/api/tags", tags(("qwen3:8b", "1"), ("bge:latest", "2"), ("mine:latest", "3"), ("nomic-embed-text", "4"))
    )
    for shown in (
        {
            "model_info": {"general.architecture": "qwen3", "qwen3.context_length": 40960},
            "capabilities": ["completion"],
        },
        {"model_info": {"bert.context_length": 512}, "capabilities": ["embedding"]},
        {"model_info": {"llama.context_length": 131072}, "parameters": 'stop  "<|x|>"\nnum_ctx    8192\n'},
    ):
        upstream.script_json(shown, path="/api/show")
    listed = [Listed("qwen3:8b", 40960), Listed("mine:latest", 8192)]
    assert await ollama.models() == listed
    assert await ollama.models() == listed
    assert shows(upstream) == ["qwen3:8b", "bge:latest", "mine:latest"]


async def test_a_model_is_looked_at_again_when_it_has_changed(upstream: Upstream, ollama: OllamaEndpoint) -> None:
    for digest, window in (("1", 1000), ("2", 2000)):
        upstream.script_json({"models": [{"name": "a", "digest": digest}]}, path="/api/tags")
        upstream.script_json({"model_info": {"llama.context_length": window}}, path="/api/show")
        assert await ollama.models() == [Listed("a", window)]


async def test_a_model_that_goes_meanwhile_is_left_out(upstream: Upstream, ollama: OllamaEndpoint) -> None:
    upstream.always("/api/tags", tags(("gone", "1"), ("odd", "2")))
    upstream.script_json({"error": "model 'gone' not found"}, 404, path="/api/show")
    upstream.script_json(["not what it should be"], path="/api/show")
    assert await ollama.models() == [Listed("odd", None)]


@pytest.mark.parametrize("content", [{}, {"models": 7}, []])
async def test_something_else_on_that_port(upstream: Upstream, ollama: OllamaEndpoint, content: Any) -> None:
    upstream.script_json(content, path="/api/tags")
    with pytest.raises(UpstreamError) as raised:
        await ollama.models()
    assert raised.value.reason == "garbled"


async def test_listening(upstream: Upstream) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert await listening(upstream.root_url)
    assert not await listening(f"http://127.0.0.1:{port}")
    assert not await listening("http://nobody.invalid")
    assert not await listening("http://a..b")


def test_place() -> None:
    assert place("http://localhost:11434/v1") == place("http://127.0.0.1:11434") == ("127.0.0.1", 11434)
    assert place("https://api.openai.com/v1") == ("api.openai.com", 443)
    with pytest.raises(ValueError, match="Port"):
        place("http://127.0.0.1:99999")
