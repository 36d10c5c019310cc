"""What a page costs its browser, with a real server behind it and a model that says a hundred tokens in a second."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from statistics import median

from playwright.async_api import Browser, Page, async_playwright, expect

from bench.conversation import write_conversation
from bench.probe import Probe
from tests.fixtures.browser import ARGUMENTS, Visitor, answer, ask, find_chromium
from tests.fixtures.server import ServerProcess
from tests.fixtures.upstream import DONE, Paced, Upstream, delta, finish

PER_SECOND = 100
MEASURED_SECONDS = 8.0
SETTLING_SECONDS = 1.0
MESSAGES = 1_000
ANSWERS = 100
SLOWER = 4
"""Times, the processor, for the first screen: what a cheap phone is to this machine."""
SCREENS = 5
TEXT = (
    "The sea rises and falls twice a day. **注意：**各地的时间不同。 One sees it best at the shore.\n\n"
    "```python\ndef tide(hours: float) -> float:\n    return cos(hours / 12.42 * tau)\n```\n\n"
    "- the moon pulls\n- the sun pulls, half as much\n\nAnd \\(a^2 + b^2\\) is math, | which | is no table.\n\n"
)
"""Said again and again: about 90 tokens."""

_NOTE_FIRST = """
  new MutationObserver((_, observer) => {
    const last = [...document.querySelectorAll("SELECTOR")].at(-1);
    if (!last) return;
    observer.disconnect();
    requestAnimationFrame(() => setTimeout(() => (window.benchUsable = performance.now())));
  }).observe(document, { childList: true, subtree: true });
"""


@dataclass(frozen=True, slots=True)
class House:
    server: ServerProcess
    upstream: Upstream
    browser: Browser
    database_url: str


async def measure(folder: Path) -> str:
    """The table."""
    database_url = f"sqlite:///{folder / 'parley.db'}"
    with Upstream.running() as upstream:
        settings = {"OPENAI_API_KEY": "sk-bench", "OPENAI_BASE_URL": upstream.base_url}
        with ServerProcess(folder, **settings) as server:
            async with async_playwright() as playwright:
                browser = await playwright.chromium.launch(executable_path=find_chromium(), args=ARGUMENTS)
                house = House(server, upstream, browser, database_url)
                async with Visitor.arriving(browser, server.url) as ann:
                    await (await ann.register()).close()
                    long = write_conversation(database_url, "ann", MESSAGES)
                    rows = [*await _growing(house, ann, long), *await _many(house, ann)]
                    rows += await _first_screen(house, ann, f"/c/{long}")
                await browser.close()
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {figure} |" for name, figure in rows)])


async def _growing(house: House, ann: Visitor, conversation: str) -> list[tuple[str, str]]:
    """An answer grows, with the newest messages on the page and with all of them."""
    page = await ann.context.new_page()
    probe = await Probe.of(page)
    await page.goto(f"{house.server.url}/c/{conversation}")
    await expect(page.get_by_test_id("message")).to_have_count(50)
    rows = await _while_it_grows(house, page, probe, "50")
    await _load_all(page)
    rows += await _while_it_grows(house, page, probe, f"{MESSAGES:,}")
    await page.close()
    return rows


async def _while_it_grows(house: House, page: Page, probe: Probe, shown: str) -> list[tuple[str, str]]:
    seconds = 2 * MEASURED_SECONDS + 4 * SETTLING_SECONDS
    tokens = (TEXT.split(" ") * 100)[: int(seconds * PER_SECOND)]
    house.upstream.script(Paced(tuple(delta(f"{token} ") for token in tokens), PER_SECOND), finish(), DONE)
    await ask(page, "How do the tides work?")
    await expect(answer(page)).to_contain_text("The sea rises")
    await page.wait_for_timeout(SETTLING_SECONDS * 1000)
    work = await probe.work(page, MEASURED_SECONDS)
    frames = await probe.frames(page, MEASURED_SECONDS)
    assert await answer(page).get_attribute("data-status") == "streaming", "the answer ended while it was measured"
    await expect(answer(page)).to_have_attribute("data-status", "complete")
    return [
        (
            f"main thread while an answer grows, {shown} messages on the page",
            f"{work.total:.0f} ms per second (script {work.script:.0f}, style and layout {work.layout:.0f})",
        ),
        (
            f"frames dropped meanwhile, {shown} messages on the page",
            f"{frames.dropped} of {frames.of}, the longest took {frames.longest_ms:.0f} ms",
        ),
    ]


async def _load_all(page: Page) -> None:
    """Scrolls to the beginning, again and again, and back to the end."""
    scroller = page.locator("[data-testid=messages] >> xpath=..")
    beginning = page.get_by_text("Question 1:", exact=False).first
    for _ in range(MESSAGES):
        if await beginning.count():
            break
        await scroller.evaluate("(element) => (element.scrollTop = 0)")
        await page.wait_for_timeout(50)
    await expect(beginning).to_have_count(1)
    await scroller.evaluate("(element) => (element.scrollTop = element.scrollHeight)")
    await page.wait_for_timeout(SETTLING_SECONDS * 1000)


async def _many(house: House, ann: Visitor) -> list[tuple[str, str]]:
    """Many answers in a row in one conversation."""
    page = await ann.context.new_page()
    probe = await Probe.of(page)
    await page.goto(house.server.url)
    rows = []
    for number in range(1, ANSWERS + 1):
        house.upstream.script(delta(TEXT * 3), finish(), DONE)
        if number == 1:
            house.upstream.script(delta("Tides"), finish(), DONE)
        await ask(page, f"And number {number}?")
        await expect(page.get_by_test_id("message")).to_have_count(2 * number)
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        if number in (ANSWERS // 10, ANSWERS):
            memory = await probe.memory()
            rows.append((f"memory after {number} answers", f"{memory.heap_mb:.1f} MB, {memory.nodes:,} nodes"))
    await page.close()
    return rows


async def _first_screen(house: House, ann: Visitor, conversation: str) -> list[tuple[str, str]]:
    rows = []
    for name, path, usable in (
        ("an empty chat can be used", "/", "[data-testid=composer]"),
        (f"a conversation of {MESSAGES:,} messages can be read", conversation, "[data-testid=message]"),
    ):
        loads = [await _load(house, ann, path, usable) for _ in range(SCREENS)]
        rows.append((f"{name}, cold, processor {SLOWER} times slower", f"{median(ms for ms, _ in loads):.0f} ms"))
        rows.append(("sent for it, as served", f"{loads[-1][1] / 1024:.0f} KB"))
    return rows


async def _load(house: House, ann: Visitor, path: str, usable: str) -> tuple[float, int]:
    """With nothing in the cache: milliseconds until ``usable`` is there and drawn, and bytes until then."""
    state = await ann.context.storage_state()
    sizes: list[int] = []
    async with Visitor.arriving(house.browser, house.server.url, storage_state=state) as somebody:
        page = await somebody.context.new_page()
        session = (await Probe.of(page)).session
        session.on("Network.loadingFinished", lambda done: sizes.append(done["encodedDataLength"]))
        await session.send("Network.enable")
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        await page.add_init_script(_NOTE_FIRST.replace("SELECTOR", usable))
        await page.goto(house.server.url + path)
        await page.wait_for_function("() => window.benchUsable")
        milliseconds: float = await page.evaluate("() => window.benchUsable")
    return milliseconds, sum(sizes)
