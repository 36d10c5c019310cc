"""An answer from its first thought to its end, and what is offered then."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.browser import PHONE, Visitor, answer, ask
from tests.fixtures.server import Running
from tests.fixtures.upstream import CHAT, DONE, Answer, Gate, Upstream, delta, finish, reasoning, usage

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


@pytest.fixture
def upstream(upstream: Upstream) -> Upstream:
    """All conversations are called the same, whoever is asked for a title when."""
    upstream.always(CHAT, Answer((delta("A title"), finish(), DONE), headers={"Content-Type": "text/event-stream"}))
    return upstream


async def asked(page: Page, text: str) -> None:
    """And answered; a title that comes later would take the next answer's words."""
    await ask(page, text)
    await expect(answer(page)).to_have_attribute("data-status", "complete")
    await expect(page).to_have_title("A title")


async def test_thoughts_are_open_while_they_come_and_fold_with_the_first_word(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    """As long as nobody wants it otherwise."""
    first, last = Gate(), Gate()
    upstream.script(reasoning("Light is **scattered**."), first, delta("Because "), last, delta("so."), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Why is the sky blue?")
        other = await ann.open()
        await other.get_by_test_id("sidebar-row").get_by_role("link").click()
        for tab in (page, other):
            await expect(answer(tab).get_by_role("button", name="Thinking…", expanded=True)).to_be_visible()
            await expect(answer(tab).locator("strong")).to_have_text("scattered")
        first.open()
        timed = re.compile(r"^Thought for \d+ s$")
        thoughts = answer(page).get_by_role("button", name=timed)
        # The other may not have seen when they began.
        late = answer(other).get_by_role("button", name=re.compile(r"^Thought"))
        for tab, button in ((page, thoughts), (other, late)):
            await expect(button).to_have_attribute("aria-expanded", "false")
            await expect(answer(tab).locator("strong")).to_be_hidden()
            await expect(answer(tab)).to_contain_text("Because")
        await thoughts.click()
        last.open()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(thoughts).to_have_attribute("aria-expanded", "true")
        await expect(answer(page).locator("strong")).to_be_visible()

        later = answer(other).get_by_role("button", name=timed)
        await expect(later).to_be_visible()  # the server has told it
        await other.reload()
        await later.click()
        await expect(answer(other).locator("strong")).to_have_text("scattered")


async def test_what_is_closed_is_not_drawn_again(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """Not while the answer grows, and not when it ends."""
    more, end = Gate(), Gate()
    upstream.script(delta("One.\n\nTwo.\n\nThr"), more, delta("ee.\n\nFour."), end, finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Count")
        await expect(answer(page).locator("p")).to_have_text(["One.", "Two.", "Thr"])
        await page.evaluate(
            """() => {
              window.drawn = []
              for (const closed of [...document.querySelectorAll(".answer .block")].slice(0, 2))
                new MutationObserver((changes) => window.drawn.push(...changes.map(({ type }) => type)))
                  .observe(closed, { attributes: true, characterData: true, childList: true, subtree: true })
            }"""
        )
        closed = await answer(page).locator("p").first.element_handle()
        assert closed is not None
        more.open()
        await expect(answer(page).locator("p")).to_have_text(["One.", "Two.", "Three.", "Four."])
        end.open()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        assert await page.evaluate("window.drawn") == []
        assert await closed.evaluate("(closed) => closed.isConnected")


async def test_an_endpoint_that_refuses_is_told_of_in_words(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    """With nothing to go on from, and no bubble without a word in it."""
    upstream.script_json({"error": {"message": "Incorrect API key provided.", "type": "invalid_request_error"}}, 401)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Why?")
        ending = page.get_by_test_id("message-ending")
        await expect(ending).to_contain_text("The model's endpoint does not accept the API key.")
        await expect(ending).to_contain_text("Incorrect API key provided.")
        await expect(ending.get_by_role("button")).to_have_text(["Try again"])
        await expect(answer(page)).to_have_attribute("data-status", "failed")
        await expect(answer(page).get_by_role("img")).to_have_count(0)


async def test_another_model_is_found_and_asked(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """For the next question, and for the last answer once more."""
    upstream.script(delta("One."), finish(), usage(12, 3), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await page.get_by_test_id("model-picker").click()
        await page.get_by_label("Search models").fill("lar")
        await expect(page.get_by_role("option")).to_have_count(1)
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("button", name="Model: large")).to_be_visible()
        await asked(page, "Which one are you?")
        assert upstream.chats[0].body["model"] == "large"

        upstream.script(delta("Two."), finish(), usage(12, 4), DONE)
        await answer(page).get_by_role("button", name="Regenerate").click()
        await page.get_by_role("menuitem", name="small", exact=True).click()
        await expect(answer(page)).to_contain_text("Two.")
        await expect(answer(page).get_by_test_id("siblings")).to_contain_text("2/2")
        assert upstream.chats[-1].body["model"] == "small"
        await answer(page).get_by_role("button", name="Details").click()
        details = page.get_by_test_id("message-details")
        await expect(details.locator("dd").first).to_contain_text("small")
        await expect(details).to_contain_text(
            re.compile(r"Tokens read\s*12\s*Tokens written\s*4\s*Time taken\s*[\d.]+ s")
        )


async def test_what_can_be_done_with_an_answer_is_in_sight_where_it_has_to_be(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    """On the last one, where the pointer is, where the focus is, and everywhere for a finger."""
    async with (
        Visitor.arriving(chromium, scripted.url) as ann,
        Visitor.arriving(chromium, scripted.url, **PHONE) as her,
    ):
        page = await ann.register()
        for text in ("One?", "Two?"):
            await asked(page, text)
        earlier, last = (answer(page, number).locator(".message-actions") for number in (0, 1))
        await page.mouse.move(0, 0)
        await expect(earlier).to_have_css("opacity", "0")
        await expect(last).to_have_css("opacity", "1")
        await answer(page, 0).hover()
        await expect(earlier).to_have_css("opacity", "1")
        await page.mouse.move(0, 0)
        await expect(earlier).to_have_css("opacity", "0")
        await earlier.get_by_role("button", name="Copy").focus()
        await expect(earlier).to_have_css("opacity", "1")

        phone = await her.log_in(path=page.url.removeprefix(scripted.url))
        for number in (0, 1):
            await expect(answer(phone, number).locator(".message-actions")).to_have_css("opacity", "1")
