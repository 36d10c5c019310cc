"""What one does with an answer: reads its code, copies it, or a part of it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

BIG = "".join(f"## Part {number}\n\n" + f"What the sea does in {number}. " * 33 + "\n\n" for number in range(100))
"""100 KB."""
LINE = "tides = compute_tides(" + ", ".join(f"argument_{number}" for number in range(30)) + ")"
CLIPBOARD = """async (type) => {
  const [item] = await navigator.clipboard.read();
  return item.types.includes(type) ? await (await item.getType(type)).text() : null;
}"""


async def clipboard(page: Page, kind: str) -> str:
    content = await page.evaluate(CLIPBOARD, kind)
    assert content is not None, f"nothing of the kind {kind} was copied"
    return str(content)


async def test_code_is_coloured_when_its_fence_closes_and_its_lines_wrap(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    closing, end = Gate(), Gate()
    upstream.script(delta(f"```python\n{LINE}\n"), closing, delta("```\n"), end, finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, permissions=["clipboard-read", "clipboard-write"]) as ann:
        page = await ann.register()
        await ask(page, "How?")
        code = answer(page).locator("pre")
        await expect(code).to_contain_text("compute_tides")
        await expect(answer(page).locator(".code-language")).to_have_text("python")
        await expect(code.locator("span")).to_have_count(0)
        inside = "(pre) => pre.scrollWidth > pre.clientWidth"
        assert await code.evaluate(inside), "a long line does not scroll inside its block"
        await answer(page).get_by_role("button", name="Wrap long lines").click()
        assert not await code.evaluate(inside)
        closing.open()
        await expect(code.locator("span").first).to_have_text("tides")
        await expect(answer(page).get_by_role("button", name="Wrap long lines")).to_have_attribute(
            "aria-pressed", "true"
        )
        assert not await code.evaluate(inside), "the next rendering forgot that the lines wrap"
        await answer(page).get_by_role("button", name="Copy code").click()
        await expect(answer(page).get_by_role("button", name="Copy code")).to_have_text("Copied")
        assert await clipboard(page, "text/plain") == LINE
        end.open()
        await expect(answer(page)).to_have_attribute("data-status", "complete")


@pytest.mark.parametrize("secure", [True, False])
async def test_an_answer_is_copied_as_markdown_and_as_rich_text(
    scripted: Running, chromium: Browser, upstream: Upstream, secure: bool
) -> None:
    """Also on a page without TLS, which has no clipboard of its own."""
    markdown = "The **sum** is \\(a^2\\).\n\n| a | b |\n|---|---:|\n| 1 | 2 |\n"
    upstream.script(delta(markdown), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, permissions=["clipboard-read", "clipboard-write"]) as ann:
        if not secure:
            await ann.context.add_init_script("Object.defineProperty(window, 'isSecureContext', { value: false })")
        page = await ann.register()
        await ask(page, "What is the sum?")
        await expect(answer(page).locator(".katex")).to_be_visible()
        await expect(answer(page).get_by_role("cell", name="2")).to_have_css("text-align", re.compile("right$"))
        await answer(page).get_by_role("button", name="Copy", exact=True).click()
        await expect(answer(page).get_by_role("button", name="Copied")).to_be_visible()
        assert (await clipboard(page, "text/plain")).strip() == markdown.strip()
        rich = await clipboard(page, "text/html")
        assert "<strong>sum</strong> is \\( a^2 \\)." in rich
        assert '<table border="1"' in rich


async def test_a_selection_has_its_formulas_as_tex(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    upstream.script(delta("It is \\(\\frac{a}{b}\\) and\n\n\\[ c^2 \\]\n\nso."), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, permissions=["clipboard-read", "clipboard-write"]) as ann:
        page = await ann.register()
        await ask(page, "What is it?")
        await expect(answer(page).locator(".katex")).to_have_count(2)
        await page.evaluate(
            """() => {
              const blocks = document.querySelectorAll("[data-role=assistant] .block");
              document.getSelection().setBaseAndExtent(blocks[0], 0, blocks[blocks.length - 1].lastElementChild, 1);
            }"""
        )
        await page.keyboard.press("Control+C")
        words = (await clipboard(page, "text/plain")).split()
        assert words == ["It", "is", "\\(", "\\frac{a}{b}", "\\)", "and", "\\[", "c^2", "\\]", "so."]


async def test_a_footnote_leads_there_and_back_inside_the_message(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    """Also where an earlier answer has a note of the same number."""
    text = "The sea rises.[^1]\n\n" + "And falls.\n\n" * 60 + "[^1]: Twice a day."
    upstream.script(delta(text), finish(), DONE)
    upstream.script(delta("Sea"), finish(), DONE)
    upstream.script(delta(text), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "What does the sea do?")
        await expect(page).to_have_title("Sea")
        await ask(page, "Once more")
        await expect(page.get_by_test_id("message")).to_have_count(4)
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        before = page.url
        there, back = (
            answer(page).get_by_role("link", name="1", exact=True),
            answer(page).get_by_role("link", name="\u21a9"),
        )
        note = answer(page).get_by_role("listitem").filter(has_text="Twice a day.")
        await there.click()
        await expect(note).to_be_focused()
        await expect(note).to_be_in_viewport()
        await back.click()
        await expect(answer(page).locator("sup")).to_be_focused()
        await expect(there).to_be_in_viewport()
        await expect(note).not_to_be_in_viewport()
        assert page.url == before


async def test_the_browsers_own_search_finds_what_is_far_away(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    upstream.script(delta("There is a **needle** here.\n\n" + "Hay.\n\n" * 80), finish(), DONE)
    upstream.script(delta("Sea"), finish(), DONE)
    upstream.script(delta("Straw.\n\n" * 80), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Where is it?")
        await expect(page).to_have_title("Sea")
        await ask(page, "And what else?")
        await expect(page.get_by_test_id("message")).to_have_count(4)
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await page.reload()
        await expect(answer(page)).to_contain_text("Straw.")
        await expect(answer(page).locator("p").last).to_be_in_viewport()
        needle = answer(page, 0).locator("strong")
        await expect(needle).not_to_be_in_viewport()
        assert await page.evaluate("() => window.find('needle', true, true, true)")
        assert await page.evaluate("() => getSelection().anchorNode.parentElement.localName") == "strong"


async def test_a_wide_table_scrolls_inside_itself(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    wide = "|" + "|".join(f" column {number} " for number in range(12)) + "|"
    upstream.script(delta(f"{wide}\n{'|---' * 12}|\n{wide}\n"), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, viewport={"width": 390, "height": 844}) as ann:
        page = await ann.register()
        await ask(page, "All of it")
        table = answer(page).get_by_role("group", name="Table")
        await expect(table).to_be_visible()
        assert await table.evaluate("(table) => table.scrollWidth > table.clientWidth")
        await table.focus()
        await page.keyboard.press("End")
        await page.keyboard.press("ArrowRight")
        await page.wait_for_function("(table) => table.scrollLeft > 0", arg=await table.element_handle())
        sideways = """() => [document.scrollingElement, document.querySelector("[role=log]").parentElement]
          .map((view) => view.scrollWidth - view.clientWidth)"""
        assert await page.evaluate(sideways) == [0, 0]


async def test_a_price_is_no_formula(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    upstream.script(delta("From $5 to $6, 每个 $7，not \\(x\\) or $$y$$ or\n\n\\[z\\]"), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "How much?")
        await expect(answer(page).locator(".katex")).to_have_count(3)
        await expect(answer(page)).to_contain_text("From $5 to $6, 每个 $7，not")


async def test_a_very_long_answer_is_there_whole_and_the_page_can_be_used(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    parts = [BIG[start : start + 5_000] for start in range(0, len(BIG), 5_000)]
    end = Gate()
    upstream.script(*map(delta, parts), end, delta("The end."), finish(), DONE)
    upstream.script(delta("Sea"), finish(), DONE)
    upstream.script(delta("Short."), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Everything, please")
        await expect(answer(page).get_by_role("heading", name="Part 99")).to_be_attached()
        await page.get_by_test_id("composer").fill("typed meanwhile")
        end.open()
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(page.get_by_test_id("composer")).to_have_value("typed meanwhile")
        await page.reload()
        await expect(answer(page).get_by_text("The end.")).to_be_in_viewport()
        words = await answer(page).locator(".answer").evaluate("(answer) => answer.textContent.replace(/\\s+/g, '')")
        assert words == "".join((BIG.replace("## ", "") + "The end.").split())
        await ask(page, "And now a short one")
        await expect(answer(page)).to_contain_text("Short.")
