"""What happens to a house. Each fault takes its time and leaves everything as it should be, but for the damage."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import dataclass
from random import Random
from time import monotonic

from sqlalchemy.exc import DBAPIError

from tests.chaos import stored
from tests.chaos.house import House
from tests.chaos.ledger import Ledger, Trouble, Wrong
from tests.chaos.models import Mood
from tests.chaos.process import Process
from tests.chaos.proxy import Way

DEAD = 8.0
"""Seconds of silence after which a worker counts as dead for the others."""
LOOK = 0.1
FREEZES = (0.1, 1.0, 5.0, 12.0, 30.0)
BOUND = 90.0
"""Seconds that a turn may outlive its worker: far beyond the 15 of the contract, for a loaded machine. The table has
the figure."""


@dataclass
class Scene:
    """``long``: whether there is time for faults that take half a minute."""

    house: House
    ledger: Ledger
    random: Random
    long: bool = True


Fault = Callable[[Scene], Awaitable[str]]
"""Returns words for whoever watches."""


async def _free(scene: Scene) -> Process:
    """A process to which nothing is being done, or else the one that is free first."""
    processes = scene.random.sample(scene.house.processes, k=len(scene.house.processes))
    process = next((process for process in processes if not process.lock.locked()), processes[0])
    await process.lock.acquire()
    return process


async def _turns_of(scene: Scene, process: Process) -> list[str]:
    """What it is answering. Nothing is known while the database does not answer."""
    try:
        return await stored.live_of(scene.house.engine, process.pid)
    except DBAPIError:
        return []


async def _ended(scene: Scene, kind: str, turns: list[str], since: float) -> None:
    """How long the turns of a dead worker live on."""
    if not turns:
        return
    while turns:
        await asyncio.sleep(LOOK)
        try:
            turns = await stored.live_among(scene.house.engine, turns)
        except DBAPIError:
            continue
        if turns and monotonic() - since > BOUND:
            scene.ledger.wrong(Wrong.LATE, f"{len(turns)} turns had not ended {BOUND:.0f} s after {kind}: {turns}")
            return
    scene.ledger.measure(f"{kind}: turns ended", monotonic() - since)


async def kill(scene: Scene) -> str:
    process = await _free(scene)
    try:
        turns = await _turns_of(scene, process)
        began = monotonic()
        await process.kill()
        killed = monotonic()
        away = scene.random.choice((0.0, 0.0, 1.0, 3.0))
        others = len(scene.house.processes) > 1
        # Others end its turns while it is away; alone it does so itself, when it comes back.
        ended = asyncio.create_task(_ended(scene, "kill -9", turns, killed)) if others else None
        await asyncio.sleep(away)
        await process.start()
        back = monotonic() - killed
        scene.ledger.troubles.append(Trouble("kill", began, killed, process.name))
    finally:
        process.lock.release()
    await (ended or _ended(scene, "kill -9", turns, killed))
    return f"kill -9 of {process.name}, {len(turns)} answers in it, back after {back:.1f} s"


async def end(scene: Scene) -> str:
    """SIGTERM, and another one in its place."""
    process = await _free(scene)
    try:
        began = monotonic()
        status = await process.end()
        if status != 0:
            scene.ledger.wrong(Wrong.REFUSED, f"{process.name} ended with status {status} after SIGTERM")
        drained = monotonic() - began
        scene.ledger.troubles.append(Trouble("end", began, monotonic(), process.name))
        await process.start()
    finally:
        process.lock.release()
    return f"SIGTERM to {process.name}, drained for {drained:.1f} s"


async def freeze(scene: Scene) -> str:
    process = await _free(scene)
    seconds = scene.random.choice(FREEZES if scene.long else FREEZES[:3])
    began = monotonic()
    try:
        process.freeze()
        try:
            await asyncio.sleep(seconds)
        finally:
            process.thaw()
    finally:
        process.lock.release()
    kind = "taken for dead" if seconds > DEAD / 2 and len(scene.house.processes) > 1 else "frozen"
    scene.ledger.troubles.append(Trouble(kind, began, monotonic(), process.name))
    return f"SIGSTOP of {process.name} for {seconds:g} s"


async def cut_lines(scene: Scene) -> str:
    """Some are cut at once, some after a number of bytes, wherever in a frame that is."""
    random = scene.random
    lines = scene.house.proxy.some(random.choice((0.2, 0.5, 1.0)))
    for line in lines:
        way = random.choice(list(Way))
        count = random.choice((1, random.randrange(1, 200), random.randrange(1, 20_000)))
        line.cut_after(way, count, politely=random.random() < 0.5)
    await asyncio.sleep(1)
    return f"{len(lines)} lines cut in the middle of a frame"


async def lose_lines(scene: Scene) -> str:
    """Half open: one way or both nothing gets through, and nobody is told."""
    lines = scene.house.proxy.some(0.3)
    for line in lines:
        for way in scene.random.choice(([Way.UP], [Way.DOWN], list(Way))):
            line.swallow(way)
    await asyncio.sleep(2)
    return f"{len(lines)} lines half open"


async def slow_lines(scene: Scene) -> str:
    lines = scene.house.proxy.some(0.4)
    for line in lines:
        line.slow_down(Way.DOWN, 0.2)
    await asyncio.sleep(4)
    for line in lines:
        line.go_on()
    return f"{len(lines)} slow readers"


async def stall_lines(scene: Scene) -> str:
    """Readers that take nothing at all."""
    lines = scene.house.proxy.some(0.3)
    seconds = scene.random.choice((2.0, 8.0, 22.0) if scene.long else (2.0,))
    for line in lines:
        line.stall(Way.DOWN)
    await asyncio.sleep(seconds)
    for line in lines:
        line.go_on()
    return f"{len(lines)} stalled readers for {seconds:g} s"


async def lock_sqlite(scene: Scene) -> str:
    """Another process writes, and takes its time. SQLite gives up waiting after five seconds."""
    seconds = scene.random.choice((1.0, 4.0, 8.0) if scene.long else (1.0, 6.0))
    began = monotonic()
    path = scene.house.folder / "parley.db"
    with closing(sqlite3.connect(path, isolation_level=None, timeout=30, check_same_thread=False)) as connection:
        await asyncio.to_thread(connection.execute, "BEGIN IMMEDIATE")
        await asyncio.sleep(seconds)
    scene.ledger.troubles.append(Trouble("database", began, monotonic()))
    return f"the database locked for {seconds:g} s"


def upstream(mood: Mood, seconds: float) -> Fault:
    async def strike(scene: Scene) -> str:
        scene.house.models.mood = mood
        try:
            await asyncio.sleep(seconds)
        finally:
            scene.house.models.mood = Mood.WELL
        return f"the models' endpoint is {mood} for {seconds:g} s"

    return strike


EVERYWHERE: dict[str, tuple[int, Fault]] = {
    "kill -9 of a worker": (4, kill),
    "SIGTERM to a worker": (3, end),
    "a worker frozen": (3, freeze),
    "lines cut in a frame": (5, cut_lines),
    "lines half open": (2, lose_lines),
    "slow readers": (1, slow_lines),
    "stalled readers": (2, stall_lines),
    "endpoint cuts": (1, upstream(Mood.CUTTING, 0.5)),
    "endpoint hangs": (1, upstream(Mood.HANGING, 0.5)),
    "endpoint refuses": (1, upstream(Mood.REFUSING, 1.0)),
    "endpoint pauses": (1, upstream(Mood.PAUSING, 3.0)),
}
"""By name: how often, and what."""
SQLITE: dict[str, tuple[int, Fault]] = {"database locked": (3, lock_sqlite)}
