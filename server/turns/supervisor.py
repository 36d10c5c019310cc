"""Owns the tasks of all turns of this worker: they live in the app's lifespan, and no socket owns any of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from types import TracebackType
from typing import Self

import anyio
import structlog
from anyio.abc import TaskGroup

from server import metrics
from server.protocol.codes import Part, Status
from server.realtime.bus import Bus, Signal, StopTurn
from server.tables import Conversation
from server.turns.recorder import Recorder
from server.turns.repository import Run
from server.turns.runner import Handle, Runner
from server.turns.titles import Titles

log = structlog.get_logger(__name__)

STOPPING = 10.0
"""Seconds that a turn which was told to end has for its last write."""


class Supervisor:
    """An async context manager. Leaving it lets live turns come to their end for so many seconds, if nobody hurries.

    Those that do not make it end as ``interrupted``, with their text; what the database does not take even then is left
    to whoever looks after the turns of the dead.
    """

    def __init__(
        self,
        worker: str,
        runner: Runner,
        recorder: Recorder,
        titles: Titles,
        bus: Bus,
        *,
        drain_seconds: float,
    ) -> None:
        self.worker = worker
        self._runner = runner
        self._recorder = recorder
        self._titles = titles
        self._handles: dict[str, Handle] = {}
        self._turns: TaskGroup
        self._service: TaskGroup
        self._bus = bus
        self._drain_seconds = drain_seconds
        self._hurry = anyio.Event()
        self._idle = anyio.Event()
        self._running = 0
        """Turns, and those that have ended and get their title."""
        bus.listen(self._hear)

    @property
    def live(self) -> int:
        """Turns that run here."""
        return len(self._handles)

    def hurry(self) -> None:
        """Live turns are not waited for when this ends."""
        self._hurry.set()

    async def __aenter__(self) -> Self:
        self._service = await anyio.create_task_group().__aenter__()
        self._service.start_soon(self._recorder.serve_log)
        self._service.start_soon(self._recorder.serve_database)
        self._turns = await anyio.create_task_group().__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with anyio.CancelScope(shield=True):
            if kind is None:  # else this process has broken down, and others are better off without it
                await self._drain()
            for handle in list(self._handles.values()):
                handle.end(Status.INTERRUPTED)
            with anyio.move_on_after(STOPPING):
                while self._handles:
                    await next(iter(self._handles.values())).ended.wait()
            self._recorder.wait_no_longer()
        self._turns.cancel_scope.cancel()
        await self._turns.__aexit__(None, None, None)
        self._service.cancel_scope.cancel()
        await self._service.__aexit__(None, None, None)

    def start(self, run: Run, epoch: str, base: Mapping[Part, str]) -> None:
        """Begins a run whose row is committed; ``epoch`` is that of the log which tells of it."""
        handle = self._handles[run.turn] = Handle(run.number)
        self._running += 1
        metrics.LIVE_TURNS.inc()
        runs = partial(self._runner.run, run, handle, epoch=epoch, base=base)
        self._turns.start_soon(self._run, run, handle, runs, name=f"turn {run.turn}")

    async def stop(self, turn: str, run: int) -> None:
        """Ends this run of the turn as ``stopped``, on whichever worker it is."""
        if handle := self._handle(turn, run):
            handle.end(Status.STOPPED)
        else:
            await self._bus.publish(StopTurn(turn, run))

    async def stopped(self, turn: str, run: int) -> bool:
        """Ends the run as ``stopped``, and waits until that is stored if it is here. Else False."""
        handle = self._handle(turn, run)
        await self.stop(turn, run)
        if handle is None:
            return False
        with anyio.move_on_after(STOPPING):
            await handle.ended.wait()
        return True

    async def _drain(self) -> None:
        if not self._running or self._hurry.is_set():
            return
        log.info("turns.draining", turns=self.live, seconds=self._drain_seconds)
        with anyio.move_on_after(self._drain_seconds):
            async with anyio.create_task_group() as either:

                async def until(event: anyio.Event) -> None:
                    await event.wait()
                    either.cancel_scope.cancel()

                self._idle = anyio.Event()
                either.start_soon(until, self._hurry)
                either.start_soon(until, self._idle)
        log.info("turns.drained", left=self.live)

    async def _hear(self, signal: Signal) -> None:
        if isinstance(signal, StopTurn) and (handle := self._handle(signal.turn, signal.run)):
            handle.end(Status.STOPPED)

    def _handle(self, turn: str, run: int) -> Handle | None:
        handle = self._handles.get(turn)
        return handle if handle is not None and handle.run == run else None

    async def _run(self, run: Run, handle: Handle, runs: Callable[[], Awaitable[Conversation | None]]) -> None:
        try:
            try:
                conversation = await runs()
            finally:
                if (
                    self._handles.get(run.turn) is handle
                ):  # else the next run has begun: what ends this one is told first
                    del self._handles[run.turn]
                metrics.LIVE_TURNS.dec()
                handle.ended.set()
            if conversation is not None and self._titles.wanted(conversation):
                await self._titles.write(run.user, conversation.id)
        except Exception:  # what goes wrong in one turn must not end those of everyone else
            log.exception("turn.lost", turn=run.turn)
        finally:
            self._running -= 1
            if self._running == 0:
                self._idle.set()
