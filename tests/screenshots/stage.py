"""Where a scene is played: a server of its own, models that say what the scene has them say, a browser."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeVar

from playwright.async_api import Browser, Locator, Page, expect

from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.client import Person, Tab
from tests.fixtures.server import running, settings_for
from tests.fixtures.upstream import CHAT, DONE, Answer, Gate, Step, Upstream, delta, finish

Language = Literal["en", "zh"]
LANGUAGES: tuple[Language, ...] = ("en", "zh")
LOCALES = {"en": "en-GB", "zh": "zh-CN"}

PHONE, TABLET, DESKTOP = 390, 820, 1440
WIDTHS = (PHONE, TABLET, DESKTOP)
HEIGHTS = {PHONE: 844, TABLET: 1180, DESKTOP: 900}

PASSWORD = "correct horse"
USER_AGENT = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"
"""What a browser on a desk says of itself, that the list of devices has names as people see them."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Scene:
    name: str
    play: Callable[[Stage], Awaitable[None]]
    widths: tuple[int, ...] = WIDTHS
    """It is played at the last of them, and looked at in each."""
    models: tuple[str, ...] = ("aurora-large", "aurora-small", "lantern-reasoning-128k-preview")
    """Without any there is the demo model alone, as on the first day."""
    installed: bool = False
    """With the service worker, whose requests no route of the page can answer."""
    house: Mapping[str, Any] = field(default_factory=dict)
    """Settings of the server that are not as usual."""
    zoom: int = 1
    """As if the browser had been zoomed: the page has so much less room, in pixels of its own."""


class Stage:
    def __init__(self, language: Language, upstream: Upstream, house: ExitStack, folder: Path) -> None:
        self.language = language
        self.upstream = upstream
        self._house = house
        self._database = folder / "parley.db"
        self._gates: list[Gate] = []
        self.visitor: Visitor
        self.page: Page

    @property
    def url(self) -> str:
        return self.visitor.url

    @property
    def name(self) -> str:
        return self.either("Lin", "林晓")

    def either(self, english: T, chinese: T) -> T:
        return english if self.language == "en" else chinese

    # People

    async def visit(self, path: str = "/") -> Page:
        """As whoever the browser is logged in as, if anybody."""
        self.page = await self.visitor.open(path)
        return self.page

    async def arrive(self, path: str = "/") -> Page:
        """As somebody who is logged in; the first time, with an account made for this."""
        context = self.visitor.context
        if not await context.cookies():
            account = {"username": self.name, "email": "lin@example.org", "password": PASSWORD}
            url = f"{self.url}/api/auth/register"
            made = await context.request.post(url, data=account, headers={"origin": self.url})
            assert made.ok, await made.text()
        page = await self.visit(path)
        await expect(page.get_by_test_id("composer")).to_be_visible()
        return page

    @asynccontextmanager
    async def elsewhere(self) -> AsyncIterator[Tab]:
        """The same person on another device, which needs no browser."""
        person = await Person.log_in(self.url, self.name)
        async with person.tab() as tab:
            yield tab

    # What models say

    def gate(self) -> Gate:
        """Holds an answer back; opened when the scene is over."""
        gate = Gate()
        self._gates.append(gate)
        return gate

    def will_say(self, *steps: str | Step, ends: str = "stop") -> None:
        """The answer to the next question. It ends after the last step, unless that waits for something."""
        parts = [delta(step) if isinstance(step, str) else step for step in steps]
        self.upstream.script(*parts, finish(ends), DONE)

    def will_name(self, title: str) -> None:
        """The model's answer to everything that it has no script for: titles of conversations are."""
        self.upstream.always(
            CHAT, Answer((delta(title), finish(), DONE), headers={"Content-Type": "text/event-stream"})
        )

    # What people do

    async def talked(self, tab: Tab, title: str) -> str:
        """A conversation of one question, answered and read. Its id."""
        sent = await tab.send(title)
        conversation: str = sent["conversation"]
        await tab.finished(sent["turn"])
        await tab.call("title", conversation=conversation, title=title)
        await tab.call("read", conversation=conversation, message=sent["turn"])
        return conversation

    async def asked(self, question: str, status: str = "complete") -> Locator:
        """Asks on the page, and waits until the answer is as it should be."""
        before = await self.page.locator("[data-testid=message][data-role=assistant]").count()
        await ask(self.page, question)
        shown = answer(self.page, before)
        await expect(shown).to_have_attribute("data-status", status)
        return shown

    async def conversed(self, title: str, question: str, *steps: str | Step) -> Locator:
        """A first question, its answer and the title. A title that comes later would take the next answer's script."""
        self.will_say(*steps)
        self.will_name(title)
        shown = await self.asked(question)
        await expect(self.page).to_have_title(title)
        return shown

    def button(self, english: str, chinese: str) -> Locator:
        return self.page.get_by_role("button", name=self.either(english, chinese), exact=True)

    async def open_account_menu(self) -> None:
        await self.button("Account menu of Lin", "林晓 的账号菜单").click()
        await expect(self.page.get_by_role("menu")).to_be_visible()

    async def open_from_account_menu(self, english: str, chinese: str) -> None:
        await self.open_account_menu()
        await self.choose(english, chinese)
        await expect(self.page.get_by_role("dialog")).to_be_visible()

    async def open_settings(self, english: str, chinese: str) -> None:
        """One of their sections."""
        await self.open_from_account_menu("Settings", "设置")
        section = self.either(english, chinese)
        await self.page.get_by_role("tab", name=section, exact=True).click()
        await expect(self.page.get_by_role("tabpanel", name=section)).not_to_be_empty()

    async def choose(self, english: str, chinese: str) -> None:
        """From the menu that is open."""
        await self.page.get_by_role("menuitem", name=self.either(english, chinese), exact=True).click()

    # What happens to the house

    def rewrite(self, statement: str, *values: Any) -> None:
        """Changes what is stored, for what takes days or a crash to come about. Seen after a reload."""
        with closing(sqlite3.connect(self._database, timeout=10)) as database, database:
            database.execute(statement, values)

    def close_house(self) -> None:
        """The server stops, and stays away."""
        self._release()
        self._house.close()

    def _release(self) -> None:
        for gate in self._gates:
            gate.open()


@asynccontextmanager
async def staged(browser: Browser, scene: Scene, language: Language, **options: Any) -> AsyncIterator[Stage]:
    """The scene, played. ``options`` are the browser's."""
    width = scene.widths[-1]
    options = {
        "locale": LOCALES[language],
        "user_agent": USER_AGENT,
        "viewport": {"width": width // scene.zoom, "height": HEIGHTS[width] // scene.zoom},
        "device_scale_factor": scene.zoom,
        "reduced_motion": "reduce",
        "service_workers": "allow" if scene.installed else "block",
        **options,
    }
    with TemporaryDirectory(prefix="parley-scene-") as folder, ExitStack() as house:
        upstream = house.enter_context(Upstream.running())
        upstream.models = list(scene.models)
        endpoint = {"openai_api_key": "sk-scene", "openai_base_url": upstream.base_url} if scene.models else {}
        server = house.enter_context(running(settings_for(Path(folder), **endpoint, **scene.house)))
        context = await browser.new_context(**options)
        stage = Stage(language, upstream, house, Path(folder))
        try:
            stage.visitor = Visitor(context, server.url)
            stage.will_name(stage.either("A conversation", "一段对话"))
            await scene.play(stage)
            yield stage
        finally:
            stage._release()
            await context.close()
