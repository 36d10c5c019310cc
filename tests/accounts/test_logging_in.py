"""Logging in and out: one answer for whoever does not know the password."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlmodel import Session, col, update

from server.accounts.service import Accounts
from server.db import Database
from server.errors import BadCredentials, ParleyError, Suspended, Unauthenticated
from server.protocol.codes import AccountRole
from server.protocol.events import SessionClosed
from server.realtime.bus import MemoryBus
from server.tables import User
from tests.fixtures.accounts import ELSEWHERE, HOME, PASSWORD, Comparisons, Worker
from tests.fixtures.databases import settings_for

pytestmark = pytest.mark.anyio


async def set_role(database: Database, user: str, role: AccountRole) -> None:
    def work(session: Session) -> None:
        session.exec(update(User).where(col(User.id) == user).values(role=role))

    await database.write(work)


@pytest.mark.parametrize("login", ["ada", " ADA ", "ada@example.org", "Ada@Example.ORG "])
async def test_by_name_or_address(worker: Worker, login: str) -> None:
    registered = await worker.register("ada")
    grant = await worker.accounts.log_in(login, PASSWORD, ELSEWHERE)
    assert grant.user.id == registered.user.id
    assert grant.session.id != registered.session.id
    assert grant.session.device == "curl/8.5.0"


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
    assert (await worker.identify(grant)).user.role is AccountRole.SUSPENDED


async def test_pending_may_log_in_and_wait(worker: Worker, database: Database) -> None:
    grant = await worker.register("ada")
    await set_role(database, grant.user.id, AccountRole.PENDING)
    assert (await worker.log_in("ada")).user.role is AccountRole.PENDING


async def test_a_password_that_changes_while_it_is_compared_opens_nothing(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a thief who logs in at that moment would outlive the change that was to throw him out."""
    ada = await worker.identify(await worker.register("ada"))
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
    await worker.accounts.sessions.end(first.user.id, [first.session.id])
    assert worker.ended == [frozenset({first.session.id})]
    assert SessionClosed(session=first.session.id, offset=1) in await worker.events(first.user.id)
    assert await worker.accounts.identify(first.access_token) is None
    with pytest.raises(Unauthenticated):
        await worker.accounts.refresh(first.refresh_token)
    await worker.identify(second)
    await worker.accounts.refresh(second.refresh_token)


async def test_a_token_of_another_key_is_nobodys(worker: Worker, database: Database, tmp_path: Path) -> None:
    grant = await worker.register("ada")
    settings = settings_for("sqlite://", tmp_path)
    stranger = Accounts(database, worker.journal, MemoryBus(), settings, "another key")
    assert await stranger.identify(grant.access_token) is None
    assert await worker.accounts.identify("nonsense") is None
