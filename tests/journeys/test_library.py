"""What people make of their conversations, in one tab and seen in the other: verdicts, folders, prompts."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.fixtures.browser import Visitor, answer, ask, row
from tests.fixtures.server import Running, running, settings_for

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


def folder(page: Page, name: str) -> Locator:
    return page.get_by_test_id("folder").filter(has=page.get_by_role("button", name=name, exact=True))


async def talk(page: Page, text: str) -> None:
    await page.get_by_test_id("new-chat").click()
    await ask(page, text)
    await expect(row(page, text)).to_have_count(1)
    await expect(answer(page)).to_have_attribute("data-status", "complete")


async def choose(page: Page, menu: str, *entries: str) -> None:
    """By keyboard alone."""
    await page.get_by_role("button", name=f"Options for {menu}").press("Enter")
    for entry in entries:
        await page.get_by_role("menuitem", name=entry, exact=True).press("Enter")


async def test_good_and_bad(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url) as ann:
        first = await ann.register()
        await ask(first, "Why?")
        await expect(answer(first)).to_have_attribute("data-status", "complete")
        second = await ann.open(first.url.removeprefix(server.url))
        good, bad = (answer(first).get_by_role("button", name=name) for name in ("Good answer", "Bad answer"))
        await good.click()
        await expect(answer(second).get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
        await bad.click()
        await first.get_by_label("What was wrong?").fill("太长了")
        await first.get_by_role("button", name="Save").click()
        await expect(good).to_have_attribute("aria-pressed", "false")

        seen = answer(second).get_by_role("button", name="Bad answer")
        await expect(seen).to_have_attribute("aria-pressed", "true")
        await seen.click()
        await expect(second.get_by_label("What was wrong?")).to_have_value("太长了")
        await second.get_by_role("button", name="Take back").click()
        await expect(bad).to_have_attribute("aria-pressed", "false")
        await expect(second.get_by_label("What was wrong?")).to_have_count(0)


async def test_folders(server: Running, chromium: Browser) -> None:
    """Made, filled by menu and by hand, renamed and deleted; what was inside is listed by date again."""
    async with Visitor.arriving(chromium, server.url) as ann:
        first = await ann.register()
        for text in ("Kyoto", "Osaka", "Tides"):
            await talk(first, text)
        second = await ann.open()
        await choose(first, "“Kyoto”", "Move to…", "New folder…")
        await first.get_by_label("Name").fill("旅行")
        await first.get_by_role("button", name="Create").click()
        await expect(row(folder(first, "旅行"), "Kyoto")).to_be_visible()
        await expect(row(first, "Kyoto")).to_have_count(1)

        await row(second, "Osaka").get_by_role("link").drag_to(folder(second, "旅行"))
        for tab in (first, second):
            await expect(folder(tab, "旅行").get_by_test_id("sidebar-row")).to_have_count(2)
            await expect(tab.get_by_test_id("sidebar-row")).to_have_count(3)

        await choose(second, "the folder “旅行”", "Rename")
        await second.get_by_label("New name of the folder").fill("Journeys")
        await second.get_by_label("New name of the folder").press("Enter")
        await row(folder(first, "Journeys"), "Osaka").get_by_role("link").drag_to(row(first, "Tides"))
        await expect(folder(second, "Journeys").get_by_test_id("sidebar-row")).to_have_count(1)

        await first.reload()
        await expect(row(folder(first, "Journeys"), "Kyoto")).to_be_visible()
        await choose(first, "the folder “Journeys”", "Delete")
        await expect(first.get_by_role("alertdialog")).to_contain_text("Its conversations stay")
        await first.get_by_role("button", name="Delete the folder").click()
        for tab in (first, second):
            await expect(tab.get_by_test_id("folder")).to_have_count(0)
            await expect(tab.get_by_test_id("sidebar-row")).to_have_count(3)


async def test_prompts(server: Running, chromium: Browser) -> None:
    """Kept in one tab, put in by "/" in the other; never while an input method composes."""
    async with Visitor.arriving(chromium, server.url) as ann:
        first = await ann.register()
        second = await ann.open()
        await first.get_by_role("button", name="Account menu of ann").click()
        await first.get_by_role("menuitem", name="Prompts").click()
        for name, text in (
            ("翻译成英文", "把下面的文字翻译成英文："),
            ("Brief", "Be brief.\nVery brief."),
            ("Brave", "x"),
        ):
            await first.get_by_role("button", name="New prompt").click()
            await first.get_by_label("Name").fill(name)
            await first.get_by_label("Text").fill(text)
            await first.get_by_role("button", name="Save").click()
            await expect(first.get_by_test_id("preset").filter(has_text=name)).to_be_visible()
        await first.get_by_role("button", name="Change “Brave”").click()
        await first.get_by_label("Text").fill("Be brave.")
        await first.get_by_role("button", name="Save").click()

        box, options = second.get_by_test_id("composer"), second.get_by_role("option")
        await box.fill("/")
        await expect(options).to_have_count(3)
        await box.fill("/BR")
        await expect(options).to_have_count(2)
        await box.press("ArrowDown")
        await expect(second.get_by_role("option", name="Brief")).to_have_attribute("aria-selected", "true")
        await box.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
        await expect(box).to_have_value("/BR")
        await box.press("Enter")
        await expect(box).to_have_value("Be brief.\nVery brief.")
        await expect(options).to_have_count(0)
        await expect(second.get_by_test_id("message")).to_have_count(0)

        await box.fill("/翻译")
        await box.press("Escape")
        await expect(options).to_have_count(0)
        await box.fill("")
        await box.fill("/翻译")
        await options.click()
        await expect(box).to_have_value("把下面的文字翻译成英文：")
        await expect(box).to_be_focused()

        await first.get_by_role("button", name="Delete “Brave”").click()
        await box.fill("/")
        await expect(options).to_have_count(2)


async def test_a_temporary_chat(server: Running, chromium: Browser) -> None:
    """Listed in no tab, still there after a reload, and gone when it is left."""
    async with Visitor.arriving(chromium, server.url) as ann:
        first = await ann.register()
        second = await ann.open()
        await first.get_by_test_id("temporary").click()
        await expect(first.get_by_text("it is deleted when you leave it")).to_be_visible()
        await ask(first, "A secret")
        await expect(answer(first)).to_have_attribute("data-status", "complete")
        await expect(first.get_by_text("Temporary", exact=True)).to_be_visible()
        await first.reload()
        await expect(answer(first)).to_have_attribute("data-status", "complete")
        await expect(first.get_by_text("it is deleted when you leave it")).to_be_visible()
        path = first.url.removeprefix(server.url)
        watcher = await ann.open(path)
        await expect(answer(watcher)).to_have_attribute("data-status", "complete")

        await talk(second, "Kept")
        for tab in (first, second):
            await expect(tab.get_by_test_id("sidebar-row")).to_have_count(1)
        await row(first, "Kept").get_by_role("link").click()
        await expect(watcher.get_by_test_id("message")).to_have_count(0)
        late = await ann.open(path)
        await expect(late.get_by_text("This conversation does not exist.")).to_be_visible()
        await first.get_by_test_id("new-chat").click()
        await expect(first.get_by_test_id("temporary")).to_have_attribute("aria-pressed", "false")


async def test_the_model_s_horizon(tmp_path: Path, chromium: Browser) -> None:
    """A line above the oldest message that the newest answer's model was given."""
    with running(settings_for(tmp_path, context_tokens=1024)) as server:
        async with Visitor.arriving(chromium, server.url) as ann:
            page = await ann.register()
            await ask(page, f"First: {'many words ' * 150}")
            await expect(answer(page)).to_have_attribute("data-status", "complete")
            line = page.get_by_test_id("horizon")
            await expect(line).to_have_count(0)
            await ask(page, f"Second: {'many words ' * 150}")
            await expect(answer(page, 1)).to_have_attribute("data-status", "complete")
            await expect(line).to_have_text("The model no longer sees what is above this")
            exchange = page.locator("section").filter(has=line)
            await expect(exchange.get_by_test_id("message").first).to_contain_text("Second")
            await page.reload()
            await expect(line).to_be_visible()
