"""The view of a conversation: it follows while it is at the end, and goes nowhere by itself when it is not."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

LONG = "".join(f"Paragraph {number} of what the sea does.\n\n" for number in range(60))
MORE = "".join(f"Then line {number}.\n\n" for number in range(30))
DISTANCE = "(view) => Math.round(view.scrollHeight - view.clientHeight - view.scrollTop)"


def view(page: Page) -> Locator:
    return page.locator("[data-testid=messages] >> xpath=..")


async def top(page: Page) -> int:
    position: int = await view(page).evaluate("(view) => Math.round(view.scrollTop)")
    return position


async def is_at_end(page: Page) -> None:
    await page.wait_for_function(f"(view) => ({DISTANCE})(view) <= 1", arg=await view(page).element_handle())


async def drawn(page: Page) -> None:
    """What was to be done for this frame and the next is done."""
    await page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


async def above_the_end(page: Page) -> None:
    await page.wait_for_function(f"(view) => ({DISTANCE})(view) > 300", arg=await view(page).element_handle())
    await drawn(page)


async def resting(page: Page) -> int:
    """Where the view comes to rest: a key scrolls smoothly."""
    before = -1
    while (now := await top(page)) != before:
        before = now
        await page.evaluate("() => new Promise((done) => setTimeout(done, 80))")
    return now


@pytest.mark.parametrize("how", ["wheel", "key", "selection", "scroll bar"])
async def test_a_person_leaves_the_end_and_comes_back(
    scripted: Running, chromium: Browser, upstream: Upstream, how: str
) -> None:
    first, second, third = Gate(), Gate(), Gate()
    upstream.script(delta(LONG), first, delta(MORE), second, delta(MORE), third, finish(), DONE)
    upstream.script(delta("Sea"), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "What does the sea do?")
        await expect(answer(page)).to_contain_text("Paragraph 59")
        await is_at_end(page)
        await expect(page.get_by_test_id("to-end")).to_have_count(0)

        await answer(page).get_by_text("Paragraph 55 of").hover()
        if how == "wheel":
            await page.mouse.wheel(0, -700)
        elif how == "key":
            await answer(page).get_by_text("Paragraph 55 of").click()
            await page.keyboard.press("PageUp")
        elif how == "selection":
            await answer(page).get_by_text("Paragraph 55 of").dblclick(position={"x": 20, "y": 10})
            assert await page.evaluate("() => document.getSelection().toString().trim()") == "Paragraph"
        else:
            await view(page).evaluate("(view) => (view.scrollTop -= 700)")
        if how != "selection":
            await above_the_end(page)
        stayed = await resting(page)
        first.open()
        await expect(answer(page)).to_contain_text("Then line 29.")
        await drawn(page)
        assert await top(page) == stayed
        await expect(page.get_by_role("button", name="Scroll to the end: there is new text")).to_be_visible()

        await page.get_by_test_id("to-end").click()
        await is_at_end(page)
        await expect(page.get_by_test_id("to-end")).to_have_count(0)
        second.open()
        await expect(answer(page).get_by_text("Then line 29.")).to_have_count(2)
        await is_at_end(page)

        # What was selected stays so, and is drawn anew with the end: that is nobody's selecting.
        before = await top(page)
        third.open()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await drawn(page)
        assert await top(page) == before
        await is_at_end(page)


async def test_a_question_stands_at_the_top_and_nothing_moves_at_the_end(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    gate, end = Gate(), Gate()
    upstream.script(delta(LONG), finish(), DONE)
    upstream.script(delta("Sea"), finish(), DONE)
    upstream.script(gate, delta("Short.\n\n```mermaid"), end, finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "What does the sea do?")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await page.mouse.move(700, 400)
        await page.mouse.wheel(0, -5000)
        await above_the_end(page)
        await ask(page, "And in short?")
        question = page.locator("[data-role=user]").last
        await is_at_end(page)
        box, frame = await question.bounding_box(), await view(page).bounding_box()
        assert box is not None
        assert frame is not None
        assert abs(box["y"] - frame["y"]) < 40
        gate.open()
        await expect(answer(page)).to_contain_text("Short.")
        end.open()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await drawn(page)
        assert await question.bounding_box() == box


async def test_older_messages_come_in_above_without_moving_what_is_read(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    """Also while an answer grows below, and where one goes on scrolling meanwhile."""
    gates = [Gate() for _ in range(2)]
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        for number in range(29):
            upstream.script(delta(f"Answer {number}. " + "Words. " * 40), finish(), DONE)
            if number == 0:
                upstream.script(delta("Sea"), finish(), DONE)
            await ask(page, f"Question {number}")
            await expect(page.get_by_test_id("message")).to_have_count(2 * number + 2)
            await expect(answer(page)).to_have_attribute("data-status", "complete")
        await page.reload()
        await expect(page.get_by_test_id("message")).to_have_count(50)
        upstream.script(delta("It begins. "), gates[0], delta(MORE), gates[1], finish(), DONE)
        await ask(page, "One more")
        await expect(answer(page)).to_contain_text("It begins.")
        held = "Question 6"
        await page.evaluate(
            """() => {
              const article = [...document.querySelectorAll("[data-role=user]")].find(
                (one) => one.textContent.includes("Question 6"));
              window.places = new Set();
              const note = () => {
                if (article.isConnected) window.places.add(Math.round(article.getBoundingClientRect().top));
                requestAnimationFrame(note);
              };
              article.scrollIntoView({ block: "start" });
              requestAnimationFrame(note);
            }"""
        )
        gates[0].open()
        await expect(page.get_by_test_id("message")).to_have_count(60)
        await expect(answer(page)).to_contain_text("Then line 29.")
        await drawn(page)
        places = await page.evaluate("() => [...window.places]")
        assert max(places) - min(places) <= 2, places
        await expect(page.get_by_text(held, exact=True)).to_be_in_viewport()
        gates[1].open()
        await expect(answer(page)).to_have_attribute("data-status", "complete")


async def test_far_away_there_are_no_buttons_but_what_was_opened_stays(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        for number in range(3):
            upstream.script(delta(LONG), finish(), DONE)
            if number == 0:
                upstream.script(delta("Sea"), finish(), DONE)
            await ask(page, f"Question {number}")
            await expect(answer(page, number)).to_have_attribute("data-status", "complete")
        buttons = [answer(page, number).get_by_role("button", name="Bad answer") for number in range(3)]
        await expect(buttons[0]).to_have_count(0)
        await view(page).evaluate("(view) => view.scrollTo(0, 0)")
        await buttons[0].click()
        await page.get_by_label("What was wrong?").fill("Too long")
        await view(page).evaluate("(view) => view.scrollTo(0, view.scrollHeight)")
        await expect(buttons[2]).to_be_in_viewport()
        await expect(page.get_by_label("What was wrong?")).to_have_value("Too long")
        await view(page).evaluate("(view) => view.scrollTo(0, 0)")
        await buttons[0].scroll_into_view_if_needed()
        await page.get_by_role("button", name="Save").click()
        await expect(buttons[0]).to_have_attribute("aria-pressed", "true")
