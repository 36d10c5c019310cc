"""Several processes that serve on one port, and the one that looks after them.

Each has a listener of its own with SO_REUSEPORT, so that the kernel deals connections out evenly; of one shared
listener the busiest process takes most. SIGTERM ends them all, each of which drains. SIGHUP replaces them one by one,
a new one first: that is how a new version of the code, or other settings in `.env`, come in without a gap.
"""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from types import FrameType

import structlog

from server import data_folder, metrics, serving
from server.errors import StartupError
from server.settings import Settings

log = structlog.get_logger(__name__)

START_SECONDS = 60.0
"""How long a process may take until it serves."""
QUICK_SECONDS = 10.0
"""A process that has lived shorter than this did not die of something that came up later."""
DELAYS = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Seconds before a process is replaced that died quickly, the first time, the second, …"""
STEP = 0.2
READY = b"r"


def serve(settings: Settings, *, migrate_first: bool = False) -> None:
    if settings.redis_url is None or not settings.database.startswith(("mysql", "mariadb")):
        raise StartupError(
            "PARLEY_WORKERS: several processes need MySQL (PARLEY_DATABASE_URL) and Redis (PARLEY_REDIS_URL)."
        )
    with data_folder.held(settings), serving.listen(settings, shared=True) as reserved:
        serving.prepare(settings, migrate_first=migrate_first)
        host, port = reserved.getsockname()[:2]
        with (
            _emptied(settings.data_dir / "metrics") as shared,
            _Fleet(host, port, settings.workers, shared) as fleet,
        ):
            fleet.start()
            serving.announce(settings.public_url or serving.address(reserved))
            fleet.watch()


def work(settings: Settings, ready: int, life: int) -> None:
    """One process of a fleet. ``ready`` and ``life`` are file descriptors: it says on the one that it serves, and ends
    when the other does, as it does with the process at the other side of it.
    """

    def outlive_nobody() -> None:
        os.read(life, 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def started() -> None:
        os.write(ready, READY)
        os.close(ready)

    threading.Thread(target=outlive_nobody, name="life", daemon=True).start()
    with serving.listen(settings, shared=True) as listener:
        serving.run(settings, listener, started)


@contextmanager
def _emptied(folder: Path) -> Iterator[str]:
    """In the data folder, which is this fleet's alone, and can be written where nothing else can."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    try:
        yield str(folder.absolute())
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(eq=False, slots=True)
class _Member:
    process: subprocess.Popen[bytes]
    ready: int
    """Its end of a pipe; something can be read from it once the process serves, or is dead."""
    since: float = field(default_factory=monotonic)

    def await_ready(self) -> bool:
        with selectors.DefaultSelector() as selector:
            selector.register(self.ready, selectors.EVENT_READ)
            came = bool(selector.select(START_SECONDS))
        serves = came and os.read(self.ready, 1) == READY
        os.close(self.ready)
        return serves


class _Fleet:
    def __init__(self, host: str, port: int, size: int, figures: str) -> None:
        self._figures = figures
        self._environment = {**os.environ, metrics.SHARED: figures}
        self._arguments = [sys.executable, "-m", "server", "work", "--host", host, "--port", str(port)]
        self._size = size
        self._members: list[_Member] = []
        self._quick_deaths = 0
        self._ending = False
        self._replacing = False
        self._news = threading.Event()
        self._life, self._life_end = os.pipe()

    def __enter__(self) -> _Fleet:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, self._hear)
        return self

    def __exit__(self, *_: object) -> None:
        """Nobody is left when this ends, whatever ended it."""
        os.close(self._life_end)
        for member in self._members:
            member.process.wait()

    def start(self) -> None:
        """All at once. Raises StartupError when one does not come to serve: the others would not either."""
        self._members = [self._spawn() for _ in range(self._size)]
        ready = [member.await_ready() for member in self._members]
        if not all(ready) and not self._ending:
            raise StartupError("A process of several did not start; the log above says why.")

    def watch(self) -> None:
        """Until asked to end: replaces the dead, and on SIGHUP everybody in turn."""
        while not self._ending:
            self._news.wait(STEP)
            self._news.clear()
            if self._replacing:
                self._replacing = False
                self._replace_all()
            for member in [member for member in self._members if member.process.poll() is not None]:
                self._replace_dead(member)

    def _forget(self, member: _Member) -> None:
        self._members.remove(member)
        metrics.forget_process(member.process.pid, self._figures)

    def _replace_dead(self, member: _Member) -> None:
        self._forget(member)
        if self._ending:
            return
        quick = monotonic() - member.since < QUICK_SECONDS
        self._quick_deaths = self._quick_deaths + 1 if quick else 0
        delay = DELAYS[min(self._quick_deaths, len(DELAYS) - 1)]
        log.error("fleet.process_died", process=member.process.pid, status=member.process.returncode, again_in=delay)
        deadline = monotonic() + delay
        while monotonic() < deadline and not self._ending:
            self._news.wait(deadline - monotonic())
            self._news.clear()
        if not self._ending:
            self._members.append(new := self._spawn())
            new.await_ready()

    def _replace_all(self) -> None:
        log.info("fleet.replacing", processes=len(self._members))
        for old in list(self._members):
            new = self._spawn()
            self._members.append(new)
            if not new.await_ready():
                log.error("fleet.not_replaced", process=old.process.pid)
                new.process.kill()
                new.process.wait()
                self._forget(new)
                return  # those that serve go on
            old.process.terminate()
            old.process.wait()
            self._forget(old)
            if self._ending:
                return

    def _spawn(self) -> _Member:
        ready, theirs = os.pipe()
        descriptors = ["--ready", str(theirs), "--life", str(self._life)]
        process = subprocess.Popen(  # noqa: S603 -- this very program
            [*self._arguments, *descriptors], pass_fds=[theirs, self._life], env=self._environment
        )
        os.close(theirs)
        log.info("fleet.process_started", process=process.pid)
        return _Member(process, ready)

    def _hear(self, number: int, _frame: FrameType | None) -> None:
        if number == signal.SIGHUP:
            self._replacing = True
        else:
            self._ending = True
            for member in self._members:
                if member.process.poll() is None:
                    member.process.send_signal(number)
        self._news.set()
