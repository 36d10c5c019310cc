"""Accounts from registering to the changed password, with every error on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import pytest
from sqlmodel import Session, col, update

from server.accounts.identity import Client, Grant, Identity
from server.accounts.service import Accounts
from server.accounts.throttle import Limit, Limits
from server.db import Database
from server.errors import BadCredentials, Conflict, Invalid, ParleyError, RateLimited, Suspended, Unauthenticated
from server.protocol.codes import AccountRole
from server.protocol.events import AccountUpdated, SessionClosed, SessionOpened
from server.tables import User
from tests.fixtures.accounts import HOME, PASSWORD, Comparisons, Worker, make_worker
from tests.fixtures.databases import settings_for

pytestmark = pytest.mark.anyio

ELSEWHERE = Client("198.51.100.7", "curl/8.5.0")


async def who(worker: Worker, grant: Grant) -> Identity:
    identity = await worker.accounts.identify(grant.access_token)
    assert identity is not None
    return identity


async def set_role(database: Database, user: str, role: AccountRole) -> None:
    def work(session: Session) -> None:
        session.exec(update(User).where(col(User.id) == user).values(role=role))

    await database.write(work)


# Registering


async def test_the_first_is_admin_and_the_others_are_users(worker: Worker) -> None:
    ada, bob = await worker.register("ada"), await worker.register("bob")
    assert (ada.user.role, bob.user.role) == (AccountRole.ADMIN, AccountRole.USER)


async def test_whoever_registers_is_logged_in(worker: Worker) -> None:
    grant = await worker.accounts.register(" Ada@Example.org", "Ada  Lovelace", PASSWORD, HOME)
    assert (await who(worker, grant)).session.id == grant.session.id
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
    worker = make_worker(database, tmp_path, limits=Limits(registration=Limit(2, 60)))
    await worker.register("ada")
    await worker.register("bob")
    with pytest.raises(RateLimited):
        await worker.register("eve")
    await worker.register("eve", ELSEWHERE)


# Logging in and out


@pytest.mark.parametrize("login", ["ada", " ADA ", "ada@example.org", "Ada@Example.ORG "])
async def test_by_name_or_address(worker: Worker, login: str) -> None:
    registered = await worker.register("ada")
    grant = await worker.accounts.log_in(login, PASSWORD, ELSEWHERE)
    assert grant.user.id == registered.user.id
    assert grant.session.id != registered.session.id
    assert grant.session.device == "curl/8.5.0"
    [event] = await worker.events(grant.user.id)
    assert isinstance(event, SessionOpened)
    assert event.session.id == grant.session.id


async def test_a_wrong_password_and_no_account_are_one_answer_and_the_same_work(
    worker: Worker, comparisons: Comparisons
) -> None:
    await worker.register("ada")
    refusals: list[ParleyError] = []
    for login in ("ada", "ada@example.org", "nobody", "nobody@example.org"):
        before = len(comparisons.costs)
        with pytest.raises(BadCredentials) as caught:
            await worker.accounts.log_in(login, "wrong password", HOME)
        refusals.append(caught.value)
        assert len(comparisons.costs) == before + 1
    assert len({(error.message, error.code, error.field) for error in refusals}) == 1
    assert set(comparisons.costs) == {"$2b$04$"}


async def test_suspended_is_said_after_the_right_password_only(worker: Worker, database: Database) -> None:
    grant = await worker.register("ada")
    await set_role(database, grant.user.id, AccountRole.SUSPENDED)
    with pytest.raises(BadCredentials):
        await worker.accounts.log_in("ada", "wrong password", HOME)
    with pytest.raises(Suspended):
        await worker.accounts.log_in("ada", PASSWORD, HOME)
    with pytest.raises(Suspended):
        await worker.accounts.refresh(grant.refresh_token)
    assert (await who(worker, grant)).user.role is AccountRole.SUSPENDED


async def test_pending_may_log_in_and_wait(worker: Worker, database: Database) -> None:
    grant = await worker.register("ada")
    await set_role(database, grant.user.id, AccountRole.PENDING)
    assert (await worker.log_in("ada")).user.role is AccountRole.PENDING


async def test_a_password_that_changes_while_it_is_compared_opens_nothing(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a thief who logs in at that moment would outlive the change that was to throw him out."""
    ada = await who(worker, await worker.register("ada"))
    compare = worker.accounts.passwords.verify

    async def compare_slowly(password: str, password_hash: str | None) -> bool:
        monkeypatch.setattr(worker.accounts.passwords, "verify", compare)
        matches = await compare(password, password_hash)
        await worker.accounts.change_password(ada, PASSWORD, "another password")
        return matches

    monkeypatch.setattr(worker.accounts.passwords, "verify", compare_slowly)
    with pytest.raises(BadCredentials):
        await worker.log_in("ada")
    assert await worker.devices(ada.user.id) == ["Firefox on Linux"], "only that of the registration"


async def test_logging_out_ends_this_session_only(worker: Worker) -> None:
    first = await worker.register("ada")
    second = await worker.log_in("ada")
    await worker.accounts.log_out(first.session)
    assert worker.ended == [frozenset({first.session.id})]
    assert SessionClosed(session=first.session.id, offset=2) in await worker.events(first.user.id)
    assert await worker.accounts.identify(first.access_token) is None
    with pytest.raises(Unauthenticated):
        await worker.accounts.refresh(first.refresh_token)
    await who(worker, second)
    await worker.accounts.refresh(second.refresh_token)


