"""Alive is not ready, and what is not ready is named."""

from __future__ import annotations

import threading

import httpx2
import pytest
from sqlmodel import Session, text

from server import migrations
from server.db import Database
from server.http import health
from server.http.health import Readiness, Unready, health_routes
from tests.fixtures.databases import settings_for
from tests.http.conftest import Program, serving

pytestmark = pytest.mark.anyio


async def ask(database: Database, path: str, **more: health.Check) -> httpx2.Response:
    routes = health_routes(database, more)
    async with serving(routes) as url, Program(url) as client:
        return await client.get(path)


async def test_alive(database: Database) -> None:
    response = await ask(database, "/healthz")
    assert (response.status_code, response.text) == (200, "ok\n")


async def test_ready(database: Database) -> None:
    response = await ask(database, "/readyz")
    assert response.status_code == 200
    assert response.json() == {"status": "ready", "checks": {"database": "ok", "migrations": "ok"}}


async def at(database: Database, revision: str) -> httpx2.Response:
    def move(session: Session) -> None:
        session.connection().execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})

    await database.write(move)
    return await ask(database, "/readyz")


async def test_an_older_revision_is_not_ready(database: Database) -> None:
    older = migrations.steps()[0].revision
    response = await at(database, older)
    assert response.status_code == 503
    checks = response.json()["checks"]
    assert checks["database"] == "ok"
    assert older in checks["migrations"]
    assert migrations.head() in checks["migrations"]


async def test_a_newer_revision_is_ready(database: Database) -> None:
    """In a rolling upgrade the old version serves on, while the new one has changed the database and starts."""
    assert (await at(database, "f00000000000")).status_code == 200


async def test_a_database_that_is_away_is_not_ready_but_the_server_is_alive(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("away")
    database = Database(settings_for("mysql://root:secret@127.0.0.1:1/parley", folder))
    response = await ask(database, "/readyz")
    assert response.status_code == 503
    assert set(response.json()["checks"].values()) == {"the database does not answer"}
    assert "secret" not in response.text
    assert (await ask(database, "/healthz")).status_code == 200
    database.close()


async def test_further_checks(database: Database) -> None:
    async def bad() -> None:
        raise Unready("the bus is away")

    async def broken() -> None:
        raise RuntimeError("secret")

    response = await ask(database, "/readyz", bus=bad, other=broken)
    assert response.status_code == 503
    checks = response.json()["checks"]
    assert checks["bus"] == "the bus is away"
    assert "secret" not in checks["other"]


async def test_a_check_that_hangs_is_not_waited_for_nor_started_twice(database: Database) -> None:
    """Its thread cannot be cut off, so there must not be a new one for each request."""
    answers = threading.Event()
    started = 0

    async def hanging() -> None:
        def work(_session: Session) -> None:
            nonlocal started
            started += 1
            answers.wait(10)

        await database.read(work)

    async def good() -> None:
        pass

    readiness = Readiness({"database": hanging, "other": good}, seconds=0.05)
    try:
        for _ in range(3):
            assert await readiness.results() == {"database": "no answer within 0.05 s", "other": "ok"}
    finally:
        answers.set()
    patient = Readiness({"database": hanging}, seconds=10)
    assert await patient.results() == {"database": "ok"}
    assert started == 2
