"""The line to the server."""

from __future__ import annotations

from playwright.async_api import expect

from tests.screenshots.programme import scene
from tests.screenshots.scenes.conversations import conversation
from tests.screenshots.stage import Stage


@scene()
async def connection_lost(stage: Stage) -> None:
    await conversation(stage)
    stage.close_house()
    await expect(stage.page.get_by_test_id("connection-banner")).to_be_visible()


@scene()
async def sent_without_a_connection(stage: Stage) -> None:
    await connection_lost(stage)
    await stage.page.get_by_test_id("composer").fill(stage.either("And at night?", "那晚上呢？"))
    await stage.page.keyboard.press("Enter")
    await expect(stage.page.get_by_text(stage.either("Waiting for the connection…", "等待连接…"))).to_be_visible()


@scene(installed=True)
async def offline(stage: Stage) -> None:
    """Opened without a network, by the service worker."""
    page = await stage.arrive()
    await page.evaluate("navigator.serviceWorker.ready")
    await stage.visitor.context.set_offline(True)
    await page.reload()
    await expect(page.get_by_role("heading", name=stage.either("You are offline", "当前没有网络"))).to_be_visible()


@scene()
async def new_version(stage: Stage) -> None:
    page = await stage.arrive()
    await page.route("**/", lambda route: route.fulfill(body='<meta name="parley-client" content="another">'))
    await page.evaluate("dispatchEvent(new Event('vite:preloadError'))")
    await expect(page.get_by_test_id("new-version")).to_be_visible()
