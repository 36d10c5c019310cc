"""A phone: fingers, a keyboard on the screen, corners that are not for text."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, expect

from tests.fixtures.browser import PHONE, Visitor, answer
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish
from tests.journeys.test_scrolling import above_the_end, is_at_end, resting, top

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

LONG = "".join(f"Paragraph {number} of what the sea does.\n\n" for number in range(40))
NOTCH, BAR = 47, 34
SIDEWAYS = "() => document.scrollingElement.scrollWidth - document.scrollingElement.clientWidth"


async def edges(element: Locator) -> tuple[float, float]:
    box = await element.bounding_box()
    assert box is not None
    return box["y"], box["y"] + box["height"]


LINES = """(element) => {
  const lines = [];
  const texts = document.createTreeWalker(element, NodeFilter.SHOW_TEXT);
  let bottom = -Infinity;
  for (let text = texts.nextNode(); text; text = texts.nextNode()) {
    const range = document.createRange();
    let at = 0;
    for (const { segment } of new Intl.Segmenter().segment(text.data)) {
      range.setStart(text, at);
      range.setEnd(text, (at += segment.length));
      const { top, bottom: below } = range.getBoundingClientRect();
      if (top >= bottom - 4) { lines.push(""); bottom = below; }
      lines[lines.length - 1] += segment;
    }
  }
  return lines;
}"""
"""What stands on each line."""


async def test_enter_breaks_the_line(server: Running, chromium: Browser) -> None:
    """Nothing else on such a keyboard does."""
    async with Visitor.arriving(chromium, server.url, **PHONE) as ann:
        page = await ann.register()
        box = page.get_by_test_id("composer")
        await box.tap()
        await box.press_sequentially("One")
        await box.press("Enter")
        await box.press_sequentially("Two")
        await expect(box).to_have_value("One\nTwo")
        await expect(page.get_by_test_id("message")).to_have_count(0)
        await page.get_by_test_id("send").tap()
        await expect(page.locator("[data-role=user]")).to_contain_text("One\nTwo")
        await expect(answer(page)).to_have_attribute("data-status", "complete")


async def test_a_finger_leaves_the_end(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(delta(LONG), gate, delta("The last line."), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, **PHONE) as ann:
        page = await ann.register()
        await page.get_by_test_id("composer").fill("What does the sea do?")
        await page.get_by_test_id("send").tap()
        await expect(answer(page).get_by_text("Paragraph 39 of")).to_be_in_viewport()
        await is_at_end(page)
        devtools = await ann.context.new_cdp_session(page)
        for kind, places in (("touchStart", [250]), ("touchMove", range(270, 700, 20)), ("touchEnd", [None])):
            for y in places:
                points = [] if y is None else [{"x": 195, "y": y}]
                await devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
        await above_the_end(page)
        stayed = await resting(page)
        gate.open()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(page.get_by_role("button", name="Scroll to the end: there is new text")).to_be_visible()
        assert await top(page) == stayed
        await page.get_by_test_id("to-end").tap()
        await expect(answer(page).get_by_text("The last line.")).to_be_in_viewport()


async def test_nothing_stands_under_a_notch_or_the_bar_below(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url, **PHONE) as ann:
        page = await ann.register()
        devtools = await ann.context.new_cdp_session(page)
        insets = {"top": NOTCH, "topMax": NOTCH, "bottom": BAR, "bottomMax": BAR}
        await devtools.send("Emulation.setSafeAreaInsetsOverride", {"insets": insets})
        await page.get_by_test_id("composer").fill("Hello")
        await page.get_by_test_id("send").tap()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        upper, _ = await edges(page.get_by_role("button", name="Open sidebar"))
        _, lower = await edges(page.get_by_text("Answers can be wrong."))
        assert upper >= NOTCH
        assert lower <= PHONE["viewport"]["height"] - BAR
        await page.get_by_role("button", name="Open sidebar").tap()
        upper, _ = await edges(page.get_by_role("button", name="Fold sidebar"))
        _, lower = await edges(page.get_by_role("button", name="Account menu of ann"))
        assert upper >= NOTCH
        assert lower <= PHONE["viewport"]["height"] - BAR


async def test_lines_break_where_readers_of_chinese_expect_it(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    """No line begins with what closes or ends with what opens, and no emoji is torn, in a question or in an answer."""
    family = "👩\u200d👩\u200d👧"
    sentence = f"他问：“《潮汐》（第二版）里，月亮为什么会拉动海水？”——她答：『因为引力！』{family}👍🏽，对吧……"
    words = "".join("海" * number + sentence for number in range(12))  # each of them breaks elsewhere
    upstream.script(delta(words), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, **PHONE) as ann:
        page = await ann.register()
        await page.get_by_test_id("composer").fill(words)
        await page.get_by_test_id("send").tap()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        for message in (page.locator("[data-role=user] p"), answer(page).locator("p").first):
            lines = await message.evaluate(LINES)
            assert "".join(lines) == words
            assert len(lines) > 20
            assert [
                line for line in lines if line[0] in "，。？！：；”』》）…\u200d🏽" or line[-1] in "“『《（\u200d"
            ] == []


async def test_words_without_an_end_stay_on_the_page(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """Chinese without spaces, emoji of several parts, an address, and a word that goes on and on."""
    family = "👩‍👩‍👧‍👦"
    text = f"{'潮汐是月亮引起的' * 20} {family * 30} https://example.org/{'path/' * 40} {'x' * 300}"
    upstream.script(delta(text), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, **PHONE) as ann:
        page = await ann.register()
        await page.get_by_test_id("composer").fill(text)
        await page.get_by_test_id("send").tap()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        assert await page.evaluate(SIDEWAYS) == 0
        for message in (page.locator("[data-role=user] p"), answer(page).locator("p").first):
            assert await message.evaluate("(message) => message.scrollWidth <= message.clientWidth")
            assert (await message.inner_text()).count(family) == 30
