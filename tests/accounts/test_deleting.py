"""Deleting one's account: who may, and that nothing stays."""

from __future__ import annotations

import asyncio

import pytest
from sqlalchemy import Table
from sqlmodel import Session, SQLModel, col, select, update

from server.accounts.identity import Identity
from server.db import Database
from server.errors import BadCredentials, Conflict, Unauthenticated
from server.protocol.codes import AccountRole
from server.tables import Conversation, LoginSession, TitleSource, User
from tests.fixtures.accounts import PASSWORD, Worker

pytestmark = pytest.mark.anyio

OF_NOBODY = {"workers"}
"""Tables whose rows belong to no user."""


async def delete(worker: Worker, who: Identity, password: str = PASSWORD) -> None:
    async def stop_turns(_user: str) -> None:
        raise AssertionError("nothing runs")

    await worker.accounts.delete(who, password, stop_turns=stop_turns)


async def users(worker: Worker) -> set[str]:
    return set(await worker.database.read(lambda session: session.exec(select(User.username)).all()))


def _leads_to_users(table: Table) -> bool:
    """By foreign keys that delete the row along with what it refers to."""
    if table.name == "users":
        return True
    keys = [key for key in table.foreign_key_constraints if key.ondelete == "CASCADE"]
    return any(_leads_to_users(key.referred_table) for key in keys)


def test_every_table_goes_with_its_user() -> None:
    tables = [table for table in SQLModel.metadata.sorted_tables if table.name not in OF_NOBODY]
    assert [table.name for table in tables if not _leads_to_users(table)] == []


async def test_the_password_is_needed(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    with pytest.raises(BadCredentials):
        await delete(worker, ada, "wrong password")
    assert await users(worker) == {"ada"}


async def test_the_only_account_may_go_and_the_next_is_the_first_again(worker: Worker) -> None:
    grant = await worker.register("ada")
    phone = await worker.log_in("ada")
    ada = await worker.identify(grant)
    await delete(worker, ada)
    assert await users(worker) == set()
    assert worker.ended == [frozenset({grant.session.id, phone.session.id})]
    assert await worker.log.ledger(ada.user.id) is None
    assert worker.log.followed() == []
    assert await worker.accounts.identify(phone.access_token) is None
    assert (await worker.register("ada")).user.role is AccountRole.ADMIN


async def test_the_last_admin_stays_while_there_are_others(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    bob = await worker.identify(await worker.register("bob"))
    with pytest.raises(Conflict):
        await delete(worker, ada)
    await delete(worker, bob)
    await delete(worker, ada)
    assert await users(worker) == set()


async def test_of_two_admins_who_leave_at_once_one_stays(worker: Worker) -> None:
    ada, bob = [await worker.identify(await worker.register(name)) for name in ("ada", "bob")]
    await worker.register("eve")
    await worker.database.write(
        lambda session: session.exec(update(User).where(col(User.username) == "bob").values(role=AccountRole.ADMIN))
    )
    outcomes = await asyncio.gather(delete(worker, ada), delete(worker, bob), return_exceptions=True)
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Conflict", "NoneType"]
    assert len(await users(worker)) == 2


async def test_whoever_registers_while_the_last_one_leaves_is_no_user_without_an_admin(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    outcomes = await asyncio.gather(delete(worker, ada), worker.register("bob"), return_exceptions=True)
    roles = await worker.database.read(lambda session: session.exec(select(User.role)).all())
    assert AccountRole.ADMIN in roles, outcomes


async def test_whoever_was_logged_out_meanwhile_deletes_nothing(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    await worker.accounts.sessions.end(ada.user.id, [ada.session.id])
    with pytest.raises(Unauthenticated):
        await delete(worker, ada)
    assert await users(worker) == {"ada"}


async def test_what_runs_is_stopped_first(worker: Worker, database: Database) -> None:
    ada = await worker.identify(await worker.register("ada"))
    user = ada.user.id

    def talk(session: Session) -> None:
        row = Conversation(user_id=user, title="t", title_source=TitleSource.WORDS, live_turn_id="turn")
        session.add(row)

    await database.write(talk)
    asked: list[str] = []

    async def stop_turns(whose: str) -> None:
        """The first try does not come through."""
        asked.append(whose)
        if len(asked) == 2:
            await database.write(lambda session: session.exec(update(Conversation).values(live_turn_id=None)))

    await worker.accounts.delete(ada, PASSWORD, stop_turns=stop_turns)
    assert asked == [user, user]
    assert await database.read(lambda session: session.exec(select(LoginSession)).all()) == []
    assert await database.read(lambda session: session.exec(select(Conversation)).all()) == []
