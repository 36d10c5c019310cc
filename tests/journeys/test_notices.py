"""An answer that is done while nobody looks is told of: once per person, though there are many tabs."""

from __future__ import annotations

import pytest
from playwright.async_api import Browser, Page, Worker, expect

from tests.fixtures.browser import Visitor, answer, ask, row
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

OUT_OF_SIGHT = """() => {
  Object.defineProperty(document, 'visibilityState', { get: () => window.hiding ?? 'visible' })
}"""
LEAVE = "() => { window.hiding = 'hidden'; document.dispatchEvent(new Event('visibilitychange')) }"
BLIND = """() => {
  const pages = clients.matchAll.bind(clients), notify = registration.showNotification.bind(registration)
  self.shownEver = 0
  clients.matchAll = async (query) => (await pages(query)).map((page) => ({
    url: page.url, visibilityState: 'hidden', focus: () => undefined,
    postMessage: (message) => page.postMessage(message),
  }))
  registration.showNotification = async (...notice) => {
    self.shownEver += 1
    return notify(...notice)
  }
}"""
"""A headless browser has all its windows in sight: its pages, and its service worker, believe that they are not."""
NOTE_ASKING = """() => {
  const decide = tell
  self.asked = new Promise((done) => (tell = (notice) => decide(notice).finally(done)))
}"""
"""A promise of the worker's, kept when it has been asked for a notice and has shown it or not."""
NOTHING_EXPECTED = "() => !Object.keys(localStorage).some((key) => key.startsWith('parley.kept.notice.'))"
UNTIL_SHOWN = """async (notices) => {
  const registration = await navigator.serviceWorker.getRegistration()
  for (;;) {
    const shown = (await registration.getNotifications()).map(({ body }) => body)
    if (JSON.stringify(shown) === JSON.stringify(notices)) return
    await new Promise(requestAnimationFrame)
  }
}"""


async def wanting_notices(ann: Visitor) -> tuple[Page, Worker]:
    """A page on which they are switched on, and the service worker."""
    await ann.context.grant_permissions(["notifications"])
    page = await ann.register()
    await page.evaluate("() => navigator.serviceWorker.ready.then(() => 0)")
    await page.keyboard.press("Control+.")
    await page.get_by_role("group", name="Notifications").get_by_text("On", exact=True).click()
    await expect(page.get_by_role("group", name="Notifications").get_by_label("On", exact=True)).to_be_checked()
    await page.keyboard.press("Escape")
    return page, ann.context.service_workers[0]


async def looking_away(ann: Visitor) -> tuple[Page, Page, Worker]:
    """Two tabs, of which the first asks, and the service worker."""
    await ann.context.add_init_script(f"({OUT_OF_SIGHT})()")
    page, worker = await wanting_notices(ann)
    other = await ann.open()
    await other.get_by_test_id("composer").wait_for()
    await worker.evaluate(BLIND)
    return page, other, worker


async def until_shown(page: Page, *notices: str) -> None:
    await page.evaluate(UNTIL_SHOWN, notices)


async def test_once_and_not_of_what_is_read_elsewhere(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    gate, second = Gate(), Gate()
    upstream.script(gate, delta("Blue."), finish(), DONE)
    upstream.script(delta("Sky"), finish(), DONE)
    upstream.script(second, delta("Green."), finish(), DONE)
    async with (
        Visitor.arriving(chromium, scripted.url, service_workers="allow") as ann,
        Visitor.arriving(chromium, scripted.url) as elsewhere,
    ):
        page, other, worker = await looking_away(ann)
        phone = await elsewhere.log_in()
        await ask(page, "Why is the sky blue?")
        for tab in (page, other):
            await tab.evaluate(LEAVE)
        gate.open()
        await expect(row(other, "Sky")).to_be_visible()
        await until_shown(page, "The answer is done.")

        # A click on it leads to the conversation, in a page that is open.
        await other.get_by_role("link", name="New chat").click()
        await page.close()
        await worker.evaluate("async () => show((await registration.getNotifications())[0].data)")
        await other.wait_for_url("**/c/*")

        # Read anywhere, it is withdrawn.
        await row(phone, "Sky").get_by_role("link").click()
        await expect(answer(phone)).to_contain_text("Blue.")
        await until_shown(other)

        # What is in sight on the phone is not told here; nor is anything ever told twice.
        await ask(other, "And grass?")
        await expect(phone.get_by_text("And grass?")).to_be_visible()
        second.open()
        await expect(answer(phone)).to_contain_text("Green.")
        await other.wait_for_function(NOTHING_EXPECTED)
        assert await worker.evaluate("() => self.shownEver") == 1


async def test_none_while_a_page_is_in_sight(scripted: Running, chromium: Browser, upstream: Upstream) -> None:
    """Though another conversation stands on it: the sidebar shows what is new."""
    gate = Gate()
    upstream.script(gate, delta("Blue."), finish(), DONE)
    upstream.script(delta("Sky"), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url, service_workers="allow") as ann:
        page, worker = await wanting_notices(ann)
        await worker.evaluate(NOTE_ASKING)
        await ask(page, "Why is the sky blue?")
        await page.wait_for_url("**/c/*")
        await page.get_by_role("link", name="New chat").click()
        gate.open()
        await worker.evaluate("() => self.asked")
        assert await worker.evaluate("async () => (await registration.getNotifications()).length") == 0
        await expect(row(page, "Sky").get_by_role("img", name="Unread")).to_be_visible()
