"""How one conversation is kept and asked."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.browser import Visitor, answer, ask, row
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def choose(page: Page, entry: str) -> None:
    await page.get_by_role("button", name="Options for this conversation").click()
    await page.get_by_role("menuitem", name=entry, exact=True).click()


async def test_settings_of_a_conversation(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """Prompt and numbers reach the model; every tab shows that there is a prompt; archiving can be undone."""
    upstream.script(delta("Yes."), finish(), DONE)
    upstream.script(delta("Heaven"), finish(), DONE)
    upstream.script(delta("Arr."), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Why?")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(row(page, "Heaven")).to_be_visible()
        other = await ann.open(page.url.removeprefix(scripted.url))

        await choose(page, "Chat settings")
        dialog = page.get_by_role("dialog")
        await dialog.get_by_label("System prompt").fill("You are a pirate.")
        await dialog.get_by_label("Temperature").fill("0.5")
        await dialog.get_by_label("Longest answer").fill("200")
        await dialog.get_by_role("button", name="Save").click()
        await expect(dialog).to_have_count(0)
        for tab in (page, other):
            await expect(tab.get_by_test_id("custom-prompt")).to_be_visible()
        await ask(page, "And now?")
        await expect(answer(page)).to_contain_text("Arr.")
        sent = upstream.chats[-1].body
        assert sent["messages"][0] == {"role": "system", "content": "You are a pirate."}
        assert (sent["temperature"], sent.get("max_tokens") or sent.get("max_completion_tokens")) == (0.5, 200)

        await page.get_by_test_id("custom-prompt").click()
        await dialog.get_by_label("System prompt").fill("")
        await dialog.get_by_role("button", name="Save").click()
        await expect(other.get_by_test_id("custom-prompt")).to_have_count(0)

        await choose(page, "Rename")
        await page.get_by_label("New title").fill("Sky")
        await page.get_by_label("New title").press("Enter")
        await expect(row(other, "Sky")).to_be_visible()
        await choose(page, "Pin")
        await expect(other.get_by_role("heading", name="Pinned")).to_be_visible()
        await choose(page, "Archive")
        await expect(row(other, "Sky")).to_have_count(0)
        await page.get_by_role("button", name="Undo").click()
        await expect(row(other, "Sky")).to_be_visible()


async def test_keys(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    upstream.script(delta("Look:\n\n```python\nx = 1\n```\n\nand\n\n```python\ny = 2\n```\n"), finish(), DONE)
    upstream.script(delta("Code"), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, permissions=["clipboard-read", "clipboard-write"]) as ann:
        page = await ann.register()
        await ask(page, "Show me code")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        copied = "navigator.clipboard.readText()"
        await page.keyboard.press("Control+Shift+Semicolon")
        await expect(page.get_by_text("The code was copied.")).to_be_visible()
        assert await page.evaluate(copied) == "y = 2"
        await page.keyboard.press("Control+Shift+C")
        await expect(page.get_by_text("The answer was copied.")).to_be_visible()
        assert (await page.evaluate(copied)).startswith("Look:\n\n```python")
        html = "navigator.clipboard.read().then(([item]) => item.getType('text/html')).then((blob) => blob.text())"
        assert "<p>Look:</p>" in await page.evaluate(html)
        await page.keyboard.press("Control+.")
        await expect(page.get_by_role("dialog", name="Settings")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("Control+/")
        await expect(page.get_by_role("dialog").get_by_text("Copy the last answer")).to_be_visible()
        await page.keyboard.press("Control+/")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await page.keyboard.press("Control+Shift+S")
        await expect(page.get_by_role("button", name="Unfold sidebar")).to_be_visible()
        await page.keyboard.press("Control+Shift+O")
        await expect(page.get_by_test_id("message")).to_have_count(0)
        await page.keyboard.press("Shift+Escape")
        await expect(page.get_by_test_id("composer")).to_be_focused()
