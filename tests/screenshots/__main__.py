"""`scripts/screenshots`: a picture of every scene, in both languages and themes, at the widths that it is for."""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from fnmatch import fnmatch
from itertools import product
from pathlib import Path

import structlog
from playwright.async_api import Browser, async_playwright
from playwright.async_api import Error as PlaywrightError

from tests.fixtures.browser import ARGUMENTS, find_chromium
from tests.fixtures.server import ROOT
from tests.screenshots.camera import photograph
from tests.screenshots.scenes import SCENES
from tests.screenshots.sheet import write_sheet
from tests.screenshots.stage import LANGUAGES, Language, Scene, staged


def main() -> int:
    parser = argparse.ArgumentParser(prog="scripts/screenshots", description="Takes pictures of every page and state.")
    parser.add_argument("--out", type=Path, default=ROOT / "build" / "screenshots", help="default: build/screenshots")
    parser.add_argument("--only", metavar="NAME", action="append", help="a scene, or a pattern such as 'sidebar*'")
    parser.add_argument("--list", action="store_true", help="names the scenes and ends")
    given = parser.parse_args()
    wanted = [scene for scene in SCENES.values() if any(fnmatch(scene.name, name) for name in given.only or ["*"])]
    if given.list:
        print("\n".join(scene.name for scene in wanted))
        return 0
    if not wanted:
        print(f"There is no scene {' or '.join(given.only)}; --list names them.", file=sys.stderr)
        return 2
    chromium = find_chromium()
    if chromium is None:
        print("No Chromium was found; install one, or name it in PARLEY_CHROMIUM.", file=sys.stderr)
        return 2
    given.out.mkdir(parents=True, exist_ok=True)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    failures = asyncio.run(_take(wanted, given.out, chromium))
    print(f"{write_sheet(given.out)}: the contact sheet")
    return 1 if failures else 0


async def _take(scenes: list[Scene], out: Path, chromium: str) -> int:
    """One after the other; the number of scenes that could not be played."""
    failures = 0
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        for scene, language in product(scenes, LANGUAGES):
            failures += not await _play(browser, scene, language, out)
        await browser.close()
    return failures


async def _play(browser: Browser, scene: Scene, language: Language, out: Path) -> bool:
    try:
        async with staged(browser, scene, language) as stage:
            pictures = await photograph(stage.page, scene, language, out)
    except (AssertionError, PlaywrightError) as error:
        print(f"{scene.name} ({language}) could not be played: {error}", file=sys.stderr)
        return False
    print(f"{scene.name} ({language}): {pictures} pictures", flush=True)
    return True


if __name__ == "__main__":
    sys.exit(main())
