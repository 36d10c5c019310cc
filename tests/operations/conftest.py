"""Databases of both kinds, empty or with rows that are hard to carry."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from server.settings import Settings
from tests.fixtures.databases import ENGINES, create_mysql
from tests.fixtures.redis import own_redis
from tests.fixtures.server import settings_for
from tests.migrations.conftest import scratch
from tests.operations.rows import fill

__all__ = ["own_redis", "scratch"]

Blank = Callable[[str], Settings]


@pytest.fixture
def blank(request: pytest.FixtureRequest, tmp_path: Path) -> Blank:
    """Makes the settings of one more empty database of a kind."""
    numbers = count(1)

    def make(kind: str) -> Settings:
        name = f"operations_{next(numbers)}"
        folder = tmp_path / name
        folder.mkdir()
        if kind == "sqlite":
            return settings_for(folder)
        return settings_for(folder, database_url=create_mysql(request.getfixturevalue("mysql_server"), name))

    return make


@pytest.fixture(params=ENGINES)
def empty(request: pytest.FixtureRequest, blank: Blank) -> Settings:
    """On both engines, without any table."""
    return blank(request.param)


@pytest.fixture
def filled(empty: Settings) -> Settings:
    fill(empty)
    return empty
