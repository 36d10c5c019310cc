"""Mermaid in an answer: drawn when its fence closes, in a frame without an origin, and shown as a picture."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Locator, Page, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Step, Upstream, delta, finish
from tests.journeys.test_accessibility import violations
from tests.journeys.test_reading import clipboard
from tests.journeys.test_scrolling import LONG, drawn, is_at_end, top

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

TIDES = "flowchart LR\n  A[Low water] --> B{Moon overhead?}\n  B -- yes --> C[High water]"
WORDS = "Diagram: yes, Low water, Moon overhead?, High water"
CHINESE = """flowchart TD
  A[开始：准备一份很长很长的材料清单] --> B{检查是否完整？}
  B -- 是 --> C(提交申请，等待审批)
  B -- 否 --> A"""
HANGING = """<script>
  const { port2 } = new MessageChannel()
  parent.postMessage("ready", "*", [port2])
</script>"""
FRAMED = "() => document.querySelectorAll('iframe').length"


def fenced(source: str) -> str:
    return f"```mermaid\n{source}\n```\n"


def diagram(page: Page) -> Locator:
    return answer(page).locator(".diagram img")


async def shown(page: Page) -> None:
    """With its true size, which it has once the browser has taken the picture for a good one."""
    await expect(diagram(page)).to_be_visible()
    await page.wait_for_function("(image) => image.naturalWidth > 50", arg=await diagram(page).element_handle())


async def test_it_is_drawn_when_its_fence_closes_and_once(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    closing, end = Gate(), Gate()
    steps: list[Step] = [
        delta(f"So:\n\n```mermaid\n{TIDES}\n"),
        closing,
        delta("```\n"),
        delta("\nAnd so"),
        end,
        delta(" on."),
    ]
    upstream.script(*steps, finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Draw the tides")
        await expect(answer(page).locator("pre")).to_contain_text("High water")
        assert await page.evaluate(FRAMED) == 0
        closing.open()
        await shown(page)
        await expect(diagram(page)).to_have_attribute("alt", WORDS)
        await expect(answer(page).locator("pre")).to_be_hidden()
        await expect(answer(page)).to_contain_text("And so")
        await diagram(page).evaluate("(image) => { window.first = image }")
        end.open()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(answer(page)).to_contain_text("And so on.")
        assert await diagram(page).evaluate("(image) => image === window.first"), "it was put there anew"
        assert await page.evaluate(FRAMED) == 1
        assert await violations(page) == []


async def test_it_has_the_theme_of_the_page(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    upstream.script(delta(fenced(TIDES)), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, color_scheme="light") as ann:
        page = await ann.register()
        await ask(page, "Draw the tides")
        await shown(page)
        light = await diagram(page).get_attribute("src")
        assert light is not None
        await page.emulate_media(color_scheme="dark")
        await expect(diagram(page)).not_to_have_attribute("src", light)
        await shown(page)
        assert await violations(page) == []
        await answer(page).get_by_role("button", name=WORDS).click()
        large = page.get_by_role("dialog").get_by_role("img", name=WORDS)
        await expect(large).not_to_have_attribute("src", light)
        await page.emulate_media(color_scheme="light")
        await expect(diagram(page)).to_have_attribute("src", light)
        await expect(large).to_have_attribute("src", light)


async def test_its_source_is_behind_a_switch_and_is_what_is_copied(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    upstream.script(delta(fenced(TIDES)), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, permissions=["clipboard-read", "clipboard-write"]) as ann:
        page = await ann.register()
        await ask(page, "Draw the tides")
        await shown(page)
        copy = answer(page).get_by_role("button", name="Copy code")
        await copy.click()
        await expect(copy).to_have_text("Copied")
        assert await clipboard(page, "text/plain") == TIDES
        await answer(page).get_by_role("button", name="Source", exact=True).click()
        await expect(answer(page).locator("pre")).to_be_visible()
        await expect(diagram(page)).to_have_count(0)
        await answer(page).get_by_role("button", name="Diagram", exact=True).click()
        await shown(page)


@pytest.mark.parametrize(
    "source", ["flowchart LR\n  A[[[ -->", "no kind of diagram", "flowchart LR\n" + "  A --> B\n" * 2_500]
)
async def test_what_cannot_be_drawn_stays_its_source(
    scripted: Running, chromium: Browser, upstream: Upstream, source: str
) -> None:
    """For its faults, or because it would take too long. The next one is drawn all the same."""
    upstream.script(delta(fenced(source)), finish(), DONE)
    upstream.script(delta("Tides"), finish(), DONE)
    upstream.script(delta(fenced(TIDES)), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Draw the tides")
        await expect(answer(page)).to_contain_text("This diagram could not be drawn.")
        await expect(answer(page).locator("pre")).to_be_visible()
        await expect(answer(page).get_by_role("button", name="Source", exact=True)).to_have_count(0)
        await expect(page).to_have_title("Tides")
        await ask(page, "Try again")
        await shown(page)


async def test_a_frame_that_hangs_is_thrown_away(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    upstream.script(delta(fenced(TIDES)), finish(), DONE)
    upstream.script(delta("Tides"), finish(), DONE)
    upstream.script(delta(fenced(CHINESE)), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await page.route("**/frames/diagram.html", lambda route: route.fulfill(body=HANGING, content_type="text/html"))
        await page.clock.install()
        await ask(page, "Draw the tides")
        await expect(page).to_have_title("Tides")
        await expect(page.locator("iframe")).to_have_count(1)
        await page.wait_for_function("() => document.querySelector('iframe').contentWindow.length === 0")
        await page.clock.run_for(9_000)
        await expect(answer(page)).to_contain_text("This diagram could not be drawn.")
        assert await page.evaluate(FRAMED) == 0
        await page.unroute("**/frames/diagram.html")
        await ask(page, "Another one")
        await shown(page)


async def test_nothing_in_it_runs_or_is_fetched(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """Whatever it asks for: HTML in its labels, another level of security, pictures of other sites."""
    source = (
        '%%{init: {"securityLevel": "loose", "htmlLabels": true, "flowchart": {"htmlLabels": true}}}%%\n'
        f'flowchart LR\n  A["<img src={upstream.root_url}/leak onerror=parent.ran=1>Low"] --> B[High]\n'
        '  click B href "javascript:parent.ran=2"\n'
    )
    upstream.script(delta(fenced(source)), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Draw the tides")
        await shown(page)
        svg = await diagram(page).evaluate("(image) => decodeURIComponent(image.src)")
        assert "High" in svg
        assert "foreignObject" not in svg
        assert "<script" not in svg
        assert "onerror" not in svg
        assert [received.path for received in upstream.requests if "leak" in received.path] == []
        assert await page.evaluate("() => window.ran") is None
        # Chromium tells of what the frame's policy has kept from running.
        assert [told for told in ann.complaints if "Content Security Policy" not in told] == []
        ann.complaints.clear()


async def test_chinese_fits_into_its_boxes(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    upstream.script(delta(fenced(CHINESE)), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, locale="zh-CN") as ann:
        page = await ann.open()
        await page.evaluate("() => localStorage.setItem('parley.language', 'en')")
        page = await ann.register()
        await ask(page, "画个流程图")
        await shown(page)
        address = await diagram(page).get_attribute("src")
        assert address is not None
        alone = await ann.window()
        await alone.goto("about:blank")
        await alone.evaluate(
            "(address) => { document.body.innerHTML = decodeURIComponent(address.slice(address.indexOf(',') + 1)) }",
            address,
        )
        beyond = await alone.evaluate(
            """() => [...document.querySelectorAll(".node")].map((node) => {
              const box = node.querySelector("rect, polygon, path").getBoundingClientRect()
              const text = node.querySelector("text").getBoundingClientRect()
              const aside = Math.max(box.left - text.left, text.right - box.right)
              return Math.max(aside, box.top - text.top, text.bottom - box.bottom)
            })"""
        )
        assert len(beyond) == 3
        assert max(beyond) <= 0, beyond


async def test_it_opens_large_and_gives_the_focus_back(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    upstream.script(delta(fenced(TIDES)), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Draw the tides")
        await shown(page)
        opener = answer(page).get_by_role("button", name=WORDS)
        await opener.focus()
        await page.keyboard.press("Enter")
        dialog = page.get_by_role("dialog", name="Diagram")
        large = dialog.get_by_role("img", name=WORDS)
        await expect(large).to_be_visible()
        small_box, large_box = await diagram(page).bounding_box(), await large.bounding_box()
        assert small_box is not None
        assert large_box is not None
        assert large_box["width"] > small_box["width"] * 1.3
        assert await violations(page) == []
        await page.keyboard.press("Escape")
        await expect(dialog).to_have_count(0)
        await expect(opener).to_be_focused()


async def test_a_view_that_follows_stays_at_the_end(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    end = Gate()
    upstream.script(delta(LONG), delta(fenced(TIDES)), end, finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "What does the sea do?")
        await shown(page)
        await is_at_end(page)
        end.open()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await drawn(page)
        await is_at_end(page)


async def test_a_conversation_draws_what_comes_near(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """What is far away costs nothing until one goes there; then nothing that is read moves."""
    upstream.script(delta(fenced(TIDES)), finish(), DONE)
    upstream.script(delta("Tides"), finish(), DONE)
    upstream.script(delta(LONG), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Draw the tides")
        await shown(page)
        await expect(page).to_have_title("Tides")
        await ask(page, "And in words?")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await page.reload()
        await expect(answer(page)).to_contain_text("Paragraph 59")
        await is_at_end(page)
        await drawn(page)
        assert await page.evaluate(FRAMED) == 0
        assert await top(page) > 1_000
        await answer(page, 0).scroll_into_view_if_needed()
        await expect(answer(page, 0).locator(".diagram img")).to_be_visible()
