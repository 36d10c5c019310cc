"""Every page and state, in both themes, as the rules of WCAG 2 (A and AA) that a program can check have it."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.async_api import Browser, Page

from tests.fixtures.server import ROOT
from tests.screenshots.camera import THEMES, showing
from tests.screenshots.scenes import SCENES
from tests.screenshots.stage import LANGUAGES, Language, Scene, staged

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

AXE = ROOT / "client" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async () => {
  const { violations } = await axe.run(document, { runOnly: ["wcag2a", "wcag2aa"], resultTypes: ["violations"] })
  return violations.map(({ id, nodes }) => [id, nodes.map(({ html, failureSummary }) => `${html}\\n${failureSummary}`)])
}"""


async def violations(page: Page) -> list[Any]:
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[Any] = await page.evaluate(RUN)
    return found


# One language for each: what the rules are about does not depend on the words. One theme is seen narrow and the other
# wide: what a theme breaks it breaks at any width.
@pytest.mark.parametrize(
    ("scene", "language"),
    [pytest.param(scene, LANGUAGES[n % 2], id=scene.name) for n, scene in enumerate(SCENES.values())],
)
async def test_no_rule_is_broken(scene: Scene, language: Language, chromium: Browser) -> None:
    async with staged(chromium, scene, language) as stage:
        themes = THEMES if language == LANGUAGES[0] else THEMES[::-1]
        for width, theme in zip((scene.widths[-1], scene.widths[0]), themes, strict=True):
            await showing(stage.page, scene, width, theme)
            assert await violations(stage.page) == [], f"{width} px, {theme}"