async def test_a_token_of_another_key_is_nobodys(worker: Worker, database: Database, tmp_path: Path) -> None:
    grant = await worker.register("ada")
    settings = settings_for("sqlite://", tmp_path)
    journal, bus = worker.accounts._journal, worker.accounts._bus
    stranger = Accounts(database, journal, bus, settings, "another key")
    assert await stranger.identify(grant.access_token) is None
    assert await worker.accounts.identify("nonsense") is None


# Guessing


async def test_the_owner_gets_in_during_an_attack_from_everywhere(database: Database, tmp_path: Path) -> None:
    worker = make_worker(database, tmp_path, limits=Limits(account=Limit(20, 60)))
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
    worker = make_worker(database, tmp_path, limits=Limits(address=Limit(10, 60)))
    owner = await worker.register("ada")
    for number in range(10):
        with pytest.raises(BadCredentials):
            await worker.accounts.log_in(f"user{number}", "a wrong guess", HOME)
    with pytest.raises(RateLimited):
        await worker.log_in("ada")
    await worker.log_in("ada", replace(HOME, device=owner.device))


async def test_a_device_of_one_account_is_a_stranger_to_another(database: Database, tmp_path: Path) -> None:
    worker = make_worker(database, tmp_path, limits=Limits(account_from_address=Limit(3, 60)))
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
    worker = make_worker(database, tmp_path, limits=Limits(account_from_address=Limit(1, 60)))
    await worker.register("ada")
    outcomes = await asyncio.gather(
        *(worker.accounts.log_in("ada", "a wrong guess", HOME) for _ in range(10)), return_exceptions=True
    )
    assert [type(outcome) for outcome in outcomes].count(BadCredentials) == 1
    assert len(comparisons.costs) == 1


# Changing


async def test_a_new_name_reaches_the_tabs(worker: Worker) -> None:
    ada = await who(worker, await worker.register("ada"))
    user = await worker.accounts.update(ada, username="Ada L.")
    assert user.username == "Ada L."
    assert await worker.events(user.id) == [AccountUpdated(user=worker.accounts.as_object(user), offset=1)]
    assert (await worker.log_in("ada l.")).user.id == user.id
    with pytest.raises(BadCredentials):
        await worker.log_in("ada")


async def test_the_own_name_in_other_letters_is_not_taken(worker: Worker) -> None:
    ada = await who(worker, await worker.register("ada"))
    assert (await worker.accounts.update(ada, username="ADA")).username == "ADA"


async def test_a_change_that_changes_nothing_is_no_event(worker: Worker) -> None:
    ada = await who(worker, await worker.register("ada"))
    await worker.accounts.update(ada)
    await worker.accounts.update(ada, username="ada")
    assert await worker.events(ada.user.id) == []


async def test_a_new_address_needs_the_password(worker: Worker) -> None:
    ada = await who(worker, await worker.register("ada"))
    with pytest.raises(Invalid) as missing:
        await worker.accounts.update(ada, email="new@example.org")
    with pytest.raises(BadCredentials) as wrong:
        await worker.accounts.update(ada, email="new@example.org", current_password="wrong password")
    assert missing.value.field == wrong.value.field == "current_password"
    user = await worker.accounts.update(ada, email="New@example.org", current_password=PASSWORD)
    assert user.email == "new@example.org"
    await worker.log_in("new@example.org")


async def test_what_another_has_cannot_be_taken(worker: Worker) -> None:
    ada = await who(worker, await worker.register("ada"))
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
    grant = await worker.accounts.change_password(await who(worker, second), PASSWORD, "another password")
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


async def test_a_new_password_needs_the_old_one_and_must_be_one(worker: Worker) -> None:
    ada = await who(worker, await worker.register("ada"))
    with pytest.raises(BadCredentials) as wrong:
        await worker.accounts.change_password(ada, "wrong password", "another password")
    with pytest.raises(Invalid) as short:
        await worker.accounts.change_password(ada, PASSWORD, "short")
    assert (wrong.value.field, short.value.field) == ("current_password", "new_password")
    await worker.log_in("ada")


async def test_a_stolen_access_token_does_not_become_a_password(database: Database, tmp_path: Path) -> None:
    worker = make_worker(database, tmp_path, limits=Limits(device=Limit(3, 30)))
    stolen = await who(worker, await worker.register("ada"))
    for _ in range(3):
        with pytest.raises(BadCredentials):
            await worker.accounts.change_password(stolen, "a wrong guess", "another password")
    with pytest.raises(RateLimited):
        await worker.accounts.update(stolen, email="new@example.org", current_password=PASSWORD)
    owner = await who(worker, await worker.log_in("ada"))
    await worker.accounts.change_password(owner, PASSWORD, "another password")


async def test_two_changes_at_once_of_one_password(worker: Worker) -> None:
    ada = await who(worker, await worker.register("ada"))
    outcomes = await asyncio.gather(
        worker.accounts.change_password(ada, PASSWORD, "another password"),
        worker.accounts.change_password(ada, PASSWORD, "a third password"),
        return_exceptions=True,
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "Grant"]


async def test_whoever_was_logged_out_meanwhile_changes_nothing(worker: Worker) -> None:
    grant = await worker.register("ada")
    ada = await who(worker, grant)
    await worker.accounts.log_out(grant.session)
    with pytest.raises(Unauthenticated):
        await worker.accounts.change_password(ada, PASSWORD, "another password")
    await worker.log_in("ada")
