"""What Chromium says of one page, by the DevTools protocol."""

from __future__ import annotations

from dataclasses import dataclass
from time import perf_counter
from typing import Self

from playwright.async_api import CDPSession, Page

FRAME_SECONDS = 1 / 60

_WATCH_FRAMES = """() => {
  const seen = window.benchFrames = { late: 0, longest: 0, count: 0, running: true };
  let last = performance.now();
  const tick = (now) => {
    const took = now - last;
    last = now;
    seen.count += 1;
    seen.late += Math.max(0, Math.round(took / (1000 / 60)) - 1);
    seen.longest = Math.max(seen.longest, took);
    if (seen.running) requestAnimationFrame(tick);
  };
  requestAnimationFrame(tick);
}"""


@dataclass(frozen=True, slots=True)
class Work:
    """Of the page's main thread, in milliseconds per second."""

    total: float
    script: float
    layout: float


@dataclass(frozen=True, slots=True)
class Frames:
    dropped: int
    of: int
    longest_ms: float


@dataclass(frozen=True, slots=True)
class Memory:
    heap_mb: float
    nodes: int


class Probe:
    """The session is asked for early: metrics that are enabled late are zero."""

    def __init__(self, session: CDPSession) -> None:
        self.session = session

    @classmethod
    async def of(cls, page: Page) -> Self:
        session = await page.context.new_cdp_session(page)
        # By the thread's own clock: what other programs take of the processor does not count.
        await session.send("Performance.enable", {"timeDomain": "threadTicks"})
        return cls(session)

    async def work(self, page: Page, seconds: float) -> Work:
        before, began = await self._metrics(), perf_counter()
        await page.wait_for_timeout(seconds * 1000)
        after, took = await self._metrics(), perf_counter() - began

        def rate(*names: str) -> float:
            return sum(after[name] - before[name] for name in names) / took * 1000

        return Work(rate("TaskDuration"), rate("ScriptDuration"), rate("LayoutDuration", "RecalcStyleDuration"))

    async def frames(self, page: Page, seconds: float) -> Frames:
        """Frames that a page drew and did not draw, had it 60 in a second to draw."""
        await page.evaluate(_WATCH_FRAMES)
        await page.wait_for_timeout(seconds * 1000)
        seen = await page.evaluate("() => { benchFrames.running = false; return benchFrames; }")
        return Frames(seen["late"], seen["late"] + seen["count"], seen["longest"])

    async def memory(self) -> Memory:
        """After what nobody holds any more is gone."""
        await self.session.send("HeapProfiler.collectGarbage")
        metrics = await self._metrics()
        return Memory(metrics["JSHeapUsedSize"] / 1e6, int(metrics["Nodes"]))

    async def _metrics(self) -> dict[str, float]:
        answer = await self.session.send("Performance.getMetrics")
        return {metric["name"]: metric["value"] for metric in answer["metrics"]}
