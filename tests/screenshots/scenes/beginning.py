"""A page without a conversation."""

from __future__ import annotations

from playwright.async_api import expect

from tests.screenshots import texts
from tests.screenshots.programme import scene
from tests.screenshots.stage import DESKTOP, Stage


@scene()
async def empty(stage: Stage) -> None:
    page = await stage.arrive()
    await expect(page.get_by_role("list", name=stage.either("Suggestions", "建议"))).to_be_visible()


@scene(models=())
async def empty_on_the_first_day(stage: Stage) -> None:
    page = await stage.arrive()
    await expect(page.get_by_text(stage.either("This is the demo model", "这是演示模型"))).to_be_visible()


@scene()
async def models(stage: Stage) -> None:
    page = await stage.arrive()
    await page.get_by_test_id("model-picker").click()
    await expect(page.get_by_role("option").first).to_be_visible()


@scene()
async def composing_a_long_message(stage: Stage) -> None:
    page = await stage.arrive()
    await page.get_by_test_id("composer").fill(stage.either(texts.LETTER, texts.LETTER_ZH) * 3)


@scene()
async def not_found(stage: Stage) -> None:
    await stage.arrive()
    await stage.visit("/c/0123456789abcdef0123456789abcdef")
    await expect(stage.page.get_by_role("heading", name=stage.either("does not exist", "不存在"))).to_be_visible()


@scene(zoom=2, widths=(DESKTOP,))
async def empty_zoomed_to_200_percent(stage: Stage) -> None:
    await empty(stage)


@scene(house={"message_chars": 400})
async def composing_too_long_a_message(stage: Stage) -> None:
    page = await stage.arrive()
    await page.get_by_test_id("composer").fill(stage.either(texts.LETTER, texts.LETTER_ZH) * 5)
    await expect(page.get_by_role("alert")).to_be_visible()


@scene()
async def temporary_chat_begun(stage: Stage) -> None:
    page = await stage.arrive()
    await page.get_by_test_id("temporary").click()
    await expect(page.get_by_text(stage.either("it is deleted when you leave it", "离开后即被删除"))).to_be_visible()


@scene()
async def models_none_found(stage: Stage) -> None:
    await models(stage)
    await stage.page.keyboard.type("zzz")
    await expect(stage.page.get_by_text(stage.either("No model matches.", "没有匹配的模型。"))).to_be_visible()
