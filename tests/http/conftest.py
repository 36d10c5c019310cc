"""The HTTP side on a real loopback socket, with a client that keeps cookies as a browser does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute

from server.accounts.origins import Origins
from server.http.auth import auth_routes
from server.http.callers import Callers
from server.http.errors import exception_handlers
from server.http.middleware import AtOnce, RequestContext, SecurityHeaders
from server.http.transport import Crowd, HttpProtocol
from server.settings import Settings
from tests.fixtures.accounts import PASSWORD, Worker
from tests.fixtures.databases import settings_for


def accounts_of(worker: Worker, settings: Settings) -> list[BaseRoute]:
    """For somebody for whom nothing runs."""

    async def stop_turns(_user: str) -> None:
        pass

    callers = Callers(worker.accounts, Origins(settings), settings)
    return auth_routes(worker.accounts, callers, settings, stop_turns=stop_turns)


def application(routes: Sequence[BaseRoute]) -> Starlette:
    return Starlette(
        routes=routes,
        middleware=[Middleware(SecurityHeaders), Middleware(RequestContext), Middleware(AtOnce)],
        exception_handlers=exception_handlers,
    )


@asynccontextmanager
async def serving(routes: Sequence[BaseRoute]) -> AsyncIterator[str]:
    """Serves these routes on this event loop; gives the address. Ends at once, where uvicorn alone would linger."""
    http: Any = partial(HttpProtocol, crowd=Crowd())
    config = uvicorn.Config(application(routes), port=0, log_config=None, lifespan="off", http=http)
    listener = config.bind_socket()
    config.load()
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    await server.startup([listener])
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        for listening in server.servers:
            listening.close()
        for connection in list(server.server_state.connections):
            connection.shutdown()
        await asyncio.gather(*server.server_state.tasks)
        listener.close()


class Program(httpx2.AsyncClient):
    """A client that is no browser: it sends what it is told to. It needs no certificates, whose reading takes time."""

    def __init__(self, url: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(base_url=url, headers=headers, trust_env=False, verify=False)


class Browser(Program):
    """Sends its cookies, and says which page it is on."""

    def __init__(self, url: str) -> None:
        super().__init__(url, {"origin": url, "user-agent": "Firefox/140.0 (Linux)"})

    async def register(self, name: str, **more: str) -> httpx2.Response:
        body = {"email": f"{name}@example.org", "username": name, "password": PASSWORD, **more}
        return await self.post("/api/auth/register", json=body)

    async def log_in(self, login: str, password: str = PASSWORD, **more: str) -> httpx2.Response:
        return await self.post("/api/auth/login", json={"login": login, "password": password, **more})


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """Accounts themselves are tested on both engines; to HTTP one is like the other."""
    return sqlite_url


@dataclass(frozen=True)
class Site:
    url: str
    worker: Worker


@pytest.fixture
async def site(worker: Worker, tmp_path: Path) -> AsyncIterator[Site]:
    settings = settings_for("sqlite://", tmp_path)
    async with serving(accounts_of(worker, settings)) as url:
        yield Site(url, worker)


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[Browser]:
    async with Browser(site.url) as browser:
        yield browser


@pytest.fixture
async def program(site: Site) -> AsyncIterator[Program]:
    async with Program(site.url) as program:
        yield program


def error_of(response: httpx2.Response) -> tuple[int, str, str | None]:
    """Status, code and field of an error, which has the contract's shape and nothing else."""
    content = response.json()
    assert content.keys() == {"error"}
    error = content["error"]
    assert {"code", "message"} <= error.keys() <= {"code", "message", "field"}
    assert error["message"]
    return response.status_code, error["code"], error.get("field")


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def cookies_of(response: httpx2.Response) -> dict[str, set[str]]:
    """Name of each cookie that is set, and its attributes, without the value."""
    found: dict[str, set[str]] = {}
    for header in response.headers.get_list("set-cookie"):
        pair, *attributes = header.split("; ")
        found[pair.partition("=")[0]] = set(attributes)
    return found
