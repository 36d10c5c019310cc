"""The network itself goes away in mid-answer: by the browser's word, with a reset, or without a word."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, expect

from tests.chaos.proxy import Proxy, Way
from tests.fixtures.browser import Visitor, answer, ask, is_marked, mark, reconnect, row
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import CHAT, DONE, Answer, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

TITLE = Answer((delta("Tides"), finish(), DONE), headers={"Content-Type": "text/event-stream"})


class Network:
    """Between the browser and the server."""

    def __init__(self, proxy: Proxy, server: Running) -> None:
        self.url = proxy.url
        self._proxy = proxy
        self._port = urlsplit(server.url).port or 0
        self.mend()

    def mend(self) -> None:
        """For new connections; those that were silent stay so."""
        self._proxy.ports = [self._port]

    def reset(self) -> None:
        self._proxy.ports = []
        for line in list(self._proxy.lines):
            line.cut()

    def fall_silent(self) -> None:
        """Nothing gets through, and nobody is told."""
        self._proxy.ports = []
        for way in Way:
            self.swallow(way)

    def swallow(self, way: Way) -> None:
        """On the connections that there are."""
        for line in self._proxy.lines:
            line.swallow(way)


@pytest.fixture
async def network(tmp_path: Path, upstream: Upstream) -> AsyncIterator[Network]:
    """With a server behind it that is asked for a sign of life every second."""
    upstream.always(CHAT, TITLE)
    models = {"openai_api_key": "sk-x", "openai_base_url": upstream.base_url}
    with running(settings_for(tmp_path, heartbeat_seconds=1, **models)) as server:
        async with Proxy(0).listening() as proxy:
            yield Network(proxy, server)


async def offline(ann: Visitor, _network: Network) -> None:
    await ann.context.set_offline(True)


async def reset(_ann: Visitor, network: Network) -> None:
    network.reset()


async def silence(_ann: Visitor, network: Network) -> None:
    network.fall_silent()


@pytest.mark.parametrize(
    ("breaks", "words"),
    [(offline, "You are offline. Messages wait here."), (reset, "Connection lost."), (silence, "Connection lost.")],
)
async def test_in_mid_answer(
    network: Network,
    chromium: Browser,
    upstream: Upstream,
    breaks: Callable[[Visitor, Network], Awaitable[None]],
    words: str,
) -> None:
    """What was there stays, what is asked elsewhere meanwhile goes out once, and nothing is missing or there twice."""
    gate = Gate()
    upstream.script(delta("It begins, "), gate, delta("and it ends."), finish(), DONE)
    async with Visitor.arriving(chromium, network.url) as ann:
        page = await ann.register()
        await mark(page)
        await ask(page, "Tell me")
        await expect(answer(page)).to_contain_text("It begins,")
        conversation = page.url.rpartition("/")[2]
        await breaks(ann, network)
        await expect(page.get_by_test_id("connection-chip")).to_be_visible()
        await expect(page.get_by_test_id("connection-banner")).to_contain_text(words)
        await expect(answer(page)).to_contain_text("It begins,")
        await page.get_by_test_id("composer").fill("typed meanwhile")
        await page.get_by_test_id("new-chat").click()
        await ask(page, "Asked meanwhile")
        await expect(page.get_by_text("Waiting for the connection…")).to_be_visible()
        asked = len(upstream.chats)
        gate.open()

        await ann.context.set_offline(False)
        network.mend()
        await reconnect(page)
        await expect(answer(page)).to_contain_text("Tides")
        await expect(page.get_by_test_id("connection-banner")).to_have_count(0)
        await expect(page.get_by_test_id("sidebar-row")).to_have_count(2)
        await page.locator(f"[data-conversation='{conversation}'] a").click()
        await expect(answer(page).locator("p")).to_have_text(["It begins, and it ends."])
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(page.get_by_test_id("composer")).to_have_value("typed meanwhile")
        assert await is_marked(page)
        questions = [chat.body["messages"][-1]["content"] for chat in upstream.chats[asked:]]
        assert questions.count("Asked meanwhile") == 1
        ann.forgive_the_line()


async def test_a_question_whose_reply_was_lost_is_not_asked_twice(
    network: Network, chromium: Browser, upstream: Upstream
) -> None:
    async with Visitor.arriving(chromium, network.url) as ann:
        page = await ann.register()
        network.swallow(Way.DOWN)
        await ask(page, "Did you hear me?")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(page.get_by_test_id("message")).to_have_count(2)
        await expect(row(page, "Tides")).to_have_count(1)
        questions = [chat.body["messages"][-1]["content"] for chat in upstream.chats]
        assert questions.count("Did you hear me?") == 1
        ann.forgive_the_line()
