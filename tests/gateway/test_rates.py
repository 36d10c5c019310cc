"""Who asks too much is held up, each command gets its one answer all the same, and nobody else notices."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from websockets.exceptions import ConnectionClosed

from server.gateway import rates
from server.gateway.dispatch import COSTS, HANDLERS
from server.gateway.rates import BURST_SECONDS, Rates
from server.protocol.codes import CloseCode
from tests.fixtures.accounts import Clock
from tests.fixtures.client import Frame, Person, Tab
from tests.fixtures.server import Running, running, settings_for

pytestmark = pytest.mark.anyio

RATE = 10
AT_ONCE = RATE * BURST_SECONDS
"""Pings."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Running]:
    with running(settings_for(tmp_path, socket_rate=RATE, user_rate=2 * RATE)) as server:
        yield server


async def pinged(tab: Tab, count: int) -> list[Frame]:
    """What so many pings, all sent at once, were answered with."""
    requests = [await tab.post("ping") for _ in range(count)]
    await tab.until(lambda: len(answers(tab)) >= count)
    assert [frame["id"] for frame in answers(tab)] == requests
    return answers(tab)


def answers(tab: Tab) -> list[Frame]:
    return [frame for frame in tab.frames if frame["type"] in ("reply", "error")]


async def test_beyond_the_rate_each_command_is_refused_in_its_place(house: Running) -> None:
    ann, bob = await Person.register(house.url, "ann"), await Person.register(house.url, "bob")
    async with ann.tab(sync=False) as tab, bob.tab(sync=False) as other:
        frames = await pinged(tab, AT_ONCE + 50)
        refused = [frame for frame in frames if frame["type"] == "error"]
        assert all(frame["type"] == "reply" for frame in frames[:AT_ONCE])
        assert refused
        assert {frame["code"] for frame in refused} == {"rate_limited"}
        assert all(0 < frame["retry_after"] <= 1 / RATE + 0.01 for frame in refused)
        assert refused[0]["message"] == "Too many requests at once. Try again in 1 s."
        assert await other.call("ping") == {}
        await asyncio.sleep(refused[-1]["retry_after"])
        assert await tab.call("ping") == {}


async def test_a_refused_command_has_no_effect(house: Running) -> None:
    ann = await Person.register(house.url)
    async with ann.tab(sync=False) as tab, ann.tab() as other:
        for _ in range(AT_ONCE):
            await tab.post("ping")
        requests = {await tab.post("settings", key="k", value=number): number for number in range(20)}
        await tab.until(lambda: len(answers(tab)) == AT_ONCE + len(requests))
        done = [requests[frame["id"]] for frame in answers(tab) if frame["type"] == "reply" and frame["id"] in requests]
        assert len(done) < len(requests)
        await other.call("settings", key="k", value="last")
        await other.event("settings.updated", value="last")
        assert [event["value"] for event in other.of_type("settings.updated")] == [*done, "last"]


async def test_who_goes_on_all_the_same_is_cut_off(house: Running) -> None:
    ann = await Person.register(house.url)
    async with ann.tab(sync=False) as tab, ann.tab(sync=False) as other:
        with suppress(ConnectionClosed):
            for _ in range(AT_ONCE + 3 * int(rates.REFUSALS.burst)):
                await tab.post("ping")
        assert await tab.closed() == CloseCode.RATE_LIMITED
        frames = answers(tab)
        assert [frame["id"] for frame in frames] == [f"r{number}" for number in range(1, len(frames) + 1)]
        assert await other.call("ping") == {}


async def test_a_users_sockets_share_a_rate(house: Running) -> None:
    """Of which one alone cannot take all; coming back gains nothing."""
    ann, bob = await Person.register(house.url, "ann"), await Person.register(house.url, "bob")
    for _ in range(2):
        async with ann.tab(sync=False) as tab:
            await pinged(tab, AT_ONCE)
    async with ann.tab(sync=False) as tab, bob.tab(sync=False) as other:
        assert "error" in {frame["type"] for frame in await pinged(tab, AT_ONCE)}
        assert {frame["type"] for frame in await pinged(other, AT_ONCE)} == {"reply"}


async def test_an_honest_client_never_meets_them(tmp_path: Path) -> None:
    """Twenty tabs come back at once, each with thirty conversations; one more asks as fast as it is answered."""
    with running(settings_for(tmp_path)) as house:
        ann = await Person.register(house.url)

        async def come_back() -> None:
            async with ann.tab() as tab:
                requests = [await tab.post("open", conversation=f"c{number}") for number in range(30)]
                await tab.until(lambda: len(answers(tab)) == len(requests) + 1)
                assert {frame.get("code") for frame in answers(tab)} == {None, "not_found"}

        async with ann.tab() as busy:
            await asyncio.gather(*[come_back() for _ in range(20)])
            for number in range(200):
                await busy.call("settings", key="n", value=number)


def test_the_costs_are_of_commands_that_there_are() -> None:
    assert COSTS.keys() <= HANDLERS.keys()


def test_only_so_many_users_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rates, "USERS", 2)
    door = Rates(settings_for(tmp_path, socket_rate=10, user_rate=10), Clock().seconds)
    door.allowance("ann").take(AT_ONCE)
    door.allowance("bob").take(AT_ONCE)
    assert door.allowance("ann").take(1) > 0
    door.allowance("cid")
    assert door.allowance("ann").take(1) > 0
    assert door.allowance("bob").take(1) == 0


async def test_large_frames_are_read_at_a_rate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a user, by waiting: nothing is refused. Small ones wait for nothing."""
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("anyio.sleep", sleep)
    door = Rates(settings_for(tmp_path), Clock().seconds)
    one, two = door.allowance("ann"), door.allowance("ann")
    for allowance in (one, two):
        for _ in range(5):
            await allowance.pace(1 << 20)
    assert slept == pytest.approx([0] * 8 + [1, 2])
    await one.pace(rates.LARGE_BYTES)
    await door.allowance("bob").pace(1 << 20)
    assert slept == pytest.approx([0] * 8 + [1, 2, 0])
