"""The pictures themselves; the scenes are all played by the tests of accessibility."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.screenshots.camera import photograph
from tests.screenshots.scenes import SCENES
from tests.screenshots.sheet import write_sheet
from tests.screenshots.stage import staged

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def test_a_scene_is_on_the_sheet_at_each_width_in_both_themes(chromium: Browser, tmp_path: Path) -> None:
    scene = SCENES["log-in"]
    async with staged(chromium, scene, "zh") as stage:
        assert await photograph(stage.page, scene, "zh", tmp_path) == 6
    sheet = write_sheet(tmp_path).read_text(encoding="utf-8")
    for width in (390, 820, 1440):
        light, dark = (f"log-in.zh.{width}.{theme}.png" for theme in ("light", "dark"))
        assert (tmp_path / light).read_bytes() != (tmp_path / dark).read_bytes()
        assert f'src="{light}"' in sheet
        assert f'src="{dark}"' in sheet
