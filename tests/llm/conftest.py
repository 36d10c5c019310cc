from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import pytest
from pydantic import SecretStr

from server.llm.base import ModelInfo
from server.llm.endpoint import Endpoint
from server.llm.openai import OpenAIChat, OpenAIEndpoint
from server.llm.transport import Timeouts, open_client
from tests.fixtures.upstream import Upstream

KEY = "canary-93f1c07a55"
INFO = ModelInfo("openai/small", "small", "Acme", None)


@pytest.fixture(params=[False, True], ids=["asyncio", "uvloop"])
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, bool]]:
    """uvicorn runs on uvloop where there is one, and on asyncio where not."""
    return "asyncio", {"use_uvloop": request.param}


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    with Upstream.running() as running:
        yield running


@pytest.fixture
def timeouts() -> Timeouts:
    return Timeouts(connect=5, first=10, between=10, silent=10, closing=10, listing=10)


@asynccontextmanager
async def open_endpoint(
    base_url: str, timeouts: Timeouts, api_key: SecretStr | None = None
) -> AsyncIterator[OpenAIEndpoint]:
    async with open_client(timeouts) as http:
        named = Endpoint("openai", "Acme", base_url, "OPENAI_BASE_URL", "OPENAI_API_KEY", api_key)
        yield OpenAIEndpoint(named, http, timeouts)


@pytest.fixture
async def endpoint(upstream: Upstream, timeouts: Timeouts) -> AsyncIterator[OpenAIEndpoint]:
    async with open_endpoint(upstream.base_url, timeouts, SecretStr(KEY)) as opened:
        yield opened


@pytest.fixture
def model(endpoint: OpenAIEndpoint) -> OpenAIChat:
    return endpoint.chat(INFO, "small")
