"""People, faults and the checker together, for some time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from time import monotonic

from tests.chaos import faults, fleet_faults, stored
from tests.chaos.acts import People
from tests.chaos.checker import Checker
from tests.chaos.device import Device
from tests.chaos.faults import Fault, Scene
from tests.chaos.fleet import FleetHouse
from tests.chaos.house import House, SqliteHouse
from tests.chaos.ledger import Ledger, Wrong
from tests.chaos.models import SECONDS, Models
from tests.chaos.report import Report
from tests.chaos.tab import Tab

HOUSES: dict[str, tuple[type[House], dict[str, tuple[int, Fault]]]] = {
    "sqlite": (SqliteHouse, faults.SQLITE),
    "fleet": (FleetHouse, fleet_faults.FAULTS),
}
"""What stands, and what can happen to it beside what can happen everywhere."""
CHECK_EVERY = 60.0
"""Seconds between two moments of rest, in which everything is compared."""
REST = 120.0
"""Seconds that it may take until everything rests. A bound for what hangs, not a promise."""


class Storm:
    def __init__(
        self, house: House, seed: int, say: Callable[[str], None], *, people: int, tabs: int, pause: float
    ) -> None:
        self.ledger = Ledger(say)
        self._house = house
        self._seed = seed
        self._say = say
        self._size = (people, tabs)
        self._people = People(self.ledger, seed, pause=pause)
        self._checker = Checker(house, self.ledger)
        self._random = Random(f"faults {seed}")
        self._times: Counter[str] = Counter()
        self._back: dict[str, float] = {}
        self._known = faults.EVERYWHERE | HOUSES[house.kind][1]
        self._deck: list[tuple[str, tuple[int, Fault]]] = []
        self._dealt: int | None = None
        """How many faults are still to come, if only some are wanted."""
        self._held: Counter[str] = Counter()

    @property
    def _tabs(self) -> list[Tab]:
        return [tab for tabs in self._people.tabs.values() for tab in tabs]

    async def rage(self, seconds: float, *, only: Sequence[str], long: bool) -> Report:
        """Faults for so many seconds, or ``only`` these, then the last check."""
        began = monotonic()
        self._deck = [(name, self._known[name]) for name in reversed(only)]
        self._dealt = len(only) or None
        await self._seat_people()
        scene = Scene(self._house, self.ledger, self._random, long)
        tasks = [asyncio.create_task(tab.run(self._house.proxy.url, self._people.act)) for tab in self._tabs]
        tasks.append(asyncio.create_task(self._people.stop_what_hangs()))
        raging = asyncio.create_task(self._rage(scene, began + seconds))
        try:
            await asyncio.wait([raging, *tasks], return_when=asyncio.FIRST_COMPLETED)
            for task in (*tasks, raging):
                if task.done():
                    task.result()
        finally:
            for task in (raging, *tasks):
                task.cancel()
            await asyncio.gather(raging, *tasks, return_exceptions=True)
        house = self._house
        self.ledger.measure("a dead line was held", house.proxy.freed)
        return Report(house.kind, self._seed, monotonic() - began, self.ledger, self._times, self._back, self._held)

    async def _seat_people(self) -> None:
        """Each has two devices, with tabs at both."""
        people, tabs = self._size
        for number in range(people):
            name = f"person{number}"
            devices = [Device(self._house.proxy.url, name, self.ledger, f"{self._seed} {which}") for which in range(2)]
            await devices[0].register()
            await devices[1].log_in()
            self._people.tabs[name] = [
                Tab(f"{name}-{which}", devices[which % 2], self.ledger, self._seed) for which in range(tabs)
            ]

    async def _rage(self, scene: Scene, deadline: float) -> None:
        await self._all_here(())
        checked = monotonic()
        while monotonic() < deadline and self._dealt != 0:
            await asyncio.sleep(self._random.uniform(0.5, 2.5))
            await self._strike(scene)
            if monotonic() - checked > CHECK_EVERY and monotonic() < deadline:
                await self._check()
                checked = monotonic()
        await self._check()

    async def _strike(self, scene: Scene) -> None:
        """One fault, or several at once."""
        count = self._random.choice((1, 1, 2, 3))
        if self._dealt is not None:
            count = min(count, self._dealt)
            self._dealt -= count
        dealt = [self._deal() for _ in range(count)]
        struck = await asyncio.gather(*(self._after(self._random.uniform(0, 2), fault, scene) for _, fault in dealt))
        for (name, _), words in zip(dealt, struck, strict=True):
            self._times[name] += 1
            self._say(f"{words}")
        await self._all_here([name for name, _ in dealt])

    async def _after(self, seconds: float, fault: Fault, scene: Scene) -> str:
        await asyncio.sleep(seconds)
        return await fault(scene)

    def _deal(self) -> tuple[str, Fault]:
        """Every fault comes up as often as it should, in an order that the seed makes."""
        if not self._deck:
            self._deck = [(name, (often, fault)) for name, (often, fault) in self._known.items() for _ in range(often)]
            self._random.shuffle(self._deck)
        name, (_, fault) = self._deck.pop()
        return name, fault

    async def _all_here(self, names: list[str] | tuple[()]) -> None:
        """Until every tab follows again what it followed."""
        began = monotonic()
        for tab in self._tabs:
            try:
                async with asyncio.timeout(began + REST - monotonic()):
                    await tab.here.wait()
            except TimeoutError:
                self.ledger.wrong(Wrong.LATE, f"{tab.name} was not back {REST:.0f} s after {', '.join(names)}")
        for name in names:
            self._back[name] = max(self._back.get(name, 0.0), monotonic() - began)

    async def _check(self) -> None:
        """People look on until nothing moves any more; then everything is compared."""
        self._people.acting.clear()
        began = monotonic()
        while not await self._at_rest():
            await asyncio.sleep(0.2)
            if monotonic() - began > REST:
                waiting = [question.fields for tab in self._tabs for question in tab.waiting]
                live = await stored.live_of(self._house.engine)
                self.ledger.wrong(Wrong.LATE, f"after {REST:.0f} s {live} live on, and unanswered are {waiting}")
                break
        self._checker.check_stored(held := await stored.all_of(self._house.engine))
        self._held = Counter(row.status.value for row in held.messages.values() if row.role.value == "assistant")
        await self._checker.check_tabs(self._tabs, self._house.proxy.url)
        wrongs = len(self.ledger.wrongs)
        told = f"{len(held.messages)} messages stored, {self.ledger.counts['acknowledged']} questions acknowledged"
        self._say(f"checked after {monotonic() - began:.1f} s: {told}, {wrongs or 'nothing'} wrong")
        self._people.acting.set()

    async def _at_rest(self) -> bool:
        if any(tab.waiting or not tab.here.is_set() or tab.client.lost for tab in self._tabs):
            return False
        return not await stored.live_of(self._house.engine)


async def storm(
    kind: str,
    seconds: float,
    seed: int,
    folder: Path,
    say: Callable[[str], None],
    *,
    only: Sequence[str] = (),
    long: bool = True,
    people: int = 3,
    tabs: int = 4,
    pause: float = 0.8,
) -> Report:
    with Models.running() as models:
        models.begin(seed, SECONDS if long else SECONDS[:3])
        async with HOUSES[kind][0](folder, seed, models, long=long).standing() as house:
            made = Storm(house, seed, say, people=people, tabs=tabs, pause=pause)
            return await made.rage(seconds, only=only, long=long)
