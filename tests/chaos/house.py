"""What serves: the processes, their database and what they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import anyio
from sqlalchemy import Engine, make_url

from server import db
from tests.chaos.ledger import Trouble
from tests.chaos.models import Models
from tests.chaos.process import Process
from tests.chaos.proxy import Proxy

HEARTBEAT = 3
DRAIN = 20
"""Seconds that an answer has to come to its end; those of `models` take less, unless they hang."""
ACCESS = 20
"""Seconds that an access token is good for, so that many are refreshed."""


class House(ABC):
    kind: str

    def __init__(self, folder: Path, seed: int, models: Models, *, long: bool) -> None:
        self.folder = folder
        self.proxy = Proxy(seed)
        self.models = models
        self.long = long
        """Whether it is to stand for minutes rather than for seconds."""
        self.processes: list[Process] = []
        self.engine: Engine

    @asynccontextmanager
    async def standing(self) -> AsyncIterator[House]:
        """Whatever ends it, nothing of it is left."""
        async with AsyncExitStack() as stack:
            await stack.enter_async_context(self.proxy.listening())
            await self._build(stack)
            self.engine = db.engine_of(make_url(self.database_url))
            stack.callback(self.engine.dispose)
            yield self

    @property
    @abstractmethod
    def database_url(self) -> str: ...

    @abstractmethod
    async def _build(self, stack: AsyncExitStack) -> None:
        """Starts everything; ``stack`` ends it."""

    @abstractmethod
    def deaths_of_log(self, troubles: Sequence[Trouble]) -> list[Trouble]:
        """Those with which a worker died together with what its log held."""

    def environment(self) -> dict[str, str]:
        return {
            "OPENAI_API_KEY": "sk-canary",
            "OPENAI_BASE_URL": self.models.base_url,
            "PARLEY_HEARTBEAT_SECONDS": str(HEARTBEAT),
            "PARLEY_DRAIN_SECONDS": str(DRAIN),
            "PARLEY_ACCESS_TOKEN_SECONDS": str(ACCESS),
            "PARLEY_ACTIVE_TURNS": "6",
            "PARLEY_LOG_FORMAT": "json",
        }

    async def _add(self, process: Process, stack: AsyncExitStack) -> None:
        stack.push_async_callback(_end, process)
        await process.start()
        self.processes.append(process)


async def _end(process: Process) -> None:
    with anyio.CancelScope(shield=True):
        await process.kill()


class SqliteHouse(House):
    """One process; its log is its memory, and dies with it."""

    kind = "sqlite"

    @property
    def database_url(self) -> str:
        return f"sqlite:///{self.folder / 'parley.db'}"

    def deaths_of_log(self, troubles: Sequence[Trouble]) -> list[Trouble]:
        return [trouble for trouble in troubles if trouble.kind == "kill"]

    async def _build(self, stack: AsyncExitStack) -> None:
        await self._add(Process("server", self.folder, self.proxy, self.environment()), stack)
