"""Every call of ``/api/auth`` and every error of each, over real sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from server.accounts.throttle import Limits
from server.db import Database
from server.rate import Rate
from tests.fixtures.accounts import PASSWORD, make_worker
from tests.fixtures.databases import settings_for
from tests.http.conftest import Browser, Program, Site, accounts_of, bearer, cookies_of, error_of, serving

pytestmark = pytest.mark.anyio

ME = "/api/auth/me"
REFRESH = "/api/auth/refresh"
LOG_OUT = "/api/auth/logout"
CHANGE = "/api/auth/password"


# Registering, logging in, me


async def test_register(browser: Browser) -> None:
    response = await browser.register("ada")
    assert response.status_code == 201
    content = response.json()
    assert content.keys() == {"user", "access_token", "expires_in"}
    assert content["user"].keys() == {"id", "email", "username", "role", "created_at"}
    assert content["user"]["role"] == "admin"
    assert content["user"]["created_at"].endswith("Z")
    assert content["expires_in"] == 900
    assert response.headers["cache-control"] == "no-store"
    assert (await browser.get(ME)).json() == {"user": content["user"]}


async def test_the_cookies(browser: Browser) -> None:
    assert cookies_of(await browser.register("ada")) == {
        "access": {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=900"},
        "refresh": {"HttpOnly", "SameSite=lax", "Path=/api/auth", "Max-Age=2592000"},
        "device": {"HttpOnly", "SameSite=lax", "Path=/api/auth", "Max-Age=34560000"},
    }


async def test_log_in(browser: Browser, site: Site) -> None:
    user = (await browser.register("ada")).json()["user"]
    async with Browser(site.url) as another:
        for login in ("ada", "ADA@example.org"):
            response = await another.log_in(login)
            assert response.status_code == 200
            assert response.json()["user"] == user
        assert (await another.get(ME)).json()["user"] == user


async def test_a_program_gets_its_tokens_in_the_body(program: Program) -> None:
    body = {"email": "a@b.c", "username": "ada", "password": PASSWORD, "tokens": "body"}
    granted = (await program.post("/api/auth/register", json=body)).json()
    assert granted.keys() == {"user", "access_token", "expires_in", "refresh_token"}
    program.cookies.clear()
    assert (await program.get(ME, headers=bearer(granted["access_token"]))).status_code == 200
    again = await program.post(REFRESH, json={"refresh_token": granted["refresh_token"], "tokens": "body"})
    assert again.json().keys() == granted.keys()
    assert again.json()["refresh_token"] != granted["refresh_token"]


async def test_errors_of_register(browser: Browser) -> None:
    await browser.register("ada")
    assert error_of(await browser.register("bob", email="nonsense")) == (400, "invalid", "email")
    assert error_of(await browser.register("bob", username="b@b")) == (400, "invalid", "username")
    assert error_of(await browser.register("bob", password="short")) == (400, "invalid", "password")
    assert error_of(await browser.register("bob", email="ADA@example.org")) == (409, "conflict", "email")
    assert error_of(await browser.register("bob", username="Ada")) == (409, "conflict", "username")
    assert error_of(await browser.register("bob", tokens="somewhere")) == (400, "invalid", "tokens")


async def test_no_account_and_a_wrong_password_are_one_answer(browser: Browser) -> None:
    await browser.register("ada")
    wrong, nobody = await browser.log_in("ada", "wrong password"), await browser.log_in("nobody")
    assert error_of(wrong) == (401, "bad_credentials", None)
    assert wrong.content == nobody.content


async def test_me_without_a_token_or_with_a_bad_one(browser: Browser, program: Program) -> None:
    await browser.register("ada")
    assert error_of(await program.get(ME)) == (401, "unauthenticated", None)
    assert error_of(await program.get(ME, headers=bearer("nonsense"))) == (401, "unauthenticated", None)
    bad_bearer = await browser.get(ME, headers=bearer("nonsense"))
    assert error_of(bad_bearer) == (401, "unauthenticated", None), "it beats the good cookie"


async def test_rate_limits_say_when_to_come_again(database: Database, tmp_path: Path) -> None:
    limits = Limits(registration=Rate(1, 90), account_from_address=Rate(1, 45))
    worker, settings = make_worker(database, tmp_path, limits=limits), settings_for("sqlite://", tmp_path)
    async with serving(accounts_of(worker, settings)) as url, Browser(url) as browser:
        await browser.register("ada")
        second = await browser.register("bob")
        assert error_of(second) == (429, "rate_limited", None)
        assert second.headers["retry-after"] == "90"
        async with Browser(url) as stranger:
            await stranger.log_in("ada", "wrong password")
            held_up = await stranger.log_in("ada")
            assert error_of(held_up) == (429, "rate_limited", None)
            assert held_up.headers["retry-after"] == "45"
        assert (await browser.log_in("ada")).status_code == 200, "the browser that was there before has its cookie"


# Refreshing


async def test_refresh_by_cookie(browser: Browser) -> None:
    await browser.register("ada")
    before = browser.cookies["refresh"]
    response = await browser.post(REFRESH)
    assert response.status_code == 200
    assert browser.cookies["refresh"] != before
    assert cookies_of(response).keys() == {"access", "refresh"}
    assert (await browser.get(ME)).status_code == 200


async def test_two_tabs_at_once(browser: Browser) -> None:
    await browser.register("ada")
    responses = await asyncio.gather(*(browser.post(REFRESH, json={"tokens": "body"}) for _ in range(5)))
    assert len({response.json()["refresh_token"] for response in responses}) == 1
    assert (await browser.post(REFRESH)).status_code == 200


async def test_a_stolen_token_ends_the_session(browser: Browser, program: Program, site: Site) -> None:
    await browser.register("ada")
    stolen = browser.cookies["refresh"]
    await browser.post(REFRESH)
    site.worker.clock.forward(seconds=11)
    assert error_of(await program.post(REFRESH, json={"refresh_token": stolen})) == (401, "unauthenticated", None)
    assert error_of(await browser.get(ME)) == (401, "unauthenticated", None)
    assert error_of(await browser.post(REFRESH)) == (401, "unauthenticated", None)


async def test_a_refresh_token_in_the_body_beats_the_cookie(browser: Browser, site: Site) -> None:
    await browser.register("ada")
    async with Browser(site.url) as other:
        bob = (await other.register("bob", tokens="body")).json()
    response = await browser.post(REFRESH, json={"refresh_token": bob["refresh_token"]})
    assert response.json()["user"] == bob["user"]


async def test_refresh_with_nothing(program: Program) -> None:
    assert error_of(await program.post(REFRESH)) == (401, "unauthenticated", None)
    assert error_of(await program.post(REFRESH, json={"refresh_token": "x"})) == (401, "unauthenticated", None)


# Logging out


async def test_log_out(browser: Browser, site: Site) -> None:
    token = (await browser.register("ada")).json()["access_token"]
    response = await browser.post(LOG_OUT)
    assert (response.status_code, response.content) == (204, b"")
    assert set(browser.cookies) == {"device"}
    assert len(site.worker.ended) == 1
    assert error_of(await browser.get(ME, headers=bearer(token))) == (401, "unauthenticated", None)


async def test_log_out_of_a_program(browser: Browser, program: Program) -> None:
    token = (await browser.register("ada")).json()["access_token"]
    assert (await program.post(LOG_OUT, headers=bearer(token))).status_code == 204
    assert error_of(await program.post(LOG_OUT, headers=bearer(token))) == (401, "unauthenticated", None)
    assert error_of(await program.post(LOG_OUT)) == (401, "unauthenticated", None)


async def test_log_out_when_the_access_token_is_gone(browser: Browser, site: Site) -> None:
    """A browser drops it after 15 minutes. Logging out then must end the session all the same."""
    await browser.register("ada")
    browser.cookies.delete("access")
    assert (await browser.post(LOG_OUT)).status_code == 204
    assert len(site.worker.ended) == 1


async def test_log_out_of_a_session_that_has_ended_rids_the_browser_of_its_cookies(
    browser: Browser, program: Program
) -> None:
    token = (await browser.register("ada")).json()["access_token"]
    await program.post(LOG_OUT, headers=bearer(token))
    assert (await browser.post(LOG_OUT)).status_code == 204
    assert set(browser.cookies) == {"device"}


# Changing


async def test_change_of_name_and_address(browser: Browser) -> None:
    await browser.register("ada")
    assert (await browser.patch(ME, json={"username": "Ada L."})).json()["user"]["username"] == "Ada L."
    body = {"email": "new@example.org", "current_password": PASSWORD}
    assert (await browser.patch(ME, json=body)).json()["user"]["email"] == "new@example.org"
    assert (await browser.get(ME)).json()["user"]["username"] == "Ada L."


async def test_errors_of_change(browser: Browser, site: Site) -> None:
    async with Browser(site.url) as other:
        await other.register("bob")
    await browser.register("ada")
    for body, error in [
        ({"username": "x"}, (400, "invalid", "username")),
        ({"username": None, "email": 3}, (400, "invalid", "email")),
        ({"username": "Bob"}, (409, "conflict", "username")),
        ({"email": "new@example.org"}, (400, "invalid", "current_password")),
        ({"email": "new@example.org", "current_password": "wrong"}, (401, "bad_credentials", "current_password")),
        ({"email": "bob@example.org", "current_password": PASSWORD}, (409, "conflict", "email")),
        ({"role": "admin"}, (400, "invalid", "role")),
    ]:
        assert error_of(await browser.patch(ME, json=body)) == error


async def test_change_of_password(browser: Browser, site: Site) -> None:
    await browser.register("ada")
    async with Browser(site.url) as elsewhere:
        await elsewhere.log_in("ada")
        body = {"current_password": PASSWORD, "new_password": "another password", "tokens": "body"}
        response = await browser.post(CHANGE, json=body)
        assert response.json().keys() == {"user", "access_token", "expires_in", "refresh_token"}
        assert cookies_of(response).keys() == {"access", "refresh"}
        assert (await elsewhere.get(ME)).status_code == 401
    assert (await browser.get(ME)).status_code == 200
    assert (await browser.post(REFRESH)).status_code == 200
    assert (await browser.log_in("ada", "another password")).status_code == 200


async def test_errors_of_change_of_password(browser: Browser, program: Program) -> None:
    await browser.register("ada")
    wrong = {"current_password": "wrong", "new_password": "another password"}
    assert error_of(await browser.post(CHANGE, json=wrong)) == (401, "bad_credentials", "current_password")
    short = {"current_password": PASSWORD, "new_password": "x"}
    assert error_of(await browser.post(CHANGE, json=short)) == (400, "invalid", "new_password")
    assert error_of(await program.post(CHANGE, json=wrong)) == (401, "unauthenticated", None)


# Methods and addresses


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/auth/login"), ("POST", ME), ("DELETE", ME), ("PUT", "/api/auth/register")]
)
async def test_wrong_methods(browser: Browser, method: str, path: str) -> None:
    response = await browser.request(method, path)
    assert error_of(response) == (405, "invalid", None)
    assert response.headers["allow"]


@pytest.mark.parametrize("path", ["/api/auth/", "/api/auth/nothing", "/api/auth/login/", "/api/auth/me/x"])
async def test_unknown_addresses(browser: Browser, path: str) -> None:
    assert error_of(await browser.post(path)) == (404, "not_found", None)
