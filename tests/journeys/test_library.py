"""What people make of their conversations, in one tab and seen in the other: verdicts, folders, prompts."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.server import Running

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_good_and_bad(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url) as ann:
        first = await ann.register()
        await ask(first, "Why?")
        await expect(answer(first)).to_have_attribute("data-status", "complete")
        second = await ann.open(first.url.removeprefix(server.url))
        good, bad = (answer(first).get_by_role("button", name=name) for name in ("Good answer", "Bad answer"))
        await good.click()
        await expect(answer(second).get_by_role("button", name="Good answer")).to_have_attribute("aria-pressed", "true")
        await bad.click()
        await first.get_by_label("What was wrong?").fill("太长了")
        await first.get_by_role("button", name="Save").click()
        await expect(good).to_have_attribute("aria-pressed", "false")

        seen = answer(second).get_by_role("button", name="Bad answer")
        await expect(seen).to_have_attribute("aria-pressed", "true")
        await seen.click()
        await expect(second.get_by_label("What was wrong?")).to_have_value("太长了")
        await second.get_by_role("button", name="Take back").click()
        await expect(bad).to_have_attribute("aria-pressed", "false")
        await expect(second.get_by_label("What was wrong?")).to_have_count(0)
