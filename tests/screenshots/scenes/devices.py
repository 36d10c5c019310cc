"""Where somebody is logged in, and tokens of programs."""

from __future__ import annotations

import httpx2
from playwright.async_api import expect

from tests.screenshots.programme import scene
from tests.screenshots.stage import PASSWORD, Stage

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Version/18.0 Mobile/15E148 Safari/604.1"
LONG_NAME = "nightly-report@" + "very-long-host-name." * 3


@scene()
async def settings_devices(stage: Stage) -> None:
    await stage.arrive()
    await stage.open_settings("Devices", "设备")


async def _other_devices(stage: Stage) -> None:
    """Two browsers, one of which has not been seen for days, and two programs."""
    account = {"login": stage.name, "password": PASSWORD, "tokens": "body"}
    async with httpx2.AsyncClient(base_url=stage.url, trust_env=False) as client:
        for agent in (FIREFOX, IPHONE):
            tokens = await client.post("/api/auth/login", json=account, headers={"user-agent": agent})
        client.headers["authorization"] = f"Bearer {tokens.json()['access_token']}"
        for token in ({"name": stage.either("Home automation", "智能家居")}, {"name": LONG_NAME, "days": 90}):
            await client.post("/api/auth/tokens", json=token)
    days_ago = "UPDATE login_sessions SET last_seen_at = datetime(last_seen_at, '-3 days') WHERE device LIKE ?"
    stage.rewrite(days_ago, "%iPhone")


@scene()
async def devices_and_tokens(stage: Stage) -> None:
    await stage.arrive()
    await _other_devices(stage)
    await stage.open_settings("Devices", "设备")
    await expect(stage.page.get_by_test_id("device")).to_have_count(5)
    await stage.page.get_by_test_id("devices").get_by_role("button").first.click()


@scene()
async def token_to_be_made(stage: Stage) -> None:
    await stage.arrive()
    await stage.open_settings("Devices", "设备")
    await stage.button("New token", "新建令牌").click()
    await stage.page.get_by_label(stage.either("Name", "名称")).fill(stage.either("Home automation", "智能家居"))


@scene()
async def token_shown(stage: Stage) -> None:
    await token_to_be_made(stage)
    await stage.button("Create token", "创建令牌").click()
    await stage.page.get_by_test_id("token").scroll_into_view_if_needed()
