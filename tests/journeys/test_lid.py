"""A laptop whose lid was closed for an hour: nothing on the page ran, and the world went on."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from tests.chaos.proxy import Proxy, Way
from tests.fixtures.browser import Visitor, answer, ask, is_marked, mark, row
from tests.fixtures.client import Person
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

HOUR = 3_600_000


async def test_an_hour_with_the_lid_closed(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """The page has it all as soon as it is looked at, with a new token, though nobody tells it that it slept."""
    gate = Gate()
    upstream.script(delta("It begins, "), gate, delta("and it ends."), finish(), DONE)
    async with Proxy(0).listening() as proxy, Visitor.arriving(chromium, proxy.url) as ann:
        proxy.ports = [urlsplit(scripted.url).port or 0]
        page = await ann.register()
        await page.clock.install()
        await page.reload()
        await mark(page)
        await ask(page, "Tell me")
        await expect(answer(page)).to_contain_text("It begins,")
        phone = await Person.log_in(scripted.url)
        async with phone.tab() as tab:
            shown = tab.synced["snapshot"]["conversations"][0]
            await page.clock.pause_at(await page.evaluate("Date.now()") / 1000 + 10)
            while len(proxy.lines) > 1:  # noqa: ASYNC110 -- until only the socket is left of the browser's
                await asyncio.sleep(0.05)
            (line,) = proxy.lines
            for way in Way:
                line.swallow(way)

            gate.open()
            await tab.ended(shown["live_turn"])
            await tab.call("title", conversation=shown["id"], title="Told")
            await tab.call("draft", conversation=shown["id"], text="from the phone")
            sent = await tab.send("Asked on the phone")
            await tab.finished(sent["turn"])
            await tab.call("title", conversation=sent["conversation"], title="Elsewhere")
            await tab.call("settings", key="theme", value="dark")
        await ann.context.clear_cookies(name="access")  # a browser drops it after a quarter of an hour

        await page.clock.fast_forward(HOUR)
        await page.clock.resume()
        await expect(answer(page).locator("p")).to_have_text(["It begins, and it ends."])
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(page.get_by_test_id("chat-title")).to_have_text("Told")
        await expect(page.get_by_test_id("composer")).to_have_value("from the phone")
        await expect(row(page, "Elsewhere").locator("[data-state=unread]")).to_be_visible()
        await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
        await expect(page.get_by_test_id("connection-chip")).to_have_count(0)
        assert await is_marked(page)
        assert "access" in {cookie["name"] for cookie in await ann.context.cookies()}
        ann.forgive_the_line()
