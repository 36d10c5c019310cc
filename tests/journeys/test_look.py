"""What the page looks like, from before its first paint: theme, language, direction, and what had to come for it."""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from typing import Literal

import pytest
from playwright.async_api import Browser, Locator, Response, Route, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

DARK, LIGHT = "rgb(28, 28, 27)", "rgb(255, 255, 255)"
PAINTED_BEHIND = "(element) => getComputedStyle(element.closest('[data-role]')).backgroundColor"
PAINTED = "() => getComputedStyle(document.documentElement).backgroundColor"


@pytest.mark.parametrize(
    ("chosen", "system", "colour"),
    [("dark", "light", DARK), ("light", "dark", LIGHT), ("system", "dark", DARK), (None, "dark", DARK)],
)
async def test_the_theme_is_there_before_anything_is_painted(
    server: Running, chromium: Browser, chosen: str | None, system: Literal["dark", "light"], colour: str
) -> None:
    """And with it the language and the size of the text: none of the page's own script has run yet."""
    async with Visitor.arriving(chromium, server.url, color_scheme=system, locale="zh-TW") as ann:
        kept = {"parley.text_size": "large"} | ({"parley.theme": chosen} if chosen else {})
        await ann.context.add_init_script(f"if (origin !== 'null') Object.assign(localStorage, {json.dumps(kept)})")
        released = asyncio.Event()

        async def hold(route: Route) -> None:
            await released.wait()
            await route.continue_()

        page = await ann.window()
        await page.route("**/assets/*.js", hold)
        await page.goto(server.url, wait_until="commit")
        await page.locator("#app").wait_for(state="attached")
        await page.wait_for_function("() => document.styleSheets.length > 0")
        assert await page.evaluate(PAINTED) == colour
        assert await page.locator("html").get_attribute("lang") == "zh-CN"
        assert await page.evaluate("() => getComputedStyle(document.documentElement).fontSize") == "18px"
        assert await page.locator("#app").inner_html() == ""
        released.set()
        await expect(page.get_by_role("button", name="登录", exact=True)).to_be_visible()
        assert await page.evaluate(PAINTED) == colour


async def test_the_system_s_theme_is_followed_as_it_changes(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url, color_scheme="light") as ann:
        page = await ann.register()
        for scheme in ("dark", "light"):
            await page.emulate_media(color_scheme=scheme)
            await expect(page.locator("html")).to_have_attribute("data-theme", scheme)


@pytest.mark.parametrize(
    ("locale", "heading", "other"), [("zh-CN", "欢迎回来", "English"), ("de", "Welcome back", "中文")]
)
async def test_the_browser_s_language_at_first(
    server: Running, chromium: Browser, locale: str, heading: str, other: str
) -> None:
    """Until another one is chosen, which is remembered."""
    async with Visitor.arriving(chromium, server.url, locale=locale) as ann:
        page = await ann.open()
        await expect(page.get_by_role("heading", name=heading)).to_be_visible()
        await page.get_by_role("button", name=other).click()
        await expect(page.get_by_role("heading", name=heading)).to_have_count(0)
        await page.reload()
        await expect(page.get_by_role("button", name=other)).to_have_count(0)
        await expect(page.get_by_role("heading", name=heading)).to_have_count(0)


async def test_words_that_did_not_come_are_asked_for_again(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url) as ann:
        page = await ann.window()
        await page.route("**/assets/en-*.js", lambda route: route.abort(), times=1)
        await page.goto(server.url)
        await expect(page.get_by_role("heading", name="Welcome back")).to_be_visible()
        ann.forgive_the_line()


async def direction(element: Locator) -> str:
    return str(await element.evaluate("(element) => getComputedStyle(element).direction"))


async def starts_at_the_right(element: Locator) -> bool:
    """Where the first character stands, in its line."""
    return bool(
        await element.evaluate(
            """(element) => {
              const text = document.createTreeWalker(element, NodeFilter.SHOW_TEXT).nextNode()
              const first = document.createRange()
              first.setStart(text, 0)
              first.setEnd(text, 1)
              const { left, right } = element.getBoundingClientRect()
              const place = first.getBoundingClientRect()
              return place.left - left > right - place.right
            }"""
        )
    )


async def test_each_paragraph_runs_in_its_own_direction(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    upstream.script(delta("المد والجزر.\n\nIn English.\n\n```\ncode\n```\n"), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        box = page.get_by_test_id("composer")
        await box.fill("لماذا؟")
        assert await direction(box) == "rtl"
        await box.press("Enter")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        assert await direction(page.locator("[data-role=user] p")) == "rtl"
        arabic, english = answer(page).locator(".answer p").all(), answer(page).locator(".answer p").last
        assert await starts_at_the_right((await arabic)[0])
        assert not await starts_at_the_right(english)
        assert await direction(answer(page).locator("pre code")) == "ltr"


async def place(element: Locator) -> tuple[float, float]:
    box = await element.bounding_box()
    assert box is not None
    return box["x"], box["x"] + box["width"]


async def test_one_column_of_text_with_the_question_at_its_right(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    upstream.script(delta("Long words. " * 80), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await ask(page, "Why?")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        left, right = await place(answer(page).locator("p").first)
        assert right - left <= 48 * 16
        bubble = await place(page.locator("[data-role=user] p"))
        assert abs(bubble[1] - right) <= 1
        assert bubble[0] > (left + right) / 2
        assert await answer(page).locator("p").first.evaluate(PAINTED_BEHIND) == "rgba(0, 0, 0, 0)"


async def test_the_first_screen_is_light(server: Running, chromium: Browser) -> None:
    """Less than 200 KB in all, also for who takes no brotli; the colours of code, KaTeX and Mermaid come later."""
    async with Visitor.arriving(chromium, server.url) as ann:
        page = await ann.register()
        came: list[Response] = []
        fresh = await ann.window()
        fresh.on("response", lambda response: came.append(response))
        await fresh.goto(server.url)
        await fresh.get_by_test_id("composer").wait_for()
        await fresh.wait_for_load_state("networkidle")
        names = [response.url.lower() for response in came]
        assert not [name for name in names if re.search("katex|mermaid|highlight", name)]
        texts = [response for response in came if re.search(r"\.(js|css)$", response.url)]
        assert {
            response.headers.get("content-encoding") for response in texts if len(await response.body()) > 1024
        } == {"br"}
        sent = [await response.request.sizes() for response in came]
        assert sum(size["responseBodySize"] + size["responseHeadersSize"] for size in sent) < 200_000
        assert sum([len(gzip.compress(await response.body())) for response in came]) < 200_000
        await page.close()


async def test_the_keys_of_a_mac(server: Running, chromium: Browser) -> None:
    """⌘ in the place of Ctrl, which means something else there."""
    mac = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36"
    async with Visitor.arriving(chromium, server.url, user_agent=mac) as ann:
        page = await ann.register()
        await expect(page.get_by_test_id("open-search")).to_contain_text("⌘ K")
        await page.get_by_test_id("composer").blur()
        await page.keyboard.press("Control+K")
        await expect(page.get_by_test_id("search")).to_have_count(0)
        await page.keyboard.press("Meta+K")
        await expect(page.get_by_test_id("search")).to_be_visible()
        await page.keyboard.press("Meta+K")
        await page.keyboard.press("Meta+Shift+S")
        await expect(page.get_by_role("button", name="Unfold sidebar")).to_be_visible()
