"""``/healthz``: the process is alive. ``/readyz``: it can serve, or which check says that it cannot. ``/metrics``."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping

import structlog
from anyio import to_thread
from sqlmodel import Session
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from server import metrics, migrations
from server.db import Database
from server.errors import Unavailable
from server.http import bodies

log = structlog.get_logger(__name__)

SECONDS = 3.0
"""Beyond it a check counts as failed: whoever asks has a time-out of its own."""

Check = Callable[[], Awaitable[None]]
"""Raises Unready, with words for an operator and nothing secret in them."""


class Unready(Exception):
    pass


def health_routes(database: Database, more: Mapping[str, Check] | None = None) -> list[BaseRoute]:
    """``more``: further checks by name, such as the bus's."""
    readiness = Readiness({"database": lambda: _answers(database), "migrations": _at_head(database), **(more or {})})

    async def alive(_request: Request) -> Response:
        return PlainTextResponse("ok\n", headers={"cache-control": "no-store"})

    async def ready(_request: Request) -> Response:
        checks = await readiness.results()
        good = all(words == "ok" for words in checks.values())
        return bodies.answer({"status": "ready" if good else "not ready", "checks": checks}, 200 if good else 503)

    async def figures(_request: Request) -> Response:
        text = await to_thread.run_sync(metrics.exposition)
        return Response(text, media_type=metrics.CONTENT_TYPE, headers={"cache-control": "no-store"})

    return [Route("/healthz", alive), Route("/readyz", ready), Route("/metrics", figures)]


def answering(ask: Callable[[], Awaitable[None]], otherwise: str) -> Check:
    """Of a service: ``otherwise`` is what is said when asking it is Unavailable."""

    async def check() -> None:
        try:
            await ask()
        except Unavailable:
            raise Unready(otherwise) from None

    return check


class Readiness:
    """Runs the checks side by side.

    A check that hangs cannot be cut off, for its thread waits for the database: it is left running, and whoever asks
    again waits for the same one. So there is never more than one of a kind.
    """

    def __init__(self, checks: Mapping[str, Check], seconds: float = SECONDS) -> None:
        self._checks = checks
        self._seconds = seconds
        self._running: dict[str, asyncio.Task[str]] = {}

    async def results(self) -> dict[str, str]:
        """Per check "ok", or what is wrong."""
        for name, check in self._checks.items():
            if name not in self._running or self._running[name].done():
                self._running[name] = asyncio.create_task(_result(name, check))
        tasks = dict(self._running)
        await asyncio.wait(tasks.values(), timeout=self._seconds)
        return {
            name: task.result() if task.done() else f"no answer within {self._seconds:g} s"
            for name, task in tasks.items()
        }


async def _result(name: str, check: Check) -> str:
    try:
        await check()
    except Unready as error:
        return str(error)
    except Exception:
        log.exception("health.check.failed", check=name)
        return "failed; the log says how"
    return "ok"


async def _answers(database: Database) -> None:
    try:
        await database.read(lambda session: session.connection().exec_driver_sql("SELECT 1").scalar())
    except Unavailable:
        raise Unready("the database does not answer") from None


def _at_head(database: Database) -> Check:
    """A revision that this program does not know is a newer one's, which is about to take over: until it does, this one
    serves, and migrations change nothing that it needs.
    """
    head, known = migrations.head(), {step.revision for step in migrations.steps()}

    def revision(session: Session) -> str | None:
        return migrations.current(session.connection())

    async def check() -> None:
        try:
            current = await database.read(revision)
        except Unavailable:
            raise Unready("the database does not answer") from None
        if current is None or (current in known and current != head):
            raise Unready(f"the database is at revision {current}, this program needs {head}: run `parley db upgrade`")

    return check
