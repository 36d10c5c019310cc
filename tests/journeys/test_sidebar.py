"""The list of conversations: where it stands, how it is ordered, and what it tells of each."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.fixtures.browser import Visitor, answer, ask, row
from tests.fixtures.client import Person
from tests.fixtures.server import Running
from tests.fixtures.upstream import CHAT, DONE, Answer, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

MANY = 60
TITLE = Answer((delta("A title"), finish(), DONE), headers={"Content-Type": "text/event-stream"})


async def width(page: Page) -> float:
    box = await page.get_by_test_id("sidebar").bounding_box()
    assert box is not None
    return box["width"]


async def test_it_is_a_column_a_rail_or_a_drawer(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url) as ann:
        page = await ann.register()
        await ask(page, "Hello")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        assert 250 <= await width(page) <= 270
        await page.get_by_role("button", name="Fold sidebar").click()
        await expect(page.get_by_test_id("sidebar-row")).to_have_count(0)
        assert await width(page) < 64
        await page.reload()  # as it was left
        await page.get_by_role("button", name="Unfold sidebar").click()
        await expect(row(page, "Hello")).to_be_visible()

        await page.set_viewport_size({"width": 767, "height": 900})
        await expect(page.get_by_test_id("sidebar")).to_have_count(0)
        await page.get_by_role("button", name="Open sidebar").click()
        drawer = page.get_by_role("dialog", name="Conversations")
        await row(drawer, "Hello").get_by_role("link").click()
        await expect(drawer).to_have_count(0)
        await page.set_viewport_size({"width": 768, "height": 900})
        await expect(row(page, "Hello")).to_be_visible()


async def test_days_and_more_of_them_as_one_scrolls(server: Running, chromium: Browser, tmp_path: Path) -> None:
    async with Visitor.arriving(chromium, server.url) as ann:
        page = await ann.register()
        person = await Person.log_in(server.url)
        async with person.tab() as tab:
            made = []
            for number in range(MANY):
                made.append(await tab.send(f"Number {number}"))
                await tab.finished(made[-1]["turn"])
            await tab.call("update", conversation=made[0]["conversation"], pinned=True)
        with closing(sqlite3.connect(tmp_path / "parley.db", timeout=10)) as database, database:
            for number, days in ((1, 45), (2, 20), (3, 4), (4, 1), *((number, 60 + number) for number in range(5, 30))):
                database.execute(
                    "UPDATE conversations SET updated_at = datetime(updated_at, ?) WHERE id = ?",
                    (f"-{days} days", made[number]["conversation"]),
                )
        await page.reload()
        sidebar = page.get_by_role("navigation", name="Conversations")
        await expect(row(page, f"Number {MANY - 1}")).to_be_visible()
        await expect(row(page, "Number 29")).to_have_count(0)
        rows = page.get_by_test_id("sidebar-row")
        await rows.nth(40).hover()
        while await rows.count() < MANY:
            await page.mouse.wheel(0, 4000)
            await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
        await expect(rows).to_have_count(MANY)
        assert await sidebar.get_by_role("heading").all_inner_texts() == [
            "Pinned",
            "Folders",
            "Today",
            "Yesterday",
            "Previous 7 days",
            "Previous 30 days",
            "Older",
        ]
        assert await group(page, "Yesterday") == ["Number 4"]
        assert await group(page, "Previous 7 days") == ["Number 3"]
        assert await group(page, "Previous 30 days") == ["Number 2"]
        assert (await group(page, "Older"))[:3] == ["Number 1", "Number 5", "Number 6"]


async def group(page: Page, name: str) -> list[str]:
    section = page.locator("section").filter(has=page.get_by_role("heading", name=name, exact=True))
    return await section.get_by_test_id("sidebar-row").all_inner_texts()


async def test_what_can_be_done_with_a_conversation(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url) as ann:
        page = await ann.register()
        await ask(page, "Hello")
        await row(page, "Hello").hover()
        await page.get_by_role("button", name="Options for “Hello”").click()
        entries = await page.get_by_role("menuitem").all_inner_texts()
        assert entries == ["Rename", "Pin", "Move to…", "Share…", "Export…", "Archive", "Delete"]


async def test_a_new_name_is_not_ended_by_an_input_method(server: Running, chromium: Browser) -> None:
    """Its Enter and its Esc are about what is being composed."""
    async with Visitor.arriving(chromium, server.url) as ann:
        page = await ann.register()
        await ask(page, "Hello")
        await row(page, "Hello").get_by_role("link").press("F2")
        name = page.get_by_label("New title")
        await name.fill("天空")
        for key in ("Enter", "Escape"):
            await name.dispatch_event("keydown", {"key": key, "isComposing": True, "bubbles": True})
            await name.dispatch_event("keydown", {"key": key, "keyCode": 229, "bubbles": True})
        await expect(name).to_have_value("天空")
        await name.press("Escape")
        await expect(row(page, "Hello")).to_be_visible()


def state(page: Page, name: str) -> Locator:
    return page.locator(f"[data-state={name}]")


async def test_a_failure_is_red_until_it_is_looked_at_anywhere(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    upstream.always(CHAT, TITLE)
    gate = Gate()
    upstream.script(delta("It is"), gate, b"data: {]\n\n")
    async with Visitor.arriving(chromium, scripted.url) as ann:
        first = await ann.register()
        second = await ann.open()
        await ask(first, "Why?")
        await expect(answer(first)).to_contain_text("It is")
        await first.get_by_test_id("new-chat").click()
        for tab in (first, second):
            await expect(state(tab, "running")).to_be_visible()
        gate.open()
        for tab in (first, second):
            await expect(state(tab, "failed")).to_be_visible()
            await expect(state(tab, "running")).to_have_count(0)
        await first.reload()
        await expect(state(first, "failed")).to_be_visible()
        await second.get_by_test_id("sidebar-row").get_by_role("link").click()
        await expect(answer(second)).to_have_attribute("data-status", "failed")
        for tab in (first, second):
            await expect(state(tab, "failed")).to_have_count(0)
            await expect(state(tab, "unread")).to_have_count(0)
