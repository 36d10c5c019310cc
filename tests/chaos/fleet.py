"""Several workers that share a MariaDB and a Redis, all of them the storm's own."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress
from pathlib import Path
from time import monotonic
from typing import TypeVar

from anyio import to_thread

from tests.chaos.house import House
from tests.chaos.ledger import Trouble
from tests.chaos.models import Models
from tests.chaos.process import Process
from tests.fixtures.databases import create_mysql
from tests.fixtures.mariadb import MariaDB
from tests.fixtures.redis import RedisServer, redis_program

ALONE = 2
"""Workers that are started each for itself."""
TOGETHER = 2
"""Those of one `parley serve --workers`, beside them."""
LOOK = 0.2
REPLACED_SECONDS = 120.0
BEFORE, AFTER = 5.0, 30.0
"""Seconds around a worker's death in which its words in the log can be lost before anybody has saved them."""


P = TypeVar("P", bound=Process)


class FleetCommand(Process):
    """`parley serve --workers`: SIGHUP replaces its processes one by one."""

    async def children(self) -> set[int]:
        found = await to_thread.run_sync(
            lambda: subprocess.run(["pgrep", "-P", str(self.pid)], stdout=subprocess.PIPE, text=True)
        )
        return {int(pid) for pid in found.stdout.split()}

    async def roll(self) -> bool:
        """False when it takes far too long."""
        old = await self.children()
        self.send_signal(signal.SIGHUP)
        return await self._changed(old)

    async def kill(self) -> None:
        """All of it: its processes would drain first."""
        children = await self.children() if self.pid else set()
        await super().kill()
        for child in children:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)

    async def _changed(self, old: set[int]) -> bool:
        deadline = monotonic() + REPLACED_SECONDS
        while monotonic() < deadline:
            children = await self.children()
            if len(children) == TOGETHER and not children & old:
                return True
            await asyncio.sleep(LOOK)
        return False


class FleetHouse(House):
    kind = "fleet"

    def __init__(self, folder: Path, seed: int, models: Models, *, long: bool) -> None:
        super().__init__(folder, seed, models, long=long)
        for name in ("database", "redis"):
            (folder / name).mkdir()
        self.database = MariaDB(folder / "database", durable=True)
        self.redis = RedisServer(redis_program(), folder / "redis")
        self.command: FleetCommand | None = None
        self.database_lock, self.redis_lock = asyncio.Lock(), asyncio.Lock()
        self._url = ""

    @property
    def database_url(self) -> str:
        return self._url.replace("mysql:", "mysql+pymysql:")

    def environment(self) -> dict[str, str]:
        return super().environment() | {
            "PARLEY_DATABASE_URL": self._url,
            "PARLEY_REDIS_URL": self.redis.url,
            "PARLEY_SECRET_KEY": "a key that signs the tokens of the storm only",
        }

    def deaths_of_log(self, troubles: Sequence[Trouble]) -> list[Trouble]:
        losses = [trouble for trouble in troubles if trouble.kind == "redis"]
        return [
            death
            for death in troubles
            if death.kind in ("kill", "taken for dead")
            and any(loss.ended >= death.began - BEFORE and loss.began <= death.ended + AFTER for loss in losses)
        ]

    async def _build(self, stack: AsyncExitStack) -> None:
        stack.callback(self.database.kill)
        stack.callback(self.redis.kill)
        await to_thread.run_sync(self.database.start)
        await to_thread.run_sync(self.redis.start)
        self._url = create_mysql(self.database.url, "parley")
        for number in range(ALONE):
            await self._add(self._process(Process, f"worker {number + 1}", {}), stack)
        if self.long:
            self.command = self._process(FleetCommand, "fleet", {"PARLEY_WORKERS": str(TOGETHER)})
            await self._add(self.command, stack)
            self.processes.remove(self.command)

    def _process(self, kind: type[P], name: str, more: dict[str, str]) -> P:
        return kind(name, self.folder / name, self.proxy, self.environment() | more)
