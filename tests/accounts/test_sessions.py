"""Where somebody is logged in, and what programs may do with a token."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta

import pytest
from sqlmodel import select

from server.accounts import presence, sessions
from server.accounts.presence import Presences
from server.errors import Conflict, Forbidden, Invalid, NotFound
from server.protocol.events import SessionClosed
from server.tables import LoginSession, RefreshToken
from tests.fixtures.accounts import ELSEWHERE, PASSWORD, Worker

pytestmark = pytest.mark.anyio


async def test_a_token_is_good_until_it_is_revoked_and_only_its_hash_is_stored(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    script, token = await worker.program(ada, "  夜间 backup ")
    assert token.startswith("parley_")
    assert len(token) == len("parley_") + 43, "256 bits"
    assert (script.user.id, script.session.device, script.is_program) == (ada.user.id, "夜间 backup", True)
    rows = await worker.database.read(lambda session: session.exec(select(LoginSession)).all())
    assert [row.token_hash for row in rows if row.token_hash] == [hashlib.sha256(token.encode()).hexdigest()]
    worker.clock.forward(days=3650)
    assert await worker.accounts.identify(token) is not None
    await worker.accounts.purge(worker.clock.today())
    assert await worker.accounts.identify(token) is not None
    await worker.accounts.sessions.end(ada.user.id, [script.session.id])
    assert await worker.accounts.identify(token) is None
    assert await worker.accounts.identify(token[:-1]) is None


async def test_a_token_has_no_refresh_tokens(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    script, _ = await worker.program(ada)
    tokens = await worker.database.read(lambda session: session.exec(select(RefreshToken.session_id)).all())
    assert script.session.id not in tokens


async def test_a_token_for_some_days(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    script, token = await worker.program(ada, days=30)
    worker.clock.forward(days=29)
    assert await worker.accounts.identify(token) is not None
    worker.clock.forward(days=1)
    assert await worker.accounts.identify(token) is None
    assert script.session.id not in await worker.accounts.sessions.roles([script.session.id])
    await worker.accounts.purge(worker.clock.today())
    assert script.session.id in worker.ended[-1]


@pytest.mark.parametrize(("name", "days", "field"), [("", 1, "name"), ("x" * 81, 1, "name"), ("a\u200bb", 1, "name"),
                                                     ("x", 0, "days"), ("x", 3651, "days")])  # fmt: skip
async def test_what_a_token_cannot_be(worker: Worker, name: str, days: int, field: str) -> None:
    ada = await worker.identify(await worker.register("ada"))
    with pytest.raises(Invalid) as error:
        await worker.accounts.sessions.make_token(ada, name, days)
    assert error.value.field == field


async def test_so_many_tokens_and_no_more(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also when they are asked for at once; another user's do not count."""
    monkeypatch.setattr(sessions, "TOKENS", 3)
    ada = await worker.identify(await worker.register("ada"))
    bob = await worker.identify(await worker.register("bob"))
    asked = (worker.accounts.sessions.make_token(ada, f"script {number}", None) for number in range(6))
    outcomes = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 3
    await worker.program(bob)
    login, _ = next(outcome for outcome in outcomes if not isinstance(outcome, BaseException))
    await worker.accounts.sessions.end_one(ada, login.id)
    await worker.program(ada)


async def test_what_a_program_may_not(worker: Worker) -> None:
    grant = await worker.register("ada")
    ada = await worker.identify(grant)
    script, token = await worker.program(ada)
    other, _ = await worker.program(ada, "another")
    accounts = worker.accounts
    with pytest.raises(Forbidden):
        await accounts.sessions.make_token(script, "one more", None)
    with pytest.raises(Forbidden):
        await accounts.change_password(script, PASSWORD, "another password")
    with pytest.raises(Forbidden):
        await accounts.delete(script, PASSWORD, stop_turns=nothing)
    for login in (grant.session.id, other.session.id, "unknown"):
        with pytest.raises(Forbidden):
            await accounts.sessions.end_one(script, login)
    assert len(await worker.devices(ada.user.id)) == 3
    await accounts.sessions.end_one(script, script.session.id)
    assert await accounts.identify(token) is None


async def test_whoever_was_logged_out_meanwhile_makes_no_token(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    await worker.accounts.sessions.end(ada.user.id, [ada.session.id])
    with pytest.raises(NotFound):
        await worker.accounts.sessions.make_token(ada, "script", None)


async def test_logging_a_device_out_from_another(worker: Worker) -> None:
    desk = await worker.identify(await worker.register("ada"))
    phone = await worker.log_in("ada", ELSEWHERE)
    await worker.accounts.sessions.end_one(desk, phone.session.id)
    assert worker.ended == [frozenset({phone.session.id})]
    assert SessionClosed(session=phone.session.id, offset=1) in await worker.events(desk.user.id)
    assert await worker.accounts.identify(phone.access_token) is None
    assert await worker.devices(desk.user.id) == ["Firefox on Linux"]


async def test_a_foreign_device_is_like_an_unknown_one(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    bob = await worker.register("bob")
    told = []
    for login in (bob.session.id, "0" * 24):
        with pytest.raises(NotFound) as error:
            await worker.accounts.sessions.end_one(ada, login)
        told.append(str(error.value))
    assert told[0] == told[1]
    await worker.identify(bob)


async def test_when_a_device_was_seen_last(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its log-in, a refresh, its sockets; one that is here is seen now."""
    monkeypatch.setattr(presence, "now", worker.clock.today)
    began = worker.clock.today()
    desk, phone = await worker.register("ada"), await worker.log_in("ada", ELSEWHERE)
    ada = await worker.identify(desk)
    here = Presences(worker.database, worker.journal, "w")

    async def seen() -> dict[str, timedelta]:
        """Since the beginning, by name; who asks first."""
        devices = await worker.accounts.sessions.of(ada)
        assert [device.current for device in devices] == [True, *[False] * (len(devices) - 1)]
        return {device.session.device: device.last_seen_at - began for device in devices}

    worker.clock.forward(hours=1)
    assert await seen() == {"Firefox on Linux": timedelta(0), "curl/8.5.0": timedelta(0)}
    await worker.accounts.refresh(phone.refresh_token)
    worker.clock.forward(hours=1)
    assert (await seen())["curl/8.5.0"] == timedelta(hours=1)
    await here.arrive(ada.user.id, phone.session.id, "connection")
    worker.clock.forward(hours=1)
    assert (await seen())["curl/8.5.0"] == timedelta(hours=3)
    here.leave(ada.user.id, "connection")
    await here.end()
    worker.clock.forward(hours=1)
    assert await seen() == {"Firefox on Linux": timedelta(0), "curl/8.5.0": timedelta(hours=3)}


async def test_requests_of_a_program_are_noted_once_a_minute(worker: Worker) -> None:
    ada = await worker.identify(await worker.register("ada"))
    _, token = await worker.program(ada)
    noted = []
    for _ in range(4):
        worker.clock.forward(seconds=25)
        script = await worker.accounts.identify(token)
        assert script is not None
        await worker.accounts.sessions.note(script)
        noted.append((await worker.accounts.sessions.of(script))[0].last_seen_at)
    assert noted[0] == noted[1] == noted[2] < noted[3]


async def nothing(_user: str) -> None:
    pass
