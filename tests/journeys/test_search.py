"""Looking for something that was said: found in any language, and shown where it stands."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.client import Person
from tests.fixtures.server import Running
from tests.fixtures.upstream import DEFAULT_TEXT, DONE, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

TURNS = 40


async def test_to_a_message_on_another_branch_far_up(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """Two tabs: the one that jumps chooses the path, the other one is taken along."""
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        person = await Person.log_in(scripted.url)
        async with person.tab() as tab:
            upstream.script(delta("潮汐来自月亮的引力。 Long ago."), finish(), DONE)
            sent = await tab.call("send", conversation=None, text="Why are there tides?", client_id="first")
            await tab.finished(sent["turn"])
            edited = await tab.call("edit", message=sent["message"], text="Why is there wind?", client_id="edit")
            await tab.finished(edited["turn"])
            for number in range(TURNS):
                again = await tab.call(
                    "send", conversation=sent["conversation"], text=f"Number {number}?", client_id=str(number)
                )
                await tab.finished(again["turn"])
        await page.goto(f"{scripted.url}/c/{sent['conversation']}")
        await expect(page.get_by_text(f"Number {TURNS - 1}?")).to_be_in_viewport()
        other = await ann.open(f"/c/{sent['conversation']}")
        await expect(other.get_by_text(f"Number {TURNS - 1}?")).to_be_in_viewport()

        # Far up on the path that is shown: loaded until it is there.
        await page.keyboard.press("Control+K")
        search = page.get_by_test_id("search")
        await search.get_by_role("textbox").fill("wind")
        await expect(search.locator("mark", has_text="wind")).to_have_count(1)
        await page.keyboard.press("ArrowDown")
        await page.keyboard.press("Enter")
        await expect(search).to_have_count(0)
        target = page.locator(f"[data-message='{edited['message']}']")
        await expect(target).to_be_in_viewport()
        await expect(target).to_be_focused()
        await expect(other.get_by_text(f"Number {TURNS - 1}?")).to_be_in_viewport()

        # On a branch that is not shown.
        await page.keyboard.press("Control+K")
        await search.get_by_role("textbox").fill("引力")
        await search.get_by_test_id("search-message").click()
        await expect(answer(page)).to_contain_text("潮汐来自月亮的引力")
        await expect(answer(page)).to_be_in_viewport()
        await expect(page.get_by_test_id("message")).to_have_count(2)
        await expect(other.get_by_test_id("message")).to_have_count(2)


async def test_recent_none_and_an_input_method(scripted: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Hello there")
        await expect(answer(page)).to_contain_text(DEFAULT_TEXT)
        await page.get_by_test_id("new-chat").click()
        await page.get_by_test_id("open-search").click()
        search = page.get_by_test_id("search")
        await expect(search.get_by_role("option")).to_have_count(1)
        box = search.get_by_role("textbox")
        await box.dispatch_event("compositionstart")
        await box.press("Enter")
        await expect(search).to_be_visible()
        await box.dispatch_event("compositionend")
        await box.fill("zebra")
        await expect(search.get_by_text("Nothing was found.")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(search).to_have_count(0)
        await page.keyboard.press("Control+K")
        await expect(search.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("Enter")
        await expect(answer(page)).to_contain_text(DEFAULT_TEXT)
