"""The calls about devices, tokens and the end of an account, and every error of each, over real sockets."""

from __future__ import annotations

import pytest

from server.protocol.codes import AccountRole
from tests.fixtures.accounts import PASSWORD
from tests.http.conftest import Browser, Program, Site, bearer, error_of

pytestmark = pytest.mark.anyio

ME = "/api/auth/me"
SESSIONS = "/api/auth/sessions"
TOKENS = "/api/auth/tokens"
DELETE = "/api/auth/delete"


async def test_devices(browser: Browser, program: Program) -> None:
    await browser.register("ada")
    body = {"login": "ada", "password": PASSWORD}
    await program.post("/api/auth/login", json=body, headers={"user-agent": "curl/8.5.0"})
    made = (await browser.post(TOKENS, json={"name": "backup", "days": 30})).json()
    response = await browser.get(SESSIONS)
    assert (response.status_code, response.headers["cache-control"]) == (200, "no-store")
    mine, *others = response.json()["sessions"]
    assert mine.keys() == {"id", "device", "kind", "created_at", "last_seen_at", "current"}
    assert (mine["device"], mine["kind"], mine["current"]) == ("Firefox on Linux", "browser", True)
    assert made["session"] in others
    assert made["session"].keys() == mine.keys() | {"name", "expires_at"}
    assert (made["session"]["name"], made["session"]["kind"], made["session"]["current"]) == ("backup", "token", False)
    assert {other["device"] for other in others} == {"backup", "curl/8.5.0"}


async def test_a_token_that_does_not_expire_says_nothing_of_it(browser: Browser, program: Program) -> None:
    await browser.register("ada")
    response = await browser.post(TOKENS, json={"name": "backup"})
    assert response.status_code == 201
    assert "expires_at" not in response.json()["session"]
    theirs = (await program.get(SESSIONS, headers=bearer(response.json()["token"]))).json()["sessions"]
    assert [(one["kind"], one["current"]) for one in theirs] == [("token", True), ("browser", False)]


async def test_logging_a_device_out(browser: Browser, site: Site) -> None:
    await browser.register("ada")
    async with Browser(site.url) as elsewhere:
        await elsewhere.log_in("ada")
        other = next(one for one in (await browser.get(SESSIONS)).json()["sessions"] if not one["current"])
        response = await browser.delete(f"{SESSIONS}/{other['id']}")
        assert (response.status_code, response.content) == (204, b"")
        assert error_of(await elsewhere.get(ME)) == (401, "unauthenticated", None)
        assert error_of(await browser.delete(f"{SESSIONS}/{other['id']}")) == (404, "not_found", None)
    assert (await browser.get(ME)).status_code == 200


async def test_logging_all_others_out(browser: Browser, program: Program, site: Site) -> None:
    """But not programs, and not by one; nor anybody else's."""
    await browser.register("ada")
    token = (await browser.post(TOKENS, json={"name": "backup"})).json()["token"]
    async with Browser(site.url) as elsewhere, Browser(site.url) as bob:
        await bob.register("bob")
        await elsewhere.log_in("ada")
        assert error_of(await program.delete(SESSIONS, headers=bearer(token))) == (403, "forbidden", None)
        for _again in range(2):
            response = await browser.delete(SESSIONS)
            assert (response.status_code, response.content) == (204, b"")
            assert error_of(await elsewhere.get(ME)) == (401, "unauthenticated", None)
        assert (await bob.get(ME)).status_code == 200
    assert (await program.get(ME, headers=bearer(token))).status_code == 200
    assert [one["kind"] for one in (await browser.get(SESSIONS)).json()["sessions"]] == ["browser", "token"]


async def test_logging_this_device_out_rids_it_of_its_cookies(browser: Browser) -> None:
    await browser.register("ada")
    (mine,) = (await browser.get(SESSIONS)).json()["sessions"]
    assert (await browser.delete(f"{SESSIONS}/{mine['id']}")).status_code == 204
    assert set(browser.cookies) == {"device"}


async def test_a_foreign_device_is_like_an_unknown_one(browser: Browser, site: Site) -> None:
    await browser.register("ada")
    async with Browser(site.url) as other:
        await other.register("bob")
        (theirs,) = (await other.get(SESSIONS)).json()["sessions"]
        foreign = await browser.delete(f"{SESSIONS}/{theirs['id']}")
        assert foreign.content == (await browser.delete(f"{SESSIONS}/unknown")).content
        assert error_of(foreign) == (404, "not_found", None)
        assert (await other.get(ME)).status_code == 200


async def test_a_program_with_a_token(browser: Browser, program: Program) -> None:
    user = (await browser.register("ada")).json()["user"]
    token = (await browser.post(TOKENS, json={"name": "backup"})).json()["token"]
    headers = bearer(token)
    assert (await program.get(ME, headers=headers)).json()["user"] == user
    password = {"current_password": PASSWORD}
    for method, path, body in [
        ("POST", TOKENS, {"name": "another"}),
        ("POST", "/api/auth/password", password | {"new_password": "another password"}),
        ("POST", DELETE, password),
        ("DELETE", f"{SESSIONS}/unknown", {}),
    ]:
        response = await program.request(method, path, headers=headers, json=body)
        assert error_of(response) == (403, "forbidden", None), path
        assert "Log in" in response.json()["error"]["message"]
    assert (await program.post("/api/auth/logout", headers=headers)).status_code == 204
    assert error_of(await program.get(ME, headers=headers)) == (401, "unauthenticated", None)
    assert (await browser.get(ME)).status_code == 200


async def test_errors_of_tokens(browser: Browser, program: Program) -> None:
    assert error_of(await program.post(TOKENS, json={"name": "x"})) == (401, "unauthenticated", None)
    assert error_of(await program.get(ME, headers=bearer("parley_nonsense"))) == (401, "unauthenticated", None)
    await browser.register("ada")
    assert error_of(await browser.post(TOKENS, json={})) == (400, "invalid", "name")
    assert error_of(await browser.post(TOKENS, json={"name": " "})) == (400, "invalid", "name")
    assert error_of(await browser.post(TOKENS, json={"name": "x", "days": 0})) == (400, "invalid", "days")
    for _ in range(50):
        assert (await browser.post(TOKENS, json={"name": "x"})).status_code == 201
    assert error_of(await browser.post(TOKENS, json={"name": "x"})) == (409, "conflict", "tokens")


async def test_deleting_the_account(browser: Browser, site: Site) -> None:
    await browser.register("ada")
    async with Browser(site.url) as other:
        await other.register("bob")
        assert error_of(await other.post(DELETE, json={})) == (400, "invalid", "current_password")
        wrong = await other.post(DELETE, json={"current_password": "wrong"})
        assert error_of(wrong) == (401, "bad_credentials", "current_password")
        last_admin = await browser.post(DELETE, json={"current_password": PASSWORD})
        assert error_of(last_admin) == (409, "conflict", "role")
        response = await other.post(DELETE, json={"current_password": PASSWORD})
        assert (response.status_code, response.content) == (204, b"")
        assert set(other.cookies) == {"device"}
        assert error_of(await other.log_in("bob")) == (401, "bad_credentials", None)
        again = await other.register("bob")
        assert (again.status_code, again.json()["user"]["role"]) == (201, AccountRole.USER)
