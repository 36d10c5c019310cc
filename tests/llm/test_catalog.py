"""The list of models follows the endpoints, and outlives their failures."""

from __future__ import annotations

import socket
import subprocess
import sys
from typing import Any

import anyio
import pytest
import structlog.testing

from server.errors import NotFound, StartupError, UpstreamError
from server.llm import catalog as catalogs
from server.llm.base import Delta, ModelInfo, ModelMessage, ModelRequest
from server.llm.catalog import Catalog
from server.settings import Settings
from tests.fixtures.upstream import Answer, Upstream

pytestmark = pytest.mark.anyio

KEY = "canary-93f1c07a55"
QUESTION = ModelRequest([ModelMessage("user", "hello")])


@pytest.fixture
def nowhere() -> str:
    """An address where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def settings(ollama_url: str, **given: Any) -> Settings:
    """What the environment of whoever runs the tests says about endpoints does not count."""
    return Settings(
        **{"openai_api_key": None, "openai_base_url": None, "demo_pace": 0, "ollama_url": ollama_url, **given}
    )


def ids(catalog: Catalog) -> list[str]:
    return [info.id for info in catalog.models]


async def say(catalog: Catalog, model_id: str) -> str:
    parts = [part async for part in catalog.get(model_id).stream(QUESTION)]
    return "".join(part.text for part in parts if isinstance(part, Delta))


async def test_there_is_always_the_demo_model(nowhere: str) -> None:
    async with Catalog(settings(nowhere)) as catalog:
        assert not await catalog.refresh()
        assert catalog.default().demo
        assert "hello" in await say(catalog, "demo/parley")


async def test_models_of_an_endpoint(upstream: Upstream, nowhere: str) -> None:
    upstream.models = ["small", {"id": "large", "max_model_len": 8192}, "text-embedding-3-small"]
    async with Catalog(settings(nowhere, openai_base_url=upstream.base_url)) as catalog:
        assert await catalog.refresh()
        assert not await catalog.refresh()
        assert catalog.models[:2] == (
            ModelInfo("openai/small", "small", "127.0.0.1", None),
            ModelInfo("openai/large", "large", "127.0.0.1", 8192),
        )
        assert catalog.models[2:] == (catalog.get("demo/parley").info,)
        assert catalog.default().id == "openai/small"
        assert await say(catalog, "openai/large") == "Hello from upstream."


@pytest.mark.parametrize("model_id", ["openai/gone", "openai/", "openai", "ollama/a", "nobody/small", "", "demo/other"])
async def test_a_model_that_is_not_there(upstream: Upstream, nowhere: str, model_id: str) -> None:
    async with Catalog(settings(nowhere, openai_base_url=upstream.base_url)) as catalog:
        await catalog.refresh()
        with pytest.raises(NotFound):
            catalog.get(model_id)


async def test_before_the_list_is_known_the_endpoint_itself_is_asked(nowhere: str) -> None:
    """A conversation whose endpoint is down at the start hears that it is down, not that its model is unknown."""
    async with Catalog(settings(nowhere, openai_base_url=nowhere)) as catalog:
        await catalog.refresh()
        with pytest.raises(UpstreamError) as raised:
            await say(catalog, "openai/small")
        assert raised.value.reason == "unreachable"
        with pytest.raises(NotFound):
            catalog.get("openai/")


async def test_known_models_outlive_a_failure_which_is_logged_once(upstream: Upstream, nowhere: str) -> None:
    given = settings(nowhere, openai_base_url=upstream.base_url, openai_api_key=KEY)
    async with Catalog(given) as catalog:
        await catalog.refresh()
        upstream.always("/v1/models", Answer.of_json({"error": {"message": f"bad key {KEY}"}}, 401))
        with structlog.testing.capture_logs() as lines:
            assert not await catalog.refresh()
            assert not await catalog.refresh()
            upstream.always("/v1/models", Answer.of_json({"data": [{"id": "new"}]}))
            assert await catalog.refresh()
        assert [(line["event"], line.get("reason")) for line in lines] == [
            ("models.not_listed", "auth"),
            ("models.listed", None),
        ]
        assert KEY not in str(lines)
        assert ids(catalog) == ["openai/new", "demo/parley"]


async def test_an_ollama_comes_and_goes(upstream: Upstream, nowhere: str) -> None:
    upstream.always("/api/tags", Answer.of_json({"models": [{"name": "qwen3:8b", "digest": "1"}]}))
    upstream.always("/api/show", Answer.of_json({"model_info": {"qwen3.context_length": 40960}}))
    async with Catalog(settings(upstream.root_url, openai_base_url=f"{nowhere}/v1")) as catalog:
        assert await catalog.refresh()
        assert catalog.default() == ModelInfo("ollama/qwen3:8b", "qwen3:8b", "Ollama", 40960)
        assert await say(catalog, "ollama/qwen3:8b") == "Hello from upstream."
        upstream.stop()
        assert await catalog.refresh()
        assert ids(catalog) == ["demo/parley"]


async def test_an_ollama_that_is_configured_is_not_listed_twice(upstream: Upstream) -> None:
    async with Catalog(settings(upstream.root_url, openai_base_url=upstream.base_url)) as catalog:
        await catalog.refresh()
        assert ids(catalog) == ["openai/small", "openai/large", "demo/parley"]


async def test_watching_tells_of_each_change(upstream: Upstream, nowhere: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SECONDS", "SECONDS_AFTER_FAILURE", "SECONDS_UNTIL_FOUND"):
        monkeypatch.setattr(catalogs, name, 0.01)
    async with Catalog(settings(nowhere, openai_base_url=upstream.base_url)) as catalog:
        seen: list[list[str]] = []

        async def changed() -> bool:
            """Nobody can be told the first time."""
            seen.append(ids(catalog))
            if len(seen) == 2:
                upstream.models = ["only"]
            elif len(seen) == 3:
                tasks.cancel_scope.cancel()
            return len(seen) > 1

        with anyio.fail_after(10):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(catalog.watch, changed)
        first = ["openai/small", "openai/large", "demo/parley"]
        assert seen == [first, first, ["openai/only", "demo/parley"]]


@pytest.mark.parametrize("address", ["http://[bad", "http://127.0.0.1:99999"])
async def test_an_address_that_is_none_ends_the_start(nowhere: str, address: str) -> None:
    with pytest.raises(StartupError, match=r"^OPENAI_BASE_URL: "):
        Catalog(settings(nowhere, openai_base_url=address))
    with pytest.raises(StartupError, match=r"^PARLEY_OLLAMA_URL: "):
        Catalog(settings(address))


async def test_a_key_as_people_paste_it(upstream: Upstream, nowhere: str) -> None:
    async with Catalog(settings(nowhere, openai_base_url=upstream.base_url, openai_api_key=f" {KEY}\n")) as catalog:
        await catalog.refresh()
    assert upstream.requests[0].headers["authorization"] == f"Bearer {KEY}"
    with pytest.raises(StartupError, match=r"^OPENAI_API_KEY: "):
        Catalog(settings(nowhere, openai_api_key="你的密钥"))


def test_who_has_only_the_demo_model_does_not_load_the_openai_package(nowhere: str) -> None:
    """It would cost the start most of a second, and 50 MB."""
    script = f"""
import sys, anyio
from server.llm.catalog import Catalog
from server.settings import Settings
async def main():
    async with Catalog(Settings(ollama_url={nowhere!r}, openai_api_key=None, openai_base_url=None)) as catalog:
        await catalog.refresh()
anyio.run(main)
sys.exit("openai" in sys.modules or "aiohttp" in sys.modules)
"""
    subprocess.run([sys.executable, "-c", script], check=True, env={"PATH": ""}, timeout=60)
