"""Before the log-in."""

from __future__ import annotations

from playwright.async_api import expect

from tests.screenshots.programme import scene
from tests.screenshots.stage import Stage


@scene()
async def log_in(stage: Stage) -> None:
    page = await stage.visit("/login")
    await expect(page.get_by_role("heading")).to_be_visible()


@scene()
async def log_in_refused(stage: Stage) -> None:
    await log_in(stage)
    await stage.page.get_by_role("textbox").first.fill("nobody@example.org")
    await stage.page.get_by_role("textbox").last.fill("not the password")
    await stage.page.keyboard.press("Enter")
    await expect(stage.page.get_by_role("alert")).to_be_visible()


@scene()
async def register(stage: Stage) -> None:
    page = await stage.visit("/register")
    await expect(page.get_by_role("heading")).to_be_visible()


@scene()
async def register_refused(stage: Stage) -> None:
    await register(stage)
    for box, text in enumerate(("L", "lin", "short")):
        await stage.page.get_by_role("textbox").nth(box).fill(text)
    await stage.page.keyboard.press("Enter")
    await expect(stage.page.get_by_role("alert").first).to_be_visible()
