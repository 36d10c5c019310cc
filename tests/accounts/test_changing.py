"""Changing the name, the e-mail address and the password."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from server.accounts.throttle import Limits
from server.db import Database
from server.errors import BadCredentials, Conflict, Invalid, RateLimited, Unauthenticated
from server.protocol.events import AccountUpdated, SessionClosed
from server.rate import Rate
from tests.fixtures.accounts import HOME, PASSWORD, Worker, make_worker

pytestmark = pytest.mark.anyio


async def test_a_new_name_reaches_the_tabs(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    user = await worker.accounts.update(ada, username="Ada L.")
    assert user.username == "Ada L."
    assert await worker.events(user.id) == [AccountUpdated(user=worker.accounts.as_object(user), offset=1)]
    assert (await worker.log_in("ada l.")).user.id == user.id
    with pytest.raises(BadCredentials):
        await worker.log_in("ada")


async def test_the_own_name_in_other_letters_is_not_taken(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    assert (await worker.accounts.update(ada, username="ADA")).username == "ADA"


async def test_a_change_that_changes_nothing_is_no_event(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    await worker.accounts.update(ada)
    await worker.accounts.update(ada, username="ada")
    assert await worker.events(ada.user.id) == []


async def test_a_new_address_needs_the_password(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    with pytest.raises(Invalid) as missing:
        await worker.accounts.update(ada, email="new@example.org")
    with pytest.raises(BadCredentials) as wrong:
        await worker.accounts.update(ada, email="new@example.org", current_password="wrong password")
    assert missing.value.field == wrong.value.field == "current_password"
    user = await worker.accounts.update(ada, email="New@example.org", current_password=PASSWORD)
    assert user.email == "new@example.org"
    await worker.log_in("new@example.org")


async def test_what_another_has_cannot_be_taken(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    await worker.register("bob")
    with pytest.raises(Conflict) as name:
        await worker.accounts.update(ada, username="BOB")
    with pytest.raises(Conflict) as address:
        await worker.accounts.update(ada, email="bob@example.org", current_password=PASSWORD)
    assert (name.value.field, address.value.field) == ("username", "email")
    assert await worker.events(ada.user.id) == []


async def test_a_new_password_ends_the_other_sessions(worker: Worker) -> None:
    first, second = await worker.register("ada"), await worker.log_in("ada")
    third = await worker.log_in("ada")
    grant = await worker.accounts.change_password(await worker.identify(second), PASSWORD, "another password")
    assert worker.ended == [frozenset({first.session.id, third.session.id})]
    assert {event.session for event in await worker.events(first.user.id) if isinstance(event, SessionClosed)} == {
        first.session.id,
        third.session.id,
    }
    assert grant.session.id == second.session.id
    for ended in (first, third):
        assert await worker.accounts.identify(ended.access_token) is None
    with pytest.raises(Unauthenticated):
        await worker.accounts.refresh(second.refresh_token)
    await worker.accounts.refresh(grant.refresh_token)
    with pytest.raises(BadCredentials):
        await worker.log_in("ada")
    await worker.accounts.log_in("ada", "another password", HOME)


async def test_a_new_password_revokes_the_tokens(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    login, token = await worker.accounts.sessions.make_token(ada, "backup script", None)
    await worker.accounts.change_password(ada, PASSWORD, "another password")
    assert worker.ended == [frozenset({login.id})]
    assert await worker.accounts.identify(token) is None


async def test_a_new_password_needs_the_old_one_and_must_be_one(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    with pytest.raises(BadCredentials) as wrong:
        await worker.accounts.change_password(ada, "wrong password", "another password")
    with pytest.raises(Invalid) as short:
        await worker.accounts.change_password(ada, PASSWORD, "short")
    assert (wrong.value.field, short.value.field) == ("current_password", "new_password")
    await worker.log_in("ada")


async def test_a_stolen_access_token_does_not_become_a_password(database: Database, tmp_path: Path) -> None:
    worker = make_worker(database, tmp_path, limits=Limits(device=Rate(3, 30)))
    stolen = await worker.identify(await worker.register("ada"))
    for _ in range(3):
        with pytest.raises(BadCredentials):
            await worker.accounts.change_password(stolen, "a wrong guess", "another password")
    with pytest.raises(RateLimited):
        await worker.accounts.update(stolen, email="new@example.org", current_password=PASSWORD)
    owner = await worker.identify(await worker.log_in("ada"))
    await worker.accounts.change_password(owner, PASSWORD, "another password")


async def test_two_changes_at_once_of_one_password(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    outcomes = await asyncio.gather(
        worker.accounts.change_password(ada, PASSWORD, "another password"),
        worker.accounts.change_password(ada, PASSWORD, "a third password"),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Grant"]


async def test_whoever_was_logged_out_meanwhile_changes_nothing(worker: Worker) -> None:
    grant = await worker.register("ada")
    ada = await worker.identify(grant)
    await worker.accounts.sessions.end(grant.user.id, [grant.session.id])
    with pytest.raises(Unauthenticated):
        await worker.accounts.change_password(ada, PASSWORD, "another password")
    await worker.log_in("ada")
