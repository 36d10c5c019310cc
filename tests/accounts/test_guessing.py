"""Guessing passwords is held up; the owner gets in all the same."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest

from server.accounts.identity import Client
from server.accounts.throttle import Limits
from server.db import Database
from server.errors import BadCredentials, RateLimited
from server.rate import Rate
from tests.fixtures.accounts import ELSEWHERE, HOME, Comparisons, Worker, make_worker

pytestmark = pytest.mark.anyio


async def test_the_owner_gets_in_during_an_attack_from_everywhere(database: Database, tmp_path: Path) -> None:
    worker = make_worker(database, tmp_path, limits=Limits(account=Rate(20, 60)))
    owner = await worker.register("ada")
    known = replace(HOME, device=owner.device)
    for number in range(20):
        with pytest.raises(BadCredentials):
            await worker.accounts.log_in("ada", "a wrong guess", Client(f"198.51.100.{number}"))
    with pytest.raises(RateLimited) as caught:
        await worker.log_in("ada", Client("203.0.113.1"))
    assert caught.value.retry_after == 60
    grant = await worker.log_in("ada", known)
    assert grant.device is not None
    await worker.log_in("ada", replace(Client("203.0.113.2"), device=grant.device))


async def test_the_owner_gets_in_from_the_attackers_own_address(database: Database, tmp_path: Path) -> None:
    worker = make_worker(database, tmp_path, limits=Limits(address=Rate(10, 60)))
    owner = await worker.register("ada")
    for number in range(10):
        with pytest.raises(BadCredentials):
            await worker.accounts.log_in(f"user{number}", "a wrong guess", HOME)
    with pytest.raises(RateLimited):
        await worker.log_in("ada")
    await worker.log_in("ada", replace(HOME, device=owner.device))


async def test_a_device_of_one_account_is_a_stranger_to_another(database: Database, tmp_path: Path) -> None:
    worker = make_worker(database, tmp_path, limits=Limits(account_from_address=Rate(3, 60)))
    await worker.register("ada")
    attacker = await worker.register("eve", ELSEWHERE)
    for _ in range(3):
        with pytest.raises(BadCredentials):
            await worker.accounts.log_in("ada", "a wrong guess", replace(ELSEWHERE, device=attacker.device))
    with pytest.raises(RateLimited):
        await worker.accounts.log_in("ada", "a wrong guess", replace(ELSEWHERE, device=attacker.device))
    await worker.log_in("ada", HOME)


async def test_being_held_up_does_not_tell_whether_there_is_an_account(worker: Worker) -> None:
    await worker.register("ada")
    tries: dict[str, int] = {}
    for login in ("ada", "ada@example.org", "nobody"):
        tries[login] = 0
        while True:
            try:
                await worker.accounts.log_in(login, "a wrong guess", ELSEWHERE)
            except BadCredentials:
                tries[login] += 1
            except RateLimited:
                break
    assert len(set(tries.values())) == 1


async def test_sixty_right_log_ins_are_no_attack(worker: Worker) -> None:
    await worker.register("ada")
    for _ in range(60):
        await worker.log_in("ada")


async def test_a_held_up_guess_is_not_even_looked_at(
    database: Database, tmp_path: Path, comparisons: Comparisons
) -> None:
    worker = make_worker(database, tmp_path, limits=Limits(account_from_address=Rate(1, 60)))
    await worker.register("ada")
    outcomes = await asyncio.gather(
        *(worker.accounts.log_in("ada", "a wrong guess", HOME) for _ in range(10)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes].count(BadCredentials) == 1
    assert len(comparisons.costs) == 1
