"""The server is replaced, or dies, while an answer is written and people look at it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect

from tests.fixtures.browser import Visitor, answer, ask, is_marked, mark, reconnect, row
from tests.fixtures.client import Person
from tests.fixtures.server import ServerProcess, running, settings_for
from tests.fixtures.upstream import CHAT, DONE, HANG, Answer, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

TITLE = Answer((delta("Tides"), finish(), DONE), headers={"Content-Type": "text/event-stream"})


class House(ServerProcess):
    """Its next server listens on the same port."""

    def start(self) -> Self:
        super().start()
        self._environment["PARLEY_PORT"] = str(urlsplit(self.url).port)
        return self


@pytest.fixture
def house(tmp_path: Path, upstream: Upstream) -> Iterator[House]:
    upstream.always(CHAT, TITLE)
    environment = {"OPENAI_API_KEY": "sk-x", "OPENAI_BASE_URL": upstream.base_url}
    with House(tmp_path, **environment) as house:
        yield house


async def asked(page: Page, url: str) -> None:
    """Until the first words are stored."""
    watcher = await Person.log_in(url)
    async with watcher.tab() as tab:
        await mark(page)
        await ask(page, "Tell me")
        await expect(answer(page)).to_contain_text("It begins,")
        await tab.event("turn.status", status="streaming")


async def test_one_that_is_told_to_end_lets_the_answer_end(
    tmp_path: Path, chromium: Browser, upstream: Upstream
) -> None:
    upstream.always(CHAT, TITLE)
    gate = Gate()
    upstream.script(delta("It begins, "), gate, delta("and it ends."), finish(), DONE)
    models = {"openai_api_key": "sk-x", "openai_base_url": upstream.base_url}
    settings = settings_for(tmp_path, drain_seconds=30, **models)
    with ExitStack() as house:
        url = house.enter_context(running(settings)).url
        async with Visitor.arriving(chromium, url) as ann:
            page = await ann.register()
            await asked(page, url)
            ending = asyncio.create_task(asyncio.to_thread(house.close))
            await expect(page.get_by_test_id("connection-chip")).to_be_visible()
            await expect(answer(page)).to_contain_text("It begins,")
            await page.get_by_test_id("composer").fill("typed meanwhile")
            gate.open()
            await ending

            with running(settings.model_copy(update={"port": urlsplit(url).port})):
                await reconnect(page)
                await expect(answer(page).locator("p")).to_have_text(["It begins, and it ends."])
                await expect(answer(page)).to_have_attribute("data-status", "complete")
                await expect(page.get_by_test_id("composer")).to_have_value("typed meanwhile")
                assert await is_marked(page)
                ann.forgive_the_line()


async def test_one_that_dies_leaves_what_there_was_and_it_goes_on(
    house: House, chromium: Browser, upstream: Upstream
) -> None:
    upstream.script(delta("It begins, "), HANG)
    async with Visitor.arriving(chromium, house.url) as ann:
        page = await ann.register()
        idle = await ann.open()
        await asked(page, house.url)
        await expect(idle.locator("[data-state=running]")).to_have_count(1)
        house.kill()
        await expect(page.get_by_test_id("connection-banner")).to_be_visible()
        await expect(answer(page)).to_contain_text("It begins,")
        house.start()
        for tab in (page, idle):
            await reconnect(tab)
        await expect(answer(page)).to_have_attribute("data-status", "interrupted")
        await expect(answer(page)).to_contain_text("It begins,")
        await expect(page.get_by_test_id("message-ending")).to_contain_text("The server was interrupted")
        await expect(page.get_by_test_id("stop")).to_have_count(0)
        await expect(idle.locator("[data-state=running]")).to_have_count(0)

        upstream.script(delta("and it ends."), finish(), DONE)
        await page.get_by_test_id("message-ending").get_by_role("button", name="Continue").click()
        await expect(answer(page).locator("p")).to_have_text(["It begins, and it ends."])
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(page.get_by_test_id("message")).to_have_count(2)
        await expect(row(idle, "Tides")).to_be_visible()
        assert await is_marked(page)
        ann.forgive_the_line()
