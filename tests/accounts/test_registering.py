"""Registering: who becomes what, and what is refused."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from server.accounts.throttle import Limits
from server.db import Database
from server.errors import Conflict, Invalid, RateLimited
from server.protocol.codes import AccountRole
from server.rate import Rate
from tests.fixtures.accounts import ELSEWHERE, HOME, PASSWORD, Worker, make_worker
from tests.fixtures.databases import settings_for

pytestmark = pytest.mark.anyio


async def test_the_first_is_admin_and_the_others_are_users(worker: Worker) -> None:
    ada, bob = await worker.register("ada"), await worker.register("bob")
    assert (ada.user.role, bob.user.role) == (AccountRole.ADMIN, AccountRole.USER)


async def test_whoever_registers_is_logged_in(worker: Worker) -> None:
    grant = await worker.accounts.register(" Ada@Example.org", "Ada  Lovelace", PASSWORD, HOME)
    assert (await worker.identify(grant)).session.id == grant.session.id
    shown = worker.accounts.as_object(grant.user)
    assert (shown.email, shown.username) == ("ada@example.org", "Ada Lovelace")
    assert await worker.devices(grant.user.id) == ["Firefox on Linux"]


async def test_many_first_ones_at_once_give_one_admin(database: Database, database_url: str, tmp_path: Path) -> None:
    another = Database(settings_for(database_url, tmp_path))
    try:
        workers = [make_worker(database, tmp_path), make_worker(another, tmp_path)]
        grants = await asyncio.gather(*(workers[n % 2].register(f"user{n}") for n in range(8)))
    finally:
        another.close()
    assert [grant.user.role for grant in grants].count(AccountRole.ADMIN) == 1


async def test_a_name_that_many_want_at_once_goes_to_one(database: Database, database_url: str, tmp_path: Path) -> None:
    another = Database(settings_for(database_url, tmp_path))
    try:
        workers = [make_worker(database, tmp_path), make_worker(another, tmp_path)]
        outcomes = await asyncio.gather(
            *(workers[n % 2].accounts.register(f"a{n}@b.c", "Ada", PASSWORD, HOME) for n in range(6)),
            return_exceptions=True,
        )
    finally:
        another.close()
    refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert len(refused) == 5
    assert {error.field for error in refused} == {"username"}


@pytest.mark.parametrize(
    ("email", "username", "field"),
    [
        ("ADA@example.org", "other", "email"),
        ("other@example.org", "ＡＤＡ", "username"),
        ("Ada@Example.org", "ada", "email"),
    ],
)
async def test_what_is_taken(worker: Worker, email: str, username: str, field: str) -> None:
    await worker.register("ada")
    with pytest.raises(Conflict) as caught:
        await worker.accounts.register(email, username, PASSWORD, HOME)
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("email", "username", "password", "field"),
    [
        ("nonsense", "ada", PASSWORD, "email"),
        ("a@b.c", "@", PASSWORD, "username"),
        ("a@b.c", "ada", "short", "password"),
    ],
)
async def test_what_cannot_be(worker: Worker, email: str, username: str, password: str, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        await worker.accounts.register(email, username, password, HOME)
    assert caught.value.field == field


async def test_registering_is_throttled_by_address(database: Database, tmp_path: Path) -> None:
    worker = make_worker(database, tmp_path, limits=Limits(registration=Rate(2, 60)))
    await worker.register("ada")
    await worker.register("bob")
    with pytest.raises(RateLimited):
        await worker.register("eve")
    await worker.register("eve", ELSEWHERE)
