"""What is typed and not sent: in the other tabs, after a reload, without a server."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.server import Running, ServerProcess
from tests.fixtures.upstream import DONE, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

NOTHING_UNSAVED = "() => !Object.keys(localStorage).some((key) => key.startsWith('parley.kept.draft.'))"


async def test_drafts_in_two_tabs(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    upstream.script(delta("Yes."), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        first = await ann.register()
        second = await ann.open()
        box, other = first.get_by_test_id("composer"), second.get_by_test_id("composer")
        await box.fill("为什么天空")
        await expect(other).to_have_value("为什么天空")
        await box.blur()
        # Until it is stored, this browser keeps it, and the other tab may have found it there.
        await first.wait_for_function(NOTHING_UNSAVED)

        # What is being typed here is not overwritten by what is typed there.
        await other.press_sequentially("?")
        await expect(box).to_have_value("为什么天空?")
        await box.press_sequentially("!")
        await expect(box).to_have_value("为什么天空?!")
        await expect(other).to_have_value("为什么天空?")
        await other.blur()
        await first.reload()
        await expect(box).to_have_value("为什么天空?!")

        await box.press("Enter")
        await expect(answer(first)).to_contain_text("Yes.")
        await expect(box).to_have_value("")
        await expect(other).to_have_value("")
        await box.press("ArrowUp")
        await expect(box).to_have_value("为什么天空?!")
        await box.fill("")
        await box.blur()

        # Per conversation.
        await first.get_by_test_id("new-chat").click()
        await box.fill("another thing")
        await expect(other).to_have_value("another thing")
        await first.go_back()
        await expect(box).to_have_value("")


async def test_nothing_typed_is_lost_without_a_server(tmp_path: Path, chromium: Browser) -> None:
    """A question that was sent, and one that was not, outlive the server and the page."""
    with ServerProcess(tmp_path) as server:
        port = server.url.rsplit(":", 1)[-1]
        async with Visitor.arriving(chromium, server.url) as ann:
            page = await ann.register()
            await ask(page, "Hello")
            await expect(answer(page)).to_have_attribute("data-status", "complete")
            server.kill()
            await expect(page.get_by_test_id("connection-chip")).to_be_visible()
            await ask(page, "Sent into the dark")
            await page.get_by_test_id("composer").fill("Not even sent")
            await expect(page.get_by_text("Waiting for the connection…")).to_be_visible()
            path = page.url.removeprefix(server.url)
            await page.close()

            with ServerProcess(tmp_path, PARLEY_PORT=port):
                page = await ann.open(path)
                await expect(page.get_by_test_id("composer")).to_have_value("Not even sent")
                await expect(answer(page)).to_have_attribute("data-status", "complete")
                await expect(page.get_by_test_id("message")).to_have_count(4)
                asked = page.locator("[data-role=user]", has_text="Sent into the dark")
                await expect(asked).to_have_count(1)
                await expect(asked).to_have_attribute("data-status", "complete")
                await page.reload()
                await expect(page.get_by_test_id("message")).to_have_count(4)
            ann.forgive_the_line()
