"""What happens in one tab happens in the other, by itself."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.fixtures.browser import Visitor, answer, ask, row
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_question_stop_rename_delete(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(delta("It is "), gate, finish(), DONE)
    upstream.script(delta("Sky"), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        first = await ann.register()
        second = await ann.open()
        await ask(first, "Why is the sky blue?")
        await row(second, "Why is the sky blue?").get_by_role("link").click()
        await expect(answer(second)).to_contain_text("It is")
        await second.get_by_test_id("stop").click()
        await expect(answer(first)).to_have_attribute("data-status", "stopped")
        gate.open()

        await expect(row(first, "Sky")).to_be_visible()
        await row(first, "Sky").hover()
        await first.get_by_role("button", name="Options for “Sky”").click()
        await first.get_by_role("menuitem", name="Rename").click()
        await first.get_by_label("New title").fill("天空")
        await first.get_by_label("New title").press("Enter")
        await expect(row(second, "天空")).to_be_visible()
        await expect(second.get_by_test_id("chat-title")).to_contain_text("天空")

        await row(second, "天空").hover()
        await second.get_by_role("button", name="Options for “天空”").click()
        await second.get_by_role("menuitem", name="Delete").click()
        await expect(row(second, "天空")).to_have_count(0)
        await second.get_by_role("button", name="Undo").click()
        await expect(row(second, "天空")).to_be_visible()
        await expect(second.get_by_test_id("chat-title")).to_contain_text("天空")
        await row(second, "天空").get_by_role("link").press("Delete")
        await expect(row(second, "天空")).to_have_count(0)
        await expect(row(first, "天空")).to_be_visible()
        # The page goes before the time for second thoughts is over.
        await second.goto("about:blank")
        await expect(row(first, "天空")).to_have_count(0)
        await expect(first.get_by_test_id("message")).to_have_count(0)


async def test_regenerate_and_failure(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """An error says what happened and offers another try, which both tabs see."""
    upstream.script(delta("Half an ans"), b"data: {]\n\n")
    upstream.script(delta("A whole answer."), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        first = await ann.register()
        await ask(first, "Why?")
        await expect(answer(first)).to_have_attribute("data-status", "failed")
        await expect(first.get_by_test_id("message-ending")).to_contain_text("no answer")
        await expect(answer(first)).to_contain_text("Half an ans")
        second = await ann.open(first.url.removeprefix(scripted.url))
        await expect(answer(second)).to_have_attribute("data-status", "failed")
        await first.get_by_test_id("message-ending").get_by_role("button", name="Try again").click()
        for tab in (first, second):
            await expect(answer(tab)).to_have_attribute("data-status", "complete")
            await expect(answer(tab)).to_contain_text("A whole answer.")
            await expect(tab.get_by_test_id("message")).to_have_count(2)


async def test_theme_language_and_log_out(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url) as ann:
        first = await ann.register()
        second = await ann.open()
        await expect(second.get_by_test_id("composer")).to_be_visible()
        await first.get_by_role("button", name="Account menu of ann").click()
        await first.get_by_role("menuitem", name="Settings").click()
        await first.get_by_text("Dark", exact=True).click()
        await expect(second.locator("html")).to_have_attribute("data-theme", "dark")
        await first.get_by_text("中文", exact=True).click()
        await expect(second.get_by_role("link", name="新对话")).to_be_visible()
        await expect(second.locator("html")).to_have_attribute("lang", "zh-CN")
        await first.keyboard.press("Escape")
        await first.get_by_role("button", name="ann").click()
        await first.get_by_role("menuitem", name="退出登录").click()
        for tab in (first, second):
            await expect(tab.get_by_role("button", name="登录")).to_be_visible()
            assert tab.url.startswith(server.url + "/login")


async def test_an_input_method_keeps_its_enter(server: Running, chromium: Browser) -> None:
    """Enter ends the composition of Chinese text; it does not send."""
    async with Visitor.arriving(chromium, server.url) as ann:
        page = await ann.register()
        composer = page.get_by_test_id("composer")
        await composer.fill("你好")
        await composer.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
        await composer.dispatch_event("keydown", {"key": "Enter", "keyCode": 229, "bubbles": True})
        await expect(composer).to_have_value("你好")
        await composer.press("Shift+Enter")
        await expect(composer).to_have_value("你好\n")
        await composer.press("Enter")
        await expect(page.get_by_test_id("message").first).to_contain_text("你好")
        await expect(composer).to_have_value("")
