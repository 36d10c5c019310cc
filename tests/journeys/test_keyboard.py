"""Everything without a mouse: where Tab leads, what Esc closes, and where the focus is afterwards."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.browser import Visitor, answer, ask, row
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

FOCUSED = """() => {
  const { activeElement: at } = document
  const name = at.getAttribute("aria-label") ?? at.labels?.[0]?.textContent ?? at.textContent
  return name.replace(/\\s+/g, " ").trim()
}"""
OUTLINED = """() => {
  const { activeElement: at } = document
  if (at.matches("textarea")) return true  // its cursor does
  const { outlineStyle, outlineWidth } = getComputedStyle(at)
  return outlineStyle !== "none" && parseFloat(outlineWidth) >= 2
}"""


async def tab_through(page: Page, until: str, key: str = "Tab") -> list[str]:
    """The names of what is focused on the way to ``until``, that included. Each has to be seen to be focused."""
    names: list[str] = []
    while not names or names[-1] != until:
        assert len(names) < 40, names
        await page.keyboard.press(key)
        names.append(await page.evaluate(FOCUSED))
        assert await page.evaluate(OUTLINED), f"nothing shows that {names[-1]} is focused"
    return names


async def test_an_account_is_made_by_keyboard_alone(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url) as ann:
        page = await ann.open()
        await expect(page.get_by_label("E-mail or user name")).to_be_focused()
        assert await tab_through(page, "Create account") == ["Password", "Show password", "Log in", "Create account"]
        await page.keyboard.press("Enter")
        await expect(page.get_by_label("User name")).to_be_focused()
        for text in ("ann", "ann@example.org", "correct horse"):
            await page.keyboard.type(text)
            await page.keyboard.press("Tab")
        assert await tab_through(page, "Create account") == ["Create account"]
        await page.keyboard.press("Enter")
        await expect(page.get_by_test_id("composer")).to_be_focused()


async def test_the_way_through_a_conversation(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        upstream.script(delta("A line.\n\n```python\nprint(1)\n```\n"), finish(), DONE)
        await ask(page, "Show me")
        await expect(page).to_have_title("Hello from upstream")
        await page.get_by_test_id("composer").fill("next")
        await page.get_by_role("button", name="Fold sidebar").focus()
        way = await tab_through(page, "Send")
        wanted = [
            "New chat",
            "Hello from upstream",
            "Options for “Hello from upstream”",
            "Account menu of ann",
            "Model: small",
            "Options for this conversation",
            "Copy",
            "Copy code",
            "print(1)",
            "Copy",
            "Regenerate",
            "Message",
            "Send",
        ]
        assert [name for name in way if name in wanted] == wanted


async def test_menus_and_dialogs_keep_the_focus_and_give_it_back(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url) as ann:
        page = await ann.register()
        await ask(page, "Hello")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        account = page.get_by_role("button", name="Account menu of ann")
        for entry, title in (("Settings", "Settings"), ("Account", "Settings"), ("Archived chats", "Archived chats")):
            await account.focus()
            await page.keyboard.press("Enter")
            await page.get_by_role("menuitem", name=entry, exact=True).focus()
            await page.keyboard.press("Enter")
            dialog = page.get_by_role("dialog", name=title)
            await expect(dialog).to_be_visible()
            for key in ("Tab", "Shift+Tab"):
                for _ in range(14):
                    await page.keyboard.press(key)
                    assert await dialog.evaluate("dialog => dialog.contains(document.activeElement)")
            await page.keyboard.press("Escape")
            await expect(dialog).to_have_count(0)
            await expect(account).to_be_focused()

        options = row(page, "Hello").get_by_role("button")
        await options.focus()
        await page.keyboard.press("Enter")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("menu")).to_have_count(0)
        await expect(options).to_be_focused()


async def test_escape_closes_what_is_open_before_it_stops_an_answer(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    gate = Gate()
    upstream.script(delta("On and on"), gate, finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Talk")
        await expect(answer(page)).to_contain_text("On and on")
        await page.keyboard.press("Control+/")
        await expect(page.get_by_role("dialog", name="Settings")).to_be_visible()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await expect(page.get_by_test_id("composer")).to_be_focused()
        await page.get_by_test_id("model-picker").click()
        await expect(page.get_by_label("Search models")).to_be_focused()
        await page.keyboard.press("Escape")
        await expect(page.get_by_label("Search models")).to_have_count(0)
        await expect(answer(page)).to_have_attribute("data-status", "streaming")
        await page.keyboard.press("Escape")
        await expect(answer(page)).to_have_attribute("data-status", "stopped")
        gate.open()


async def test_a_screen_reader_hears_sentences(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """Of a growing answer: that it begins, each block when it is closed, code by name, and that it is complete."""
    first, second = Gate(), Gate()
    code = "```python\nprint(1)\n```\n\n"
    upstream.script(
        delta("The moon "), first, delta(f"pulls.\n\n{code}The sea "), second, delta("follows."), finish(), DONE
    )
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await page.evaluate(
            """() => {
              const spoken = document.querySelector("main > [aria-live=polite]")
              window.heard = []
              new MutationObserver(() => window.heard.push(spoken.textContent.trim()))
                .observe(spoken, { childList: true, characterData: true, subtree: true })
            }"""
        )
        await ask(page, "Tides?")
        await expect(answer(page)).to_contain_text("The moon")
        first.open()
        await expect(answer(page)).to_contain_text("The sea")
        second.open()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await page.wait_for_function("() => window.heard.at(-1)?.endsWith('complete.')")
        heard = [words for words in await page.evaluate("window.heard") if words]
        assert heard == [
            "The answer begins.",
            "The moon pulls. A piece of code.",
            "The sea follows. The answer is complete.",
        ]
        assert await page.get_by_role("log").get_attribute("aria-live") == "off"


async def test_who_wants_no_motion_sees_none(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    async with Visitor.arriving(chromium, scripted.url, reduced_motion="reduce") as ann:
        page = await ann.register()
        await page.get_by_role("button", name="Account menu of ann").click()
        await page.get_by_role("menuitem", name="Settings").click()
        await expect(page.get_by_role("dialog")).to_be_visible()
        moving = "() => document.getAnimations().filter((one) => one.effect.getTiming().duration > 1).length"
        assert await page.evaluate(moving) == 0


async def test_nothing_is_out_of_reach_at_200_percent(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """A window of 1280 by 800 has 640 by 400 then."""
    async with Visitor.arriving(chromium, scripted.url, viewport={"width": 640, "height": 400}) as ann:
        page = await ann.register()
        await ask(page, "Hello")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        sideways = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"
        assert await page.evaluate(sideways) == 0
        await expect(page.get_by_test_id("composer")).to_be_in_viewport(ratio=1)
        await expect(page.get_by_test_id("send")).to_be_in_viewport(ratio=1)
        await page.get_by_role("button", name="Open sidebar").click()
        await page.get_by_role("button", name="Account menu of ann").click()
        await page.get_by_role("menuitem", name="Log out").scroll_into_view_if_needed()
        await expect(page.get_by_role("menuitem", name="Log out")).to_be_in_viewport(ratio=1)
        await page.get_by_role("menuitem", name="Account", exact=True).click()
        save = page.get_by_role("dialog", name="Settings").get_by_role("button", name="Save").last
        await save.scroll_into_view_if_needed()
        await expect(save).to_be_in_viewport(ratio=1)
        await expect(page.get_by_role("dialog", name="Settings").get_by_role("button", name="Close")).to_be_in_viewport(
            ratio=1
        )
