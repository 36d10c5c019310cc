"""What one does with an answer: reads its code, copies it, or a part of it."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

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
