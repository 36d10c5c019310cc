"""Puts the house together: what is made of what, which routes lead where, and what lives as long as the server."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, nullcontext
from datetime import timedelta
from pathlib import Path

import anyio
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware

from server.accounts.origins import Origins
from server.accounts.presence import Presences
from server.accounts.service import Accounts
from server.carrying.exports import Exports
from server.carrying.imports import Imports
from server.carrying.shares import Shares
from server.conversations.folders import Folders
from server.conversations.presets import Presets
from server.conversations.service import Conversations
from server.db import Database
from server.errors import Unavailable
from server.gateway.connection import Services
from server.gateway.connections import Connections
from server.gateway.endpoint import socket_routes
from server.gateway.feed import Feeds
from server.gateway.handlers.user import as_model
from server.gateway.html import Renderer
from server.http.auth import auth_routes
from server.http.callers import Callers
from server.http.carrying import carrying_routes
from server.http.errors import exception_handlers
from server.http.health import answering, health_routes
from server.http.middleware import AtOnce, RequestContext, SecurityHeaders
from server.http.shares import share_routes
from server.http.site import built_client, site_routes
from server.journal import Journal
from server.llm.catalog import Catalog
from server.protocol.events import ModelsUpdated
from server.realtime.bus import Bus, MemoryBus
from server.realtime.event_log import EventLog
from server.realtime.event_log_memory import MemoryEventLog
from server.realtime.probe import Probe
from server.realtime.redis_service import RedisService
from server.search.service import Search
from server.settings import Settings, secret_key
from server.tables import new_id, now
from server.turns.reaper import Reaper
from server.turns.recorder import Recorder
from server.turns.runner import Runner
from server.turns.service import Turns
from server.turns.supervisor import Supervisor
from server.turns.titles import Titles
from server.workers.heartbeat import Heartbeat

log = structlog.get_logger(__name__)

CLIENT = Path(__file__).resolve().parent.parent / "client" / "dist"
FIRST_LOOK_SECONDS = 1.5
"""How long the start waits for the models, so that the first question does not go to the demo model for nothing."""
SWEEP_SECONDS = 30.0
TEMPORARY_SECONDS = 30.0
"""From one look for temporary conversations that nobody needs any more to the next."""
PURGE_SECONDS = 3600.0


def create_app(settings: Settings) -> Starlette:
    database = Database(settings)
    redis = RedisService(settings.redis_url.get_secret_value(), settings.redis_prefix) if settings.redis_url else None
    event_log: EventLog = redis.event_log if redis else MemoryEventLog()
    bus: Bus = redis.bus if redis else MemoryBus()
    journal = Journal(database, event_log)
    catalog = Catalog(settings)
    accounts = Accounts(database, journal, bus, settings, secret_key(settings))
    conversations = Conversations(database, journal, draft_chars=settings.message_chars)
    titles = Titles(database, conversations, catalog)
    recorder = Recorder(database, journal)
    worker = new_id()
    supervisor = Supervisor(
        worker,
        Runner(database, catalog, recorder, settings),
        recorder,
        titles,
        bus,
        drain_seconds=settings.drain_seconds,
    )
    heartbeat = Heartbeat(database, worker, taken_for_dead=recorder.review)
    reaper = Reaper(database, journal)
    presences = Presences(database, journal, worker)
    turns = Turns(database, journal, catalog, supervisor, settings)
    exports = Exports(database)
    imports = Imports(database, journal, catalog, most_bytes=settings.import_bytes)
    shares = Shares(database, settings)
    renderer = Renderer()
    origins = Origins(settings)
    callers = Callers(accounts, origins, settings)
    connections = Connections(bus)
    services = Services(
        accounts=accounts,
        conversations=conversations,
        shares=shares,
        folders=Folders(database, journal),
        presets=Presets(database, journal),
        turns=turns,
        titles=titles,
        search=Search(database),
        catalog=catalog,
        journal=journal,
        feeds=Feeds(event_log, renderer),
        renderer=renderer,
        connections=connections,
        presences=presences,
    )

    async def tell_models() -> bool:
        models = [as_model(model) for model in catalog.models]
        users = [log for log in event_log.followed() if log.conversation is None]
        try:
            await event_log.append([(log, ModelsUpdated(models=models)) for log in users])
        except Unavailable as error:
            log.warning("models.not_told", reason=error.message)
            return False
        return True

    async def sweep() -> None:
        event_log.sweep()

    async def forget_temporary() -> None:
        await conversations.forget_temporary(now() - timedelta(seconds=settings.temporary_seconds))

    async def purge() -> None:
        await accounts.purge(now())
        await turns.forget_requests()
        await shares.purge()

    sweeps = (reaper.sweep, presences.sweep)

    async def end() -> None:
        """What cannot be said any more, another worker finds out."""
        try:
            await presences.end()
            await heartbeat.end()
        except Unavailable as error:
            log.warning("worker.left_in_silence", reason=error.message)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        await heartbeat.begin()
        if not event_log.outlives_process:  # then nobody else serves, and nothing is left of those who did
            for settle in sweeps:
                await settle()
        async with redis or nullcontext(), catalog, anyio.create_task_group() as tasks:
            with anyio.move_on_after(FIRST_LOOK_SECONDS):
                await catalog.refresh()
            tasks.start_soon(catalog.watch, tell_models)
            tasks.start_soon(connections.watch)
            tasks.start_soon(connections.audit, accounts.sessions.roles)
            tasks.start_soon(journal.serve)
            tasks.start_soon(Probe(event_log, worker).serve)
            tasks.start_soon(presences.serve)
            if database.kind != "sqlite":  # whose only user looks after nobody, and is looked after by nobody
                tasks.start_soon(heartbeat.serve, sweeps)
            tasks.start_soon(_every, SWEEP_SECONDS, sweep)
            tasks.start_soon(_every, TEMPORARY_SECONDS, forget_temporary)
            tasks.start_soon(_every, PURGE_SECONDS, purge)
            async with supervisor:
                yield
                heartbeat.draining = True
            await end()
            tasks.cancel_scope.cancel()
        database.close()

    app = Starlette(
        routes=[
            *auth_routes(accounts, callers, settings, stop_turns=turns.stop_all_of),
            *carrying_routes(exports, imports, callers, settings),
            *share_routes(shares),
            *socket_routes(services, origins, settings, built_client(CLIENT)),
            *health_routes(database, {"redis": answering(redis.ping, "Redis does not answer")} if redis else None),
            *site_routes(CLIENT),
        ],
        middleware=[Middleware(SecurityHeaders), Middleware(RequestContext), Middleware(AtOnce)],
        exception_handlers=exception_handlers,
        lifespan=lifespan,
    )
    app.state.hurry = supervisor.hurry
    return app


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        await anyio.sleep(seconds)
        try:
            await work()
        except Unavailable:
            log.warning("housekeeping.put_off", work=work.__name__)
        except Exception:
            log.exception("housekeeping.failed", work=work.__name__)
