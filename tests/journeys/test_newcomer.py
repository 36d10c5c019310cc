"""Somebody who has never seen it: registers, asks, watches, stops, asks again, reloads, comes back the next day."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.fixtures.browser import Visitor, answer, ask, row
from tests.fixtures.server import running, settings_for
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

TEXT = "# Tides\n\nThe **moon** pulls the sea.\n\n| when | what |\n|---|---|\n| 06:00 | high |\n\n"
REST = "```python\nprint('潮汐')\n```\n\nAnd \\(a^2 + b^2\\) is math. **注意：**后面。"


async def test_the_story(tmp_path: Path, chromium: Browser, upstream: Upstream) -> None:
    settings = settings_for(tmp_path, openai_api_key="sk-x", openai_base_url=upstream.base_url)
    stopped, growing = Gate(), Gate()
    upstream.script(delta("I begin to explain"), stopped, finish(), DONE)
    upstream.script(delta("Sea and moon"), finish(), DONE)
    upstream.script(delta(TEXT), growing, delta(REST), finish(), DONE)
    with running(settings) as server:
        async with Visitor.arriving(chromium, server.url) as ann:
            page = await ann.register()

            await ask(page, "Why is there a tide?")
            await expect(answer(page)).to_contain_text("I begin to explain")
            await page.get_by_test_id("stop").click()
            await expect(answer(page)).to_have_attribute("data-status", "stopped")
            await expect(row(page, "Sea and moon")).to_be_visible()
            stopped.open()

            await ask(page, "Again, please, with a table")
            await expect(answer(page).get_by_role("heading", name="Tides")).to_be_visible()

            await page.reload()
            await expect(answer(page)).to_have_attribute("data-status", "streaming")
            await expect(answer(page).get_by_role("table")).to_contain_text("high")
            second = await ann.open(page.url.removeprefix(server.url))
            await expect(answer(second).get_by_role("table")).to_contain_text("high")
            await expect(second.get_by_test_id("stop")).to_be_visible()

            growing.open()
            for tab in (page, second):
                await expect(answer(tab)).to_have_attribute("data-status", "complete")
                await expect(answer(tab).locator("code .nb, code .n").first).to_have_text("print")
                await expect(answer(tab).locator(".katex").first).to_be_visible()
                await expect(answer(tab).locator("strong", has_text="注意：")).to_be_visible()
                await expect(tab.get_by_test_id("stop")).to_have_count(0)
            assert await answer(page).inner_text() == await answer(second).inner_text()
            shown = await answer(page).inner_text()
            cookies = await ann.context.cookies()
            path = page.url.removeprefix(server.url)

    with running(settings) as server:
        async with Visitor.arriving(chromium, server.url) as ann:
            await ann.context.add_cookies(cookies)  # type: ignore[arg-type]
            page = await ann.open(path)
            await expect(answer(page)).to_have_attribute("data-status", "complete")
            await expect(answer(page).locator(".katex").first).to_be_visible()
            assert await answer(page).inner_text() == shown
            await expect(answer(page, 0)).to_contain_text("I begin to explain")
            await expect(row(page, "Sea and moon")).to_be_visible()
            assert await page.title() == "Sea and moon"
