"""Fixtures that every test can ask for. They live in `tests.fixtures`, one file per kind."""

from __future__ import annotations

import pytest

pytest_plugins = ["tests.fixtures.databases"]


@pytest.fixture(scope="session")
def anyio_backend() -> str:
    return "asyncio"
