"""Two workers that share a MariaDB and a Redis of the test's own, and models that say what the test wants."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.fixtures.databases import create_mysql
from tests.fixtures.redis import RedisServer
from tests.fixtures.server import ServerProcess
from tests.fixtures.upstream import Upstream


@dataclass(frozen=True)
class Workers:
    """Each a process with an address of its own, so that a test can choose which of them it asks."""

    first: ServerProcess
    second: ServerProcess
    redis: RedisServer
    upstream: Upstream


@pytest.fixture
def environment(mysql_server: str, own_redis: RedisServer, upstream: Upstream, tmp_path: Path) -> dict[str, str]:
    """Of processes that are one server. The database is empty."""
    return {
        "OPENAI_API_KEY": "sk-canary",
        "OPENAI_BASE_URL": upstream.base_url,
        "PARLEY_DATABASE_URL": create_mysql(mysql_server, "together"),
        "PARLEY_REDIS_URL": own_redis.url,
        "PARLEY_SECRET_KEY": "a key that signs the tokens of tests only",
        "PARLEY_DRAIN_SECONDS": "30",
    }


@pytest.fixture
def workers(
    tmp_path: Path, environment: dict[str, str], own_redis: RedisServer, upstream: Upstream
) -> Iterator[Workers]:
    first, second = (ServerProcess(tmp_path / name, **environment) for name in ("first", "second"))
    with first, second:  # one after the other: the first one makes the tables
        yield Workers(first, second, own_redis, upstream)
