"""What another site may ask of a browser that is logged in here: nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from server.db import Database
from tests.fixtures.accounts import PASSWORD, make_worker
from tests.fixtures.databases import settings_for
from tests.http.conftest import Browser, accounts_of, bearer, cookies_of, error_of, serving

pytestmark = pytest.mark.anyio

ME = "/api/auth/me"
REFRESH = "/api/auth/refresh"
LOG_OUT = "/api/auth/logout"
CHANGE = "/api/auth/password"


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example"])
async def test_what_another_site_asks_with_our_cookies_is_refused(browser: Browser, origin: str | None) -> None:
    await browser.register("ada")
    if origin is None:
        del browser.headers["origin"]
    else:
        browser.headers["origin"] = origin
    calls: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", REFRESH, {}),
        ("POST", LOG_OUT, {}),
        ("PATCH", ME, {"username": "evil"}),
        ("POST", CHANGE, {"current_password": PASSWORD, "new_password": "another password"}),
        ("POST", "/api/auth/tokens", {"name": "evil"}),
        ("DELETE", "/api/auth/sessions", {}),
        ("DELETE", "/api/auth/sessions/x", {}),
        ("POST", "/api/auth/delete", {"current_password": PASSWORD}),
    ]
    for method, path, body in calls:
        assert error_of(await browser.request(method, path, json=body)) == (403, "bad_origin", None), path
    browser.cookies.delete("access")
    assert error_of(await browser.post(LOG_OUT)) == (403, "bad_origin", None)


async def test_reading_by_cookie_needs_no_origin(browser: Browser) -> None:
    await browser.register("ada")
    del browser.headers["origin"]
    assert (await browser.get(ME)).status_code == 200


async def test_a_foreign_page_cannot_register_log_in_or_refresh(browser: Browser) -> None:
    refresh_token = (await browser.register("ada", tokens="body")).json()["refresh_token"]
    browser.headers["origin"] = "http://evil.example"
    assert error_of(await browser.register("bob")) == (403, "bad_origin", None)
    assert error_of(await browser.log_in("ada")) == (403, "bad_origin", None)
    refused = await browser.post(REFRESH, json={"refresh_token": refresh_token})
    assert error_of(refused) == (403, "bad_origin", None)


async def test_with_a_bearer_token_the_origin_does_not_matter(browser: Browser) -> None:
    token = (await browser.register("ada")).json()["access_token"]
    headers = {**bearer(token), "origin": "http://evil.example"}
    assert (await browser.patch(ME, json={"username": "Ada"}, headers=headers)).status_code == 200


async def test_behind_https_only_the_prefixed_cookies_count(database: Database, tmp_path: Path) -> None:
    settings = settings_for("sqlite://", tmp_path, public_url="https://chat.example")
    worker = make_worker(database, tmp_path)
    async with serving(accounts_of(worker, settings)) as url, Browser(url) as browser:
        browser.headers["origin"] = "https://chat.example"
        response = await browser.register("ada")
        assert cookies_of(response) == {
            "__Host-access": {"HttpOnly", "SameSite=lax", "Path=/", "Max-Age=900", "Secure"},
            "__Secure-refresh": {"HttpOnly", "SameSite=lax", "Path=/api/auth", "Max-Age=2592000", "Secure"},
            "__Secure-device": {"HttpOnly", "SameSite=lax", "Path=/api/auth", "Max-Age=34560000", "Secure"},
        }
        token = response.json()["access_token"]
        browser.cookies.clear()
        assert (await browser.get(ME, headers={"cookie": f"access={token}"})).status_code == 401
        assert (await browser.get(ME, headers={"cookie": f"__Host-access={token}"})).status_code == 200
