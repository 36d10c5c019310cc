"""Settings that hold everywhere, other devices, a program with a token, and leaving for good."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.browser import Visitor
from tests.fixtures.client import Person
from tests.fixtures.server import Running

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def section(page: Page, name: str) -> None:
    """Opens the settings by their key, and goes to this part."""
    if not await page.get_by_role("dialog").is_visible():
        await page.keyboard.press("Control+.")
    await page.get_by_role("tab", name=name).click()


async def test_text_size_and_send_key_in_every_tab(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url) as ann:
        first = await ann.register()
        second = await ann.open()
        await expect(second.get_by_test_id("composer")).to_be_visible()
        await section(first, "General")
        await first.get_by_text("Ctrl Enter", exact=True).click()
        await first.get_by_text("Very large", exact=True).click()  # whoever has seen this has seen that
        for tab in (first, second):
            await expect(tab.locator("html")).to_have_css("font-size", "20px")
        await first.keyboard.press("Escape")

        composer = second.get_by_test_id("composer")
        await composer.fill("One")
        await composer.press("Enter")
        await composer.press("T")
        await expect(composer).to_have_value("One\nT")
        await composer.press("Control+Enter")
        await expect(first.get_by_test_id("sidebar-row")).to_have_count(1)
        await expect(composer).to_have_value("")

        await second.reload()
        await expect(second.locator("html")).to_have_css("font-size", "20px")
        await expect(second.get_by_test_id("composer")).to_be_visible()  # the size was there before the page was
        await second.keyboard.press("Control+/")
        await expect(second.get_by_role("tabpanel")).to_contain_text("Send the message")
        await second.keyboard.press("Control+/")
        await expect(second.get_by_role("dialog")).to_have_count(0)


async def test_devices_and_tokens(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url) as ann:
        page = await ann.register()
        await section(page, "Devices")
        rows = page.get_by_test_id("devices").get_by_test_id("device")
        await expect(rows).to_have_count(1)
        await expect(rows).to_contain_text("This device")

        phone = await Person.log_in(server.url)
        async with phone.tab() as socket:
            await expect(rows).to_have_count(2)
            await expect(rows.nth(1)).to_contain_text("Active now")
            await rows.nth(1).get_by_role("button", name="Log out").click()
            await rows.nth(1).get_by_role("button", name="Really log out?").click()
            assert await socket.closed() == 4401
        await expect(rows).to_have_count(1)

        others = page.get_by_role("button", name="Log out all other devices")
        await expect(others).to_have_count(0)
        tablet, laptop = await Person.log_in(server.url), await Person.log_in(server.url)
        async with tablet.tab() as one, laptop.tab() as two:
            await expect(rows).to_have_count(3)
            await others.click()
            await page.get_by_role("button", name="Really log out all others?").click()
            assert (await one.closed(), await two.closed()) == (4401, 4401)
        await expect(rows).to_have_count(1)

        await page.get_by_role("button", name="New token").click()
        await page.get_by_label("Name").fill("夜间备份")
        await page.get_by_role("button", name="Create token").click()
        token = await page.get_by_test_id("token").inner_text()
        await page.get_by_role("button", name="Done").click()
        await expect(page.get_by_test_id("token")).to_have_count(0)
        program = Person(server.url, {"user": phone.user, "access_token": token, "refresh_token": ""})
        async with program.tab() as socket:
            await socket.call("settings", key="theme", value="dark")
            await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
            tokens = page.get_by_test_id("tokens").get_by_test_id("device")
            await expect(tokens).to_contain_text("夜间备份")
            await expect(tokens).to_contain_text("Active now")
            await tokens.get_by_role("button", name="Revoke").click()
            await tokens.get_by_role("button", name="Really revoke?").click()
            assert await socket.closed() == 4401
        await expect(tokens).to_have_count(0)


async def test_leaving_for_good(server: Running, chromium: Browser) -> None:
    await Person.register(server.url, "admin")
    async with Visitor.arriving(chromium, server.url) as ann:
        first = await ann.register()
        second = await ann.open()
        await expect(second.get_by_test_id("composer")).to_be_visible()
        await section(first, "Data")
        await first.get_by_role("button", name="Delete my account…").click()
        await expect(first.get_by_role("tabpanel")).to_contain_text("“ann”, all of its conversations")
        await first.get_by_label("Current password").fill("wrong password")
        await first.get_by_role("button", name="Delete everything for good").click()
        await expect(first.get_by_role("alert")).to_contain_text("not your current password")
        await first.get_by_label("Current password").fill("correct horse")
        await first.get_by_role("button", name="Delete everything for good").click()
        for tab in (first, second):
            await expect(tab.get_by_role("button", name="Log in")).to_be_visible()
        await first.get_by_label("E-mail or user name").fill("ann")
        await first.get_by_label("Password", exact=True).fill("correct horse")
        await first.get_by_role("button", name="Log in").click()
        await expect(first.get_by_role("alert")).to_contain_text("The name or the password is wrong.")
