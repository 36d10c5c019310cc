"""The line to the server breaks: what the page says, what can be done meanwhile, and what happens when it is back."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from playwright.async_api import Browser, Page, WebSocketRoute, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.client import Person
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

GOING_AWAY = 1012


@dataclass
class Line:
    """All sockets of a page, which can be cut for real: the browser's own offline mode only stalls them."""

    cut: bool = False
    open: list[WebSocketRoute] = field(default_factory=list)
    tries: int = 0

    @classmethod
    async def of(cls, page: Page) -> Line:
        line = cls()
        await page.route_web_socket("**/ws", line._connect)
        return line

    async def _connect(self, socket: WebSocketRoute) -> None:
        self.tries += 1
        if self.cut:
            await socket.close(code=GOING_AWAY)
            return
        socket.connect_to_server()
        self.open.append(socket)

    async def break_off(self) -> None:
        self.cut = True
        for socket in self.open:
            await socket.close(code=GOING_AWAY)
        self.open.clear()


async def test_what_is_sent_without_a_line_goes_out_once(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        line = await Line.of(page)
        await page.reload()
        upstream.script(delta("First answer."), finish(), DONE)
        await ask(page, "First question")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(page).to_have_title("Hello from upstream")

        await line.break_off()
        await expect(page.get_by_test_id("connection-chip")).to_be_visible()
        banner = page.get_by_test_id("connection-banner")
        await expect(banner).to_contain_text("Connection lost.")
        await ask(page, "Second question")
        await expect(page.get_by_text("Waiting for the connection…")).to_be_visible()
        await page.get_by_test_id("composer").fill("typed meanwhile")
        asked = len(upstream.chats)

        upstream.script(delta("Second answer."), finish(), DONE)
        line.cut = False
        await expect(banner).to_have_count(0)
        await expect(page.get_by_test_id("connection-chip")).to_have_count(0)
        await expect(answer(page)).to_contain_text("Second answer.")
        await expect(page.get_by_test_id("message")).to_have_count(4)
        await expect(page.get_by_test_id("composer")).to_have_value("typed meanwhile")
        assert len(upstream.chats) == asked + 1

        await page.reload()
        await expect(page.get_by_test_id("message")).to_have_count(4)


async def test_a_message_that_waits_survives_a_reload(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        line = await Line.of(page)
        line.cut = True
        await page.reload()
        await ask(page, "Written on a train")
        await expect(page.get_by_text("Waiting for the connection…")).to_be_visible()
        await page.reload()
        await expect(page.get_by_text("Waiting for the connection…")).to_be_visible()
        line.cut = False
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(page.get_by_test_id("message")).to_have_count(2)
        await expect(page.get_by_test_id("sidebar-row")).to_have_count(1)


async def test_a_message_that_waits_belongs_to_one_page(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    """A second one leaves it to the first, until that is closed."""
    async with Visitor.arriving(chromium, scripted.url) as ann:
        first = await ann.register()
        line = await Line.of(first)
        line.cut = True
        await first.reload()
        await ask(first, "Written on a train")
        await expect(first.get_by_text("Waiting for the connection…")).to_be_visible()

        second = await ann.window()
        await Line.of(second)
        await second.goto(scripted.url)
        await expect(second.get_by_text("Your conversations will appear here.")).to_be_visible()
        await expect(second.get_by_test_id("message")).to_have_count(0)
        assert upstream.chats == []
        await first.close()
        await expect(answer(second)).to_have_attribute("data-status", "complete")
        await expect(second.get_by_test_id("message")).to_have_count(2)
        await expect(second.get_by_test_id("sidebar-row")).to_have_count(1)


async def test_what_was_deleted_without_a_line_is_so_by_the_next_page(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        line = await Line.of(page)
        await page.reload()
        await ask(page, "Forget me")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await line.break_off()
        await expect(page.get_by_test_id("connection-chip")).to_be_visible()
        await page.get_by_test_id("sidebar-row").get_by_role("link").press("Delete")
        await expect(page.get_by_test_id("sidebar-row")).to_have_count(0)
        there = await Person.log_in(scripted.url)
        async with there.tab() as tab:
            assert len(tab.synced["snapshot"]["conversations"]) == 1
            await page.close()
            await ann.open()
            await tab.event("conversation.deleted")


async def test_an_answer_goes_on_where_the_line_broke(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(delta("It begins, "), gate, delta("and it ends."), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        line = await Line.of(page)
        await page.reload()
        await ask(page, "Tell me")
        await expect(answer(page)).to_contain_text("It begins,")
        await line.break_off()
        await expect(page.get_by_test_id("connection-banner")).to_be_visible()
        gate.open()
        line.cut = False
        await expect(answer(page).locator("p")).to_have_text(["It begins, and it ends."])
        await expect(answer(page)).to_have_attribute("data-status", "complete")


async def test_trying_now_does_not_wait(scripted: Running, chromium: Browser) -> None:
    """The waits double up to half a minute, and a person may know better."""
    async with Visitor.arriving(chromium, scripted.url) as ann:
        page = await ann.register()
        await page.clock.install()
        line = await Line.of(page)
        await page.reload()
        await expect(page.get_by_text("Your conversations will appear here.")).to_be_visible()  # the line is there
        # From here on no time passes but what the test lets pass: the page cannot come back by itself.
        await page.clock.pause_at(await page.evaluate("Date.now()") / 1000 + 10)
        await line.break_off()
        banner = page.get_by_test_id("connection-banner")
        while await page.get_by_test_id("connection-chip").count() == 0:  # which comes after a second
            await page.clock.run_for(100)
        await page.clock.run_for(1_800)
        await expect(banner).to_have_count(0)
        await page.clock.run_for(300)
        again = banner.get_by_role("button", name="Try now")
        await expect(again).to_be_visible()
        tries = line.tries
        line.cut = False
        await again.click()
        await expect(page.get_by_test_id("connection-chip")).to_have_count(0)
        await expect(banner).to_have_count(0)
        assert line.tries == tries + 1
