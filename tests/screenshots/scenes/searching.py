"""The search, with and without something to find."""

from __future__ import annotations

from playwright.async_api import expect

from tests.screenshots import kept
from tests.screenshots.programme import scene
from tests.screenshots.scenes.conversations import conversation
from tests.screenshots.stage import Stage


async def _some_talks(stage: Stage) -> None:
    await stage.arrive()
    async with stage.elsewhere() as tab:
        for title in stage.either(kept.TITLES, kept.TITLES_ZH).splitlines()[:8]:
            await stage.talked(tab, title)


async def _search(stage: Stage, words: str) -> None:
    await stage.page.keyboard.press("ControlOrMeta+k")
    await stage.page.get_by_role("dialog").get_by_role("textbox").fill(words)


@scene()
async def search_in_nothing(stage: Stage) -> None:
    await stage.arrive()
    await _search(stage, "")
    await expect(stage.page.get_by_role("dialog").get_by_role("status")).to_be_visible()


@scene()
async def search_before_a_word(stage: Stage) -> None:
    await _some_talks(stage)
    await _search(stage, "")
    await expect(stage.page.get_by_role("dialog").get_by_role("option").first).to_be_visible()


@scene()
async def search_with_hits(stage: Stage) -> None:
    await _some_talks(stage)
    await conversation(stage)
    await _search(stage, stage.either("tide", "潮"))
    await expect(stage.page.get_by_test_id("search-message").first).to_be_visible()


@scene()
async def search_without_a_hit(stage: Stage) -> None:
    await conversation(stage)
    await _search(stage, "zzz")
    await expect(stage.page.get_by_text(stage.either("Nothing was found.", "没有找到相关内容。"))).to_be_visible()
