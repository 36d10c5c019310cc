"""The box in which one writes: its height, what it does while an answer runs, and what becomes of what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import CHAT, DONE, Answer, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

TITLE = Answer((delta("A title"), finish(), DONE), headers={"Content-Type": "text/event-stream"})


async def height(element: Locator) -> float:
    box = await element.bounding_box()
    assert box is not None
    return box["height"]


async def test_it_grows_with_its_text_to_two_fifths_of_the_page(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url, viewport={"width": 1440, "height": 900}) as ann:
        page = await ann.register()
        box = page.get_by_test_id("composer")
        one = await height(box)
        await box.fill("one\ntwo\nthree")
        three = await height(box)
        assert one < three < 0.2 * 900
        await box.fill("\n".join(map(str, range(60))))
        assert abs(await height(box) - 0.4 * 900) <= 1
        await expect(page.get_by_test_id("send")).to_be_in_viewport(ratio=1)
        await box.fill("")
        assert await height(box) == one


async def test_a_suggestion_is_asked(server: Running, chromium: Browser) -> None:
    """It is offered once it is known which models there are, for other models it would be another one."""
    async with Visitor.arriving(chromium, server.url) as ann:
        page = await ann.register()
        await expect(page.get_by_role("heading", name="What is on your mind, ann?")).to_be_visible()
        suggestion = page.get_by_role("list", name="Suggestions").get_by_role("button").first
        await expect(suggestion).to_be_visible()
        words = (await suggestion.locator("span").all_inner_texts())[-1]
        await suggestion.click()
        await expect(page.get_by_test_id("message").first).to_contain_text(words)
        await expect(answer(page)).to_have_attribute("data-status", "complete")

        early = await ann.window()
        await early.route_web_socket("**/ws", lambda _socket: None)  # which says nothing
        await early.goto(server.url)
        await expect(early.get_by_role("heading", name="What is on your mind, ann?")).to_be_visible()
        await expect(early.get_by_text("how tides work, with a small table")).to_be_hidden()


async def test_send_is_stop_at_once_and_typing_goes_on(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    """Also before the model has said anything; what is left then is no empty bubble."""
    upstream.always(CHAT, TITLE)
    gate = Gate()
    upstream.script(gate, finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Why?")
        await expect(page.get_by_test_id("stop")).to_be_visible()
        await expect(page.get_by_test_id("send")).to_have_count(0)
        await expect(answer(page).get_by_role("img", name="The answer is on its way")).to_be_visible()
        box = page.get_by_test_id("composer")
        await expect(box).to_be_focused()
        await box.press_sequentially("And then?")
        await box.press("Enter")
        await expect(box).to_have_value("And then?")
        await expect(page.get_by_test_id("message")).to_have_count(2)

        await page.get_by_test_id("stop").click()
        await expect(answer(page)).to_have_attribute("data-status", "stopped")
        await expect(answer(page).get_by_role("img")).to_have_count(0)
        ending = page.get_by_test_id("message-ending")
        await expect(ending).to_contain_text("You stopped this answer.")
        await expect(ending.get_by_role("button")).to_have_text(["Try again"])
        gate.open()
        await box.press("Enter")
        await expect(page.get_by_test_id("message")).to_have_count(4)
        await expect(answer(page)).to_have_attribute("data-status", "complete")


async def refused(page: Page, text: str) -> Locator:
    """Asked while the server takes no more; gives what is said of it."""
    await ask(page, text)
    alert = page.get_by_role("alert").filter(has_text="Not sent")
    await expect(alert).to_contain_text("An answer is still being written.")
    await expect(page.locator("[data-role=user]")).to_contain_text(text)
    await expect(page.locator("[data-role=user]")).to_have_attribute("data-status", "failed")
    return alert


async def test_what_is_refused_is_kept_and_sent_again_or_put_back(
    tmp_path: Path, chromium: Browser, upstream: Upstream
) -> None:
    upstream.always(CHAT, TITLE)
    gate = Gate()
    upstream.script(delta("On and on"), gate, finish(), DONE)
    settings = settings_for(tmp_path, openai_api_key="sk-x", openai_base_url=upstream.base_url, active_turns=1)
    with running(settings) as server:
        async with Visitor.arriving(chromium, server.url) as ann:
            other = await ann.register()
            await ask(other, "Talk")
            await expect(answer(other)).to_contain_text("On and on")
            page = await ann.open()
            alert = await refused(page, "Me, too")
            await alert.get_by_role("button", name="Put back").click()
            await expect(page.get_by_test_id("message")).to_have_count(0)
            await expect(page.get_by_test_id("composer")).to_have_value("Me, too")

            await refused(page, "Me, too")
            await page.reload()
            await expect(page.locator("[data-role=user]")).to_contain_text("Me, too")
            gate.open()
            await expect(answer(other)).to_have_attribute("data-status", "complete")
            await page.get_by_role("button", name="Send again").click()
            await expect(answer(page)).to_have_attribute("data-status", "complete")
            await expect(page.get_by_role("alert")).to_have_count(0)
            await expect(page.get_by_test_id("message")).to_have_count(2)
            questions = [chat.body["messages"][-1]["content"] for chat in upstream.chats]
            assert questions.count("Me, too") == 1
