"""Fixtures that every test can ask for. They live in `tests.fixtures`, one file per kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.server import Running, running, settings_for

pytest_plugins = ["tests.fixtures.databases"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """A server of the test's own, with the demo model at full speed."""
    with running(settings_for(tmp_path)) as server:
        yield server
