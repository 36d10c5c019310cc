"""Ann at two computers and on a phone, and a window that nobody touches: what happens in one happens in all."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.fixtures.browser import PHONE, Visitor, answer, ask, row
from tests.fixtures.server import Running
from tests.fixtures.upstream import CHAT, DONE, Answer, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

TITLE = Answer((delta("Sky"), finish(), DONE), headers={"Content-Type": "text/event-stream"})


@dataclass(frozen=True)
class Tabs:
    """Three devices with a log-in each. The idle one is another window of ``second``'s, and stays on a new chat."""

    first: Page
    second: Page
    phone: Page
    idle: Page

    @property
    def used(self) -> tuple[Page, ...]:
        return self.first, self.second, self.phone

    @property
    def wide(self) -> tuple[Page, ...]:
        """Those whose sidebar is always to be seen."""
        return self.first, self.second, self.idle

    @property
    def all(self) -> tuple[Page, ...]:
        return *self.used, self.idle


@pytest.fixture
async def tabs(scripted: Running, chromium: Browser, upstream: Upstream) -> AsyncIterator[Tabs]:
    """Nobody has asked anything; every conversation will be called Sky."""
    upstream.always(CHAT, TITLE)
    async with (
        Visitor.arriving(chromium, scripted.url) as desk,
        Visitor.arriving(chromium, scripted.url, viewport={"width": 1024, "height": 768}) as laptop,
        Visitor.arriving(chromium, scripted.url, **PHONE) as phone,
    ):
        first = await desk.register()
        second, idle = await laptop.log_in(), await laptop.open()
        await idle.get_by_test_id("composer").wait_for()
        yield Tabs(first, second, await phone.log_in(), idle)


def question(page: Page) -> Locator:
    return page.locator("[data-testid=message][data-role=user]").last


def state(page: Page, name: str) -> Locator:
    return page.locator(f"[data-testid=sidebar-row] [data-state={name}]")


async def open_on_phone(page: Page, title: str) -> None:
    await page.get_by_role("button", name="Open sidebar").tap()
    await row(page, title).get_by_role("link").tap()
    await expect(page.get_by_role("dialog")).to_have_count(0)


async def new_chats(tabs: Tabs) -> None:
    for tab in (tabs.first, tabs.second):
        await tab.get_by_test_id("new-chat").click()
    await tabs.phone.get_by_role("button", name="New chat").tap()


async def test_an_answer_in_all_of_them(tabs: Tabs, upstream: Upstream) -> None:
    """Asked on the desk, stopped on the laptop, asked otherwise on the phone."""
    more, never = Gate(), Gate()
    upstream.script(delta("It is "), more, delta("blue.\n\nAnd so"), never, finish(), DONE)
    await ask(tabs.first, "Why is the sky blue?")
    await row(tabs.second, "Why is the sky blue?").get_by_role("link").click()
    await open_on_phone(tabs.phone, "Why is the sky blue?")
    for tab in tabs.used:
        await expect(question(tab)).to_contain_text("Why is the sky blue?")
        await expect(answer(tab)).to_contain_text("It is")
    await expect(state(tabs.idle, "running")).to_have_count(1)
    more.open()
    for tab in tabs.used:
        await expect(answer(tab)).to_contain_text("And so")
        await expect(answer(tab)).to_have_attribute("data-status", "streaming")

    await tabs.second.get_by_test_id("stop").click()
    for tab in tabs.used:
        await expect(answer(tab)).to_have_attribute("data-status", "stopped")
        await expect(tab.get_by_test_id("message-ending")).to_contain_text("You stopped this answer.")
        await expect(tab.get_by_test_id("stop")).to_have_count(0)
        await expect(answer(tab).locator(".answer p")).to_have_text(["It is blue.", "And so"])
        await expect(tab.get_by_test_id("chat-title")).to_have_text("Sky")
    await expect(row(tabs.idle, "Sky")).to_be_visible()
    await expect(state(tabs.idle, "running")).to_have_count(0)
    never.open()

    end = Gate()
    upstream.script(delta("Because of "), end, delta("the **sky**."), finish(), DONE)
    await question(tabs.phone).get_by_role("button", name="Edit").tap()
    editor = question(tabs.phone).get_by_role("textbox")
    await editor.fill("Why is the sea blue?")
    await question(tabs.phone).get_by_role("button", name="Send").tap()
    for tab in tabs.used:
        await expect(question(tab)).to_contain_text("Why is the sea blue?")
        await expect(answer(tab)).to_contain_text("Because of")
        await expect(tab.get_by_test_id("message")).to_have_count(2)
    await expect(state(tabs.idle, "running")).to_have_count(1)
    end.open()
    for tab in tabs.used:
        await expect(answer(tab)).to_have_attribute("data-status", "complete")
        await expect(answer(tab).locator(".answer p")).to_have_text(["Because of the sky."])
        await expect(question(tab).get_by_test_id("siblings")).to_contain_text("2/2")

    await question(tabs.second).get_by_role("button", name="Previous version").click()
    for tab in tabs.used:
        await expect(answer(tab)).to_have_attribute("data-status", "stopped")
    await tabs.phone.reload()
    for tab in tabs.used:
        await expect(question(tab)).to_contain_text("Why is the sky blue?")
        await expect(question(tab).get_by_test_id("siblings")).to_contain_text("1/2")
        await expect(answer(tab)).to_have_attribute("data-status", "stopped")


