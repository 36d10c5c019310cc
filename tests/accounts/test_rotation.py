"""Refresh tokens: spent once, forgiving for ten seconds, and the end of the session for a thief."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlmodel import func, select

from server.accounts.tokens import fingerprint
from server.db import Database
from server.errors import Unauthenticated
from server.protocol.events import SessionClosed
from server.tables import LoginSession, RefreshToken
from tests.fixtures.accounts import Worker, make_worker
from tests.fixtures.databases import settings_for

pytestmark = pytest.mark.anyio


async def count(database: Database, table: type[LoginSession] | type[RefreshToken]) -> int:
    return await database.read(lambda session: session.exec(select(func.count()).select_from(table)).one())


async def test_each_refresh_gives_another_token_and_moves_the_end(worker: Worker, database: Database) -> None:
    first = await worker.register("ada")
    worker.clock.forward(days=29)
    second = await worker.accounts.refresh(first.refresh_token)
    worker.clock.forward(days=29)
    third = await worker.accounts.refresh(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3
    assert third.session.id == first.session.id
    assert third.session.expires_at == worker.clock.today() + timedelta(days=30)
    assert third.device is None, "the device cookie is for whoever typed the password"
    who = await worker.accounts.identify(third.access_token)
    assert who is not None
    assert who.user.id == first.user.id


async def test_what_is_stored_is_no_token(worker: Worker, database: Database) -> None:
    grant = await worker.register("ada")
    rows = await database.read(lambda session: session.exec(select(RefreshToken)).all())
    assert [row.token_hash for row in rows] == [fingerprint(grant.refresh_token)]
    assert grant.refresh_token not in repr(rows)


async def test_two_tabs_at_once_get_the_same_successor(worker: Worker, database: Database) -> None:
    grant = await worker.register("ada")
    grants = await asyncio.gather(*(worker.accounts.refresh(grant.refresh_token) for _ in range(8)))
    assert len({each.refresh_token for each in grants}) == 1
    assert await count(database, RefreshToken) == 2
    assert worker.ended == []


async def test_two_tabs_on_two_workers_get_the_same_successor(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    another = Database(settings_for(database_url, tmp_path))
    try:
        workers = [make_worker(database, tmp_path), make_worker(another, tmp_path)]
        grant = await workers[0].register("ada")
        grants = await asyncio.gather(*(workers[n % 2].accounts.refresh(grant.refresh_token) for n in range(8)))
        assert len({each.refresh_token for each in grants}) == 1
        assert [worker.ended for worker in workers] == [[], []]
    finally:
        another.close()


async def test_a_lost_answer_can_be_asked_for_again(worker: Worker) -> None:
    grant = await worker.register("ada")
    lost = await worker.accounts.refresh(grant.refresh_token)
    worker.clock.forward(seconds=10)
    again = await worker.accounts.refresh(grant.refresh_token)
    assert again.refresh_token == lost.refresh_token
    await worker.accounts.refresh(again.refresh_token)


async def test_a_spent_token_after_the_grace_ends_the_session(worker: Worker, database: Database) -> None:
    grant = await worker.register("ada")
    successor = await worker.accounts.refresh(grant.refresh_token)
    worker.clock.forward(seconds=10, microseconds=1)
    with pytest.raises(Unauthenticated):
        await worker.accounts.refresh(grant.refresh_token)
    assert worker.ended == [frozenset({grant.session.id})]
    assert await worker.events(grant.user.id) == [SessionClosed(session=grant.session.id, offset=1)]
    assert await worker.accounts.identify(successor.access_token) is None
    with pytest.raises(Unauthenticated):
        await worker.accounts.refresh(successor.refresh_token)
    assert await count(database, LoginSession) == await count(database, RefreshToken) == 0


async def test_the_grace_is_over_when_the_successor_is_presented(worker: Worker) -> None:
    grant = await worker.register("ada")
    successor = await worker.accounts.refresh(grant.refresh_token)
    await worker.accounts.refresh(successor.refresh_token)
    with pytest.raises(Unauthenticated):
        await worker.accounts.refresh(grant.refresh_token)
    assert worker.ended == [frozenset({grant.session.id})]


async def test_a_theft_ends_one_session_only(worker: Worker) -> None:
    grant = await worker.register("ada")
    other = await worker.log_in("ada")
    await worker.accounts.refresh(grant.refresh_token)
    worker.clock.forward(minutes=1)
    with pytest.raises(Unauthenticated):
        await worker.accounts.refresh(grant.refresh_token)
    assert await worker.accounts.identify(other.access_token) is not None
    await worker.accounts.refresh(other.refresh_token)


async def test_old_and_new_at_the_same_moment_never_leave_a_half_ended_session(
    worker: Worker, database: Database
) -> None:
    """Whoever comes first: either both are served, or the session is over. Nothing deadlocks, nothing breaks."""
    for name in ("ada", "bob", "eve", "dan"):
        grant = await worker.register(name)
        successor = await worker.accounts.refresh(grant.refresh_token)
        tokens = [grant.refresh_token, successor.refresh_token] * 3
        outcomes = await asyncio.gather(*map(worker.accounts.refresh, tokens), return_exceptions=True)
        assert {type(outcome) for outcome in outcomes if isinstance(outcome, Exception)} <= {Unauthenticated}
        alive = await worker.accounts.identify(grant.access_token) is not None
        assert alive == (frozenset({grant.session.id}) not in worker.ended)


@pytest.mark.parametrize("token", ["", "unknown", "x" * 10_000, "密"])
async def test_unknown_tokens(worker: Worker, token: str) -> None:
    with pytest.raises(Unauthenticated):
        await worker.accounts.refresh(token)
    assert worker.ended == []


async def test_a_session_that_nobody_refreshed_expires(worker: Worker) -> None:
    grant = await worker.register("ada")
    worker.clock.forward(days=30)
    with pytest.raises(Unauthenticated):
        await worker.accounts.refresh(grant.refresh_token)
    assert await worker.accounts.identify(grant.access_token) is None


async def test_what_has_expired_is_purged_and_told(worker: Worker, database: Database) -> None:
    old = await worker.register("ada")
    worker.clock.forward(days=20)
    young = await worker.register("bob")
    worker.clock.forward(days=10)
    await worker.accounts.purge(worker.clock.today())
    assert worker.ended == [frozenset({old.session.id})]
    assert await worker.events(old.user.id) == [SessionClosed(session=old.session.id, offset=1)]
    assert await worker.accounts.identify(young.access_token) is not None
    assert await count(database, RefreshToken) == 1


async def test_spent_tokens_are_remembered_until_they_would_have_expired(worker: Worker, database: Database) -> None:
    grant = await worker.register("ada")
    successor = await worker.accounts.refresh(grant.refresh_token)
    worker.clock.forward(days=29)
    await worker.accounts.refresh(successor.refresh_token)
    await worker.accounts.purge(worker.clock.today())
    assert await count(database, RefreshToken) == 3
    worker.clock.forward(days=2)
    await worker.accounts.purge(worker.clock.today())
    assert await count(database, RefreshToken) == 2
