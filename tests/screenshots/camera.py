"""One page, looked at in each width and theme."""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Literal

from playwright.async_api import Page

from tests.screenshots.stage import HEIGHTS, PHONE, Scene

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
SETTLED = "() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))"


async def showing(page: Page, scene: Scene, width: int, theme: Theme) -> None:
    """A phone comes last: once a page has fingers, Chromium does not give it back its mouse."""
    if width == PHONE:
        devtools = await page.context.new_cdp_session(page)
        # What shows on hover, and how large targets are, depends on it.
        await devtools.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    await page.set_viewport_size({"width": width // scene.zoom, "height": HEIGHTS[width] // scene.zoom})
    await page.emulate_media(color_scheme=theme)
    await page.evaluate(SETTLED)


async def photograph(page: Page, scene: Scene, language: str, out: Path) -> int:
    """Gives the number of pictures, which are named ``scene.language.width.theme.png``."""
    views = list(product(reversed(scene.widths), THEMES))
    for width, theme in views:
        await showing(page, scene, width, theme)
        path = out / f"{scene.name}.{language}.{width}.{theme}.png"
        await page.screenshot(path=path, animations="disabled")
    return len(views)
