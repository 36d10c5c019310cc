"""Answers that are not whole."""

from __future__ import annotations

from playwright.async_api import expect

from tests.fixtures.browser import answer, ask
from tests.screenshots import texts
from tests.screenshots.programme import scene
from tests.screenshots.stage import Stage


@scene()
async def stopped(stage: Stage) -> None:
    await stage.arrive()
    stage.will_say(stage.either(texts.HALF, texts.HALF_ZH), stage.gate())
    shown = await stage.asked(stage.either("Tell me a story", "讲个故事"), "streaming")
    await stage.page.get_by_test_id("stop").click()
    await expect(shown).to_have_attribute("data-status", "stopped")


@scene()
async def failed(stage: Stage) -> None:
    await stage.arrive()
    stage.will_say(stage.either(texts.HALF, texts.HALF_ZH), b"data: {]\n\n")
    await stage.asked(stage.either("Tell me a story", "讲个故事"), "failed")


@scene()
async def failed_at_once(stage: Stage) -> None:
    await stage.arrive()
    problem = {"error": {"message": "Incorrect API key provided: sk-…cene.", "type": "invalid_request_error"}}
    stage.upstream.script_json(problem, 401)
    await stage.asked(stage.either("Tell me a story", "讲个故事"), "failed")


@scene()
async def truncated(stage: Stage) -> None:
    await stage.arrive()
    stage.will_say(stage.either(texts.HALF, texts.HALF_ZH), ends="length")
    await stage.asked(stage.either("Tell me a story", "讲个故事"), "truncated")


@scene()
async def interrupted(stage: Stage) -> None:
    page = await stage.arrive()
    await stage.conversed("Once", stage.either("Tell me a story", "讲个故事"), stage.either(texts.HALF, texts.HALF_ZH))
    stage.rewrite("UPDATE messages SET status = 'interrupted' WHERE role = 'assistant'")
    await page.reload()
    await expect(answer(page)).to_have_attribute("data-status", "interrupted")


@scene(house={"active_turns": 1})
async def not_sent(stage: Stage) -> None:
    page = await stage.arrive()
    stage.will_say(stage.either(texts.HALF, texts.HALF_ZH), stage.gate())
    await stage.asked(stage.either("Tell me a story", "讲个故事"), "streaming")
    await page.get_by_test_id("new-chat").click()
    await ask(page, stage.either("And a poem", "再来一首诗"))
    await expect(page.get_by_role("alert")).to_be_visible()