async def test_drafts_read_marks_names_and_the_end_of_a_conversation(tabs: Tabs, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(delta("It is "), gate, delta("blue."), finish(), DONE)
    await ask(tabs.first, "Why?")
    await expect(answer(tabs.first)).to_contain_text("It is")
    await new_chats(tabs)
    for tab in tabs.wide:
        await expect(state(tab, "running")).to_have_count(1)
    gate.open()
    for tab in tabs.wide:
        await expect(state(tab, "unread")).to_have_count(1)
        await expect(row(tab, "Sky")).to_be_visible()
    await open_on_phone(tabs.phone, "Sky")
    await expect(answer(tabs.phone)).to_contain_text("It is blue.")
    for tab in tabs.wide:
        await expect(state(tab, "unread")).to_have_count(0)

    await row(tabs.second, "Sky").get_by_role("link").click()
    await tabs.phone.get_by_test_id("composer").fill("夜里呢")
    await expect(tabs.second.get_by_test_id("composer")).to_have_value("夜里呢")
    await tabs.phone.get_by_test_id("composer").fill("")
    await expect(tabs.second.get_by_test_id("composer")).to_have_value("")
    for tab in (tabs.first, tabs.idle):  # which are not in that conversation
        await expect(tab.get_by_test_id("composer")).to_have_value("")

    await row(tabs.first, "Sky").get_by_role("link").focus()
    await tabs.first.keyboard.press("F2")
    await tabs.first.get_by_label("New title").fill("天空")
    await tabs.first.get_by_label("New title").press("Enter")
    for tab in tabs.wide:
        await expect(row(tab, "天空")).to_be_visible()
    for tab in (tabs.second, tabs.phone):
        await expect(tab.get_by_test_id("chat-title")).to_have_text("天空")
        await expect(tab).to_have_title("天空")

    await row(tabs.first, "天空").get_by_role("link").press("Delete")
    await tabs.first.goto("about:blank")  # before the time for second thoughts is over
    for tab in (tabs.second, tabs.phone):
        await expect(tab).to_have_url(re.compile(r"/$"))
        await expect(tab.get_by_test_id("message")).to_have_count(0)
    for tab in (tabs.second, tabs.idle):
        await expect(tab.get_by_test_id("sidebar-row")).to_have_count(0)


async def test_a_theme_and_the_end_of_a_log_in(tabs: Tabs, scripted: Running) -> None:
    """A log-out ends all windows of its device; the others end when they are logged out from afar."""
    await tabs.phone.get_by_role("button", name="Open sidebar").tap()
    await tabs.phone.get_by_role("button", name="Account menu of ann").tap()
    await tabs.phone.get_by_role("menuitem", name="Settings").tap()
    await tabs.phone.get_by_text("Dark", exact=True).tap()
    for tab in tabs.all:
        await expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    await tabs.second.get_by_role("button", name="Account menu of ann").click()
    await tabs.second.get_by_role("menuitem", name="Log out").click()
    for tab in (tabs.second, tabs.idle):
        await expect(tab.get_by_role("button", name="Log in")).to_be_visible()
    for tab in (tabs.first, tabs.phone):
        await expect(tab.get_by_test_id("composer")).to_be_attached()

    await tabs.first.keyboard.press("Control+.")
    await tabs.first.get_by_role("tab", name="Devices").click()
    device = tabs.first.get_by_test_id("devices").get_by_test_id("device").filter(has_not_text="This device")
    await expect(device).to_have_count(1)
    await device.get_by_role("button", name="Log out").click()
    await device.get_by_role("button", name="Really log out?").click()
    await expect(tabs.phone.get_by_role("button", name="Log in")).to_be_visible()
    for tab in (tabs.second, tabs.phone, tabs.idle):
        assert tab.url.startswith(scripted.url + "/login")
        await expect(tab.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(tabs.first.get_by_test_id("devices").get_by_test_id("device")).to_have_count(1)
