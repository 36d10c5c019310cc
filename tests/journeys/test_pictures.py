"""A picture in an answer is a link: it loads when somebody asks for it, and is shown over the page then."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.server import ROOT, Running
from tests.fixtures.upstream import DONE, Answer, Received, Upstream, delta, finish
from tests.journeys.test_accessibility import violations

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

PICTURE = (ROOT / "docs" / "images" / "conversation.png").read_bytes()
"""1440 by 900."""
PATH = "/tides.png"


def asked_for(upstream: Upstream) -> list[Received]:
    return [received for received in upstream.requests if received.path == PATH]


async def shown_an_answer(page: Page, upstream: Upstream, address: str) -> None:
    upstream.script(delta(f"Look: ![High water at noon]({address})"), finish(), DONE)
    await ask(page, "Show me")
    await expect(answer(page)).to_have_attribute("data-status", "complete")


async def test_it_is_fetched_by_a_click_and_not_before_and_tells_nothing(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    upstream.always(PATH, Answer((PICTURE,), headers={"Content-Type": "image/png"}))
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await shown_an_answer(page, upstream, upstream.root_url + PATH)
        link = answer(page).get_by_role("link", name="High water at noon")
        await link.hover()
        await expect(link).to_have_attribute("aria-haspopup", "dialog")
        assert asked_for(upstream) == []
        await link.click()
        dialog = page.get_by_role("dialog", name="Picture")
        picture = dialog.frame_locator("iframe").get_by_role("img", name="High water at noon")
        await expect(dialog.get_by_role("status")).to_have_count(0)
        await expect(picture).to_be_visible()
        box, frame = await picture.bounding_box(), await dialog.locator("iframe").bounding_box()
        assert box is not None
        assert frame is not None
        # Chromium rounds what is in a frame to whole pixels.
        assert list(box.values()) == pytest.approx(list(frame.values()), abs=1)
        assert box["width"] > 1_000
        assert box["width"] / box["height"] == pytest.approx(1440 / 900, abs=0.01)
        [received] = asked_for(upstream)
        assert "referer" not in received.headers
        assert "cookie" not in received.headers
        assert await violations(page) == []

        await expect(dialog.get_by_role("link", name="Open in a new tab")).to_have_attribute(
            "href", upstream.root_url + PATH
        )
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        await expect(link).to_be_focused()
        assert page.url.startswith(scripted.url), "the page was left"

        await page.keyboard.press("Enter")
        await expect(dialog).to_be_visible()
        await page.mouse.click(3, 3)
        await expect(dialog).to_have_count(0)


@pytest.mark.parametrize("how", ["Control", "Meta", "Shift", "middle"])
async def test_other_clicks_leave_it_to_the_browser(
    scripted: Running, chromium: Browser, upstream: Upstream, how: str
) -> None:
    for path in (PATH, "/favicon.ico"):
        upstream.always(path, Answer((PICTURE,), headers={"Content-Type": "image/png"}))
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await shown_an_answer(page, upstream, upstream.root_url + PATH)
        link = answer(page).get_by_role("link", name="High water at noon")
        async with ann.context.expect_page() as opened:
            if how == "middle":
                await link.click(button="middle")
            else:
                await link.click(modifiers=[how])  # type: ignore[list-item]
        assert (await opened.value).url == upstream.root_url + PATH
        await expect(page.get_by_role("dialog")).to_have_count(0)


async def test_a_picture_that_does_not_come_is_told_of(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await shown_an_answer(page, upstream, f"{upstream.root_url}/gone.png")
        await answer(page).get_by_role("link", name="High water at noon").click()
        dialog = page.get_by_role("dialog", name="Picture")
        await expect(dialog.get_by_role("status")).to_have_text("The picture could not be loaded.")
        assert await violations(page) == []
        ann.complaints.clear()  # Chromium's own, of the picture that is gone


async def test_what_is_shown_cannot_reach_the_page_around_it(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    """Whatever a link leads to: what is no picture is none."""
    page_of_another = b"<script>parent.ran = 1; top.location = 'about:blank'</script>"
    upstream.always(PATH, Answer((page_of_another,), headers={"Content-Type": "text/html"}))
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await shown_an_answer(page, upstream, upstream.root_url + PATH)
        before = page.url
        await answer(page).get_by_role("link", name="High water at noon").click()
        await expect(page.get_by_role("dialog").get_by_role("status")).to_have_text("The picture could not be loaded.")
        assert await page.evaluate("() => window.ran") is None
        assert page.url == before
        frame = page.frames[-1]
        assert await frame.evaluate("() => self.origin") == "null"
