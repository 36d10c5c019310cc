"""Questions asked otherwise and answers written again: branches, the same in every tab and after a reload."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.fixtures.browser import Visitor, answer, ask, row
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish, usage

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


def question(page: Page, number: int = -1) -> Locator:
    return page.locator("[data-testid=message][data-role=user]").nth(number)


def button(message: Locator, name: str) -> Locator:
    return message.get_by_role("button", name=name, exact=True)


async def edit(page: Page, number: int, text: str) -> None:
    await question(page, number).hover()
    await button(question(page, number), "Edit").click()
    await question(page, number).get_by_role("textbox").fill(text)
    await question(page, number).get_by_role("textbox").press("Enter")


async def test_edit_and_switch(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """Where the other tab's view stays at the path that the first one chose, also when it is loaded anew."""
    upstream.script(delta("The first answer."), finish(), DONE)
    upstream.script(delta("A title"), finish(), DONE)
    gate = Gate()
    upstream.script(delta("Another "), gate, delta("answer."), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        first = await ann.register()
        await ask(first, "Why?")
        await expect(answer(first)).to_have_attribute("data-status", "complete")
        second = await ann.open(first.url.removeprefix(scripted.url))
        await expect(answer(second)).to_contain_text("The first answer.")

        await edit(first, 0, "How?")
        for tab in (first, second):
            await expect(question(tab)).to_contain_text("How?")
            await expect(answer(tab)).to_contain_text("Another")
            await expect(tab.get_by_test_id("message")).to_have_count(2)
            await expect(question(tab).get_by_test_id("siblings")).to_contain_text("2/2")

        # To the old question while the new one's answer is being written.
        await question(second).hover()
        await button(question(second), "Previous version").click()
        for tab in (first, second):
            await expect(question(tab)).to_contain_text("Why?")
            await expect(answer(tab)).to_contain_text("The first answer.")
            await expect(tab.get_by_test_id("live-elsewhere")).to_be_visible()
            await expect(tab.get_by_test_id("send")).to_be_disabled()
        await expect(button(question(second), "Previous version")).to_be_focused()

        await first.get_by_test_id("live-elsewhere").get_by_role("button", name="Show").click()
        for tab in (first, second):
            await expect(answer(tab)).to_have_attribute("data-status", "streaming")
        gate.open()
        for tab in (first, second):
            await expect(answer(tab)).to_contain_text("Another answer.")
            await expect(answer(tab)).to_have_attribute("data-status", "complete")
            await expect(tab.get_by_test_id("live-elsewhere")).to_have_count(0)

        await question(first).hover()
        await button(question(first), "Previous version").click()
        await expect(answer(second)).to_contain_text("The first answer.")
        await second.reload()
        await expect(question(second)).to_contain_text("Why?")
        await expect(question(second).get_by_test_id("siblings")).to_contain_text("1/2")


async def test_any_answer_again_and_details(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    upstream.script(delta("One."), finish(), usage(1234, 56), DONE)
    upstream.script(delta("A title"), finish(), DONE)
    upstream.script(delta("Two."), finish(), DONE)
    upstream.script(delta("One, otherwise."), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        for number, text in enumerate(("First?", "Second?")):
            await ask(page, text)
            await expect(answer(page, number)).to_have_attribute("data-status", "complete")

        await answer(page, 0).hover()
        await button(answer(page, 0), "Details").click()
        await expect(page.get_by_test_id("message-details")).to_contain_text("1,234")
        await page.keyboard.press("Escape")

        await answer(page, 0).hover()
        await button(answer(page, 0), "Regenerate").click()
        await page.get_by_role("menuitem").first.click()
        await expect(answer(page)).to_contain_text("One, otherwise.")
        await expect(page.get_by_test_id("message")).to_have_count(2)
        await expect(answer(page).get_by_test_id("siblings")).to_contain_text("2/2")
        await button(answer(page), "Previous version").click()
        await expect(page.get_by_test_id("message")).to_have_count(4)
        await expect(answer(page)).to_contain_text("Two.")


async def test_what_broke_off_goes_on(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """Each ending says what it is and offers what fits."""
    upstream.script(delta("Half "), finish("length"), DONE)
    upstream.script(delta("A title"), finish(), DONE)
    upstream.script(delta("and "), b"data: {]\n\n")
    stopped = Gate()
    upstream.script(delta("more "), stopped, finish(), DONE)
    upstream.script(delta("and the end."), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        ending = page.get_by_test_id("message-ending")
        await ask(page, "Why?")
        await expect(ending).to_contain_text("length limit")
        await expect(button(ending, "Try again")).to_have_count(0)
        await button(ending, "Continue").click()
        await expect(answer(page)).to_have_attribute("data-status", "failed")
        await expect(answer(page)).to_contain_text("Half and")
        await expect(button(ending, "Try again")).to_be_visible()
        await button(ending, "Continue").click()
        await expect(answer(page)).to_contain_text("Half and more")
        await page.get_by_test_id("stop").click()
        await expect(ending).to_contain_text("You stopped")
        stopped.open()
        await button(ending, "Continue").click()
        await expect(answer(page)).to_contain_text("Half and more and the end.")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(ending).to_have_count(0)
        await expect(page.get_by_test_id("message")).to_have_count(2)


async def test_the_text_of_a_refused_edit_stays(tmp_path: Path, chromium: Browser, upstream: Upstream) -> None:
    """The server takes one answer at a time: the words are still in the box, and go out when it is free."""
    settings = settings_for(tmp_path, openai_api_key="sk-x", openai_base_url=upstream.base_url, active_turns=1)
    gate = Gate()
    upstream.script(delta("Yes."), finish(), DONE)
    upstream.script(delta("A title"), finish(), DONE)
    upstream.script(delta("Elsewhere"), gate, finish(), DONE)
    upstream.script(delta("Another title"), finish(), DONE)
    with running(settings) as server:
        async with Visitor.arriving(chromium, server.url) as ann:
            page = await ann.register()
            await ask(page, "Why?")
            await expect(answer(page)).to_have_attribute("data-status", "complete")
            other = await ann.open()
            await ask(other, "What else?")
            await expect(answer(other)).to_contain_text("Elsewhere")

            await edit(page, 0, "为什么？")
            await expect(question(page).get_by_role("alert")).to_contain_text("being written")
            box = question(page).get_by_role("textbox")
            await expect(box).to_have_value("为什么？")
            await expect(answer(page)).to_contain_text("Yes.")
            await box.dispatch_event("keydown", {"key": "Escape", "keyCode": 229, "bubbles": True})
            await box.dispatch_event("keydown", {"key": "Enter", "isComposing": True, "bubbles": True})
            await expect(box).to_have_value("为什么？")
            gate.open()
            await expect(answer(other)).to_have_attribute("data-status", "complete")

            await expect(row(other, "Another title")).to_be_visible()
            upstream.script(delta("Because."), finish(), DONE)
            await box.press("Enter")
            await expect(answer(page)).to_contain_text("Because.")
            await expect(question(page)).to_contain_text("为什么？")
            await expect(question(page).get_by_test_id("siblings")).to_contain_text("2/2")
            await question(page).hover()
            await button(question(page), "Edit").click()
            await question(page).get_by_role("textbox").press("Escape")
            await expect(button(question(page), "Edit")).to_be_focused()
