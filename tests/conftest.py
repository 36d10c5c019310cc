"""Fixtures that every test can ask for. They live in `tests.fixtures`, one file per kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import Upstream

# What structlog does by itself renders local variables, for seconds, on the loop of a server in this process.
structlog.configure(processors=[structlog.processors.format_exc_info, structlog.dev.ConsoleRenderer(colors=False)])

settings.register_profile("seeded", derandomize=True, deadline=None)
settings.load_profile("seeded")

pytest_plugins = [
    "tests.fixtures.databases",
    "tests.fixtures.redis",
    "tests.fixtures.accounts",
    "tests.fixtures.browser",
]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server(tmp_path: Path, database_url: str) -> Iterator[Running]:
    """A server of the test's own, with the demo model at full speed; on both engines."""
    with running(settings_for(tmp_path, database_url=database_url)) as server:
        yield server


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """An endpoint for models that says what the test has it say."""
    with Upstream.running() as upstream:
        yield upstream


@pytest.fixture
def scripted(tmp_path: Path, database_url: str, upstream: Upstream) -> Iterator[Running]:
    """A server whose models are ``upstream``'s; on both engines."""
    models = {"openai_api_key": "sk-canary-7f3a", "openai_base_url": upstream.base_url}
    with running(settings_for(tmp_path, database_url=database_url, **models)) as server:
        yield server
