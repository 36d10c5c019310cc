"""Prompts that are kept, in the settings and in the box."""

from __future__ import annotations

from playwright.async_api import expect

from tests.screenshots import kept
from tests.screenshots.programme import scene
from tests.screenshots.scenes.conversations import conversation
from tests.screenshots.stage import Stage


async def _prompts_are_there(stage: Stage) -> None:
    async with stage.elsewhere() as tab:
        for name, text in stage.either(kept.PROMPTS, kept.PROMPTS_ZH).items():
            await tab.call("preset.save", name=name, text=text)


@scene()
async def prompts_none(stage: Stage) -> None:
    await stage.arrive()
    await stage.open_settings("Prompts", "提示词")


@scene()
async def prompts(stage: Stage) -> None:
    await stage.arrive()
    await _prompts_are_there(stage)
    await stage.open_settings("Prompts", "提示词")
    await expect(stage.page.get_by_test_id("preset").last).to_be_attached()


@scene()
async def prompt_being_changed(stage: Stage) -> None:
    await prompts(stage)
    await stage.button("Change “Explain simply”", "修改“简单解释”").click()
    await expect(stage.page.get_by_label(stage.either("Text", "内容"), exact=True)).to_be_visible()


@scene()
async def prompt_refused(stage: Stage) -> None:
    await prompts_none(stage)
    await stage.button("New prompt", "新建提示词").click()
    await stage.button("Save", "保存").click()
    await expect(stage.page.get_by_role("alert").first).to_be_visible()


@scene()
async def prompts_in_the_box(stage: Stage) -> None:
    page = await stage.arrive()
    await _prompts_are_there(stage)
    await page.get_by_test_id("composer").fill("/")
    await expect(page.get_by_test_id("presets")).to_be_visible()


@scene()
async def prompts_above_the_box(stage: Stage) -> None:
    await conversation(stage)
    await _prompts_are_there(stage)
    await stage.page.get_by_test_id("composer").fill("/")
    await expect(stage.page.get_by_test_id("presets")).to_be_visible()
