"""One process that listens, and what becomes of it when something in it breaks."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import anyio
import pytest
from starlette.applications import Starlette

from server import serving
from tests.fixtures.server import settings_for


def test_a_server_whose_background_breaks_down_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With status 1, so that another is started: by itself it would go on as if nothing had happened."""
    there = threading.Event()

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        async def breaks_down() -> None:
            while not there.is_set():  # noqa: ASYNC110 -- set by a server that cannot wait for it
                await anyio.sleep(0.01)
            raise RuntimeError("out of order")

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(breaks_down)
            yield

    monkeypatch.setattr(serving, "create_app", lambda _settings: Starlette(lifespan=lifespan))
    settings = settings_for(tmp_path)
    with serving.listen(settings) as listener, pytest.raises(SystemExit) as ended:
        serving.run(settings, listener, started=there.set)
    assert ended.value.code == 1
