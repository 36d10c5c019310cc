"""One page, photographed at each width and in both themes."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from playwright.async_api import Page

from tests.screenshots.stage import HEIGHTS, PHONE, Scene

THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


async def photograph(page: Page, scene: Scene, language: str, out: Path) -> int:
    """Gives the number of pictures, which are named ``scene.language.width.theme.png``."""
    taken = 0
    devtools = await page.context.new_cdp_session(page)
    for width in reversed(scene.widths):
        # A phone has fingers: what shows on hover, and how large targets are, depends on it.
        await devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": width == PHONE})
        await page.set_viewport_size({"width": width // scene.zoom, "height": HEIGHTS[width] // scene.zoom})
        for theme in THEMES:
            await page.emulate_media(color_scheme=theme)
            await page.evaluate(SETTLED)
            path = out / f"{scene.name}.{language}.{width}.{theme}.png"
            await page.screenshot(path=path, animations="disabled")
            taken += 1
    return taken
