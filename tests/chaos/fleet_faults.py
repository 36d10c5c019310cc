"""What happens to what workers share, and to a fleet as a whole."""

from __future__ import annotations

import asyncio
import os
import signal
from time import monotonic
from typing import cast

from anyio import to_thread

from tests.chaos.faults import Fault, Scene
from tests.chaos.fleet import FleetHouse
from tests.chaos.ledger import Trouble, Wrong


def _house(scene: Scene) -> FleetHouse:
    return cast(FleetHouse, scene.house)


async def freeze_redis(scene: Scene) -> str:
    house, seconds = _house(scene), scene.random.choice((0.5, 3.0, 10.0) if scene.long else (2.0,))
    async with house.redis_lock:
        began = monotonic()
        house.redis.freeze()
        try:
            await asyncio.sleep(seconds)
        finally:
            house.redis.thaw()
    scene.ledger.troubles.append(Trouble("redis", began, monotonic()))
    return f"SIGSTOP of Redis for {seconds:g} s"


async def kill_redis(scene: Scene) -> str:
    """It comes back with nothing."""
    house, seconds = _house(scene), scene.random.choice((0.0, 1.0, 5.0) if scene.long else (0.0, 1.0))
    async with house.redis_lock:
        began = monotonic()
        await to_thread.run_sync(house.redis.kill)
        await asyncio.sleep(seconds)
        await to_thread.run_sync(house.redis.start)
    scene.ledger.troubles.append(Trouble("redis", began, monotonic()))
    return f"kill -9 of Redis, empty again after {seconds:g} s"


async def flush_redis(scene: Scene) -> str:
    house = _house(scene)
    async with house.redis_lock:
        began = monotonic()
        await to_thread.run_sync(house.redis, "FLUSHALL")
    scene.ledger.troubles.append(Trouble("redis", began, monotonic()))
    return "FLUSHALL"


async def cut_redis(scene: Scene) -> str:
    """Every connection to it, of one kind or of both."""
    house, kinds = _house(scene), scene.random.choice((["normal"], ["pubsub"], ["normal", "pubsub"]))
    async with house.redis_lock:
        began = monotonic()
        for kind in kinds:
            await to_thread.run_sync(house.redis, "CLIENT", "KILL", "TYPE", kind)
    scene.ledger.troubles.append(Trouble("redis cut", began, monotonic()))
    return f"CLIENT KILL of {' and '.join(kinds)} connections"


async def freeze_database(scene: Scene) -> str:
    house, seconds = _house(scene), scene.random.choice((1.0, 5.0, 15.0) if scene.long else (2.0,))
    async with house.database_lock:
        began = monotonic()
        house.database.freeze()
        try:
            await asyncio.sleep(seconds)
        finally:
            house.database.thaw()
    scene.ledger.troubles.append(Trouble("database", began, monotonic()))
    return f"SIGSTOP of MariaDB for {seconds:g} s"


async def kill_database(scene: Scene) -> str:
    house, seconds = _house(scene), scene.random.choice((0.0, 3.0, 12.0) if scene.long else (0.0,))
    async with house.database_lock:
        began = monotonic()
        await to_thread.run_sync(house.database.kill)
        await asyncio.sleep(seconds)
        await to_thread.run_sync(house.database.start)
    scene.ledger.troubles.append(Trouble("database", began, monotonic()))
    return f"kill -9 of MariaDB, back after {monotonic() - began:.1f} s"


async def cut_database(scene: Scene) -> str:
    """KILL CONNECTION of all that it has."""
    house = _house(scene)
    async with house.database_lock:
        began = monotonic()
        killed = await to_thread.run_sync(_kill_connections, house)
    scene.ledger.troubles.append(Trouble("database", began, monotonic()))
    return f"KILL of {killed} connections to MariaDB"


def _kill_connections(house: FleetHouse) -> int:
    query = "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'root'"
    ids = [row[0] for row in house.database(query)]
    for number in ids:
        house.database(f"BEGIN NOT ATOMIC DECLARE CONTINUE HANDLER FOR 1094 BEGIN END; KILL CONNECTION {number}; END")
    return len(ids)


async def roll(scene: Scene) -> str:
    """SIGHUP: all processes of a fleet are replaced, one by one."""
    command = _house(scene).command
    if command is None:
        return "no fleet to replace"
    async with command.lock:
        began = monotonic()
        if not await command.roll():
            scene.ledger.wrong(Wrong.LATE, "a rolling restart did not come to its end")
    scene.ledger.troubles.append(Trouble("end", began, monotonic(), command.name))
    return f"SIGHUP: a fleet replaced in {monotonic() - began:.1f} s"


async def kill_member(scene: Scene) -> str:
    """kill -9 of one process of a fleet, which replaces it."""
    command = _house(scene).command
    if command is None:
        return "no fleet of which one could be killed"
    async with command.lock:
        children = sorted(await command.children())
        began = monotonic()
        if children:
            os.kill(scene.random.choice(children), signal.SIGKILL)
    scene.ledger.troubles.append(Trouble("kill", began, monotonic(), command.name))
    return "kill -9 of one process of a fleet"


FAULTS: dict[str, tuple[int, Fault]] = {
    "Redis frozen": (2, freeze_redis),
    "Redis killed, and empty": (2, kill_redis),
    "Redis flushed": (2, flush_redis),
    "Redis connections cut": (2, cut_redis),
    "MariaDB frozen": (2, freeze_database),
    "MariaDB killed": (1, kill_database),
    "MariaDB connections cut": (2, cut_database),
    "rolling restart (SIGHUP)": (2, roll),
    "kill -9 within a fleet": (2, kill_member),
}
