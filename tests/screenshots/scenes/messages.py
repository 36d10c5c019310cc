"""What can be done with a message."""

from __future__ import annotations

from playwright.async_api import expect

from tests.fixtures.browser import answer
from tests.fixtures.upstream import usage
from tests.screenshots.programme import scene
from tests.screenshots.scenes.conversations import conversation
from tests.screenshots.stage import Stage


@scene()
async def another_answer(stage: Stage) -> None:
    await stage.arrive()
    await stage.conversed("Colours", stage.either("Name a colour", "说一种颜色"), stage.either("Blue.", "蓝色。"))
    stage.will_say(stage.either("Green.", "绿色。"))
    await stage.button("Regenerate", "重新生成").click()
    await stage.page.get_by_role("menuitem").first.click()
    await expect(answer(stage.page)).to_contain_text(stage.either("Green.", "绿色。"))
    await stage.button("Regenerate", "重新生成").click()
    await expect(stage.page.get_by_role("menu")).to_be_visible()


@scene()
async def versions_of_an_answer(stage: Stage) -> None:
    """The second of three, and of two questions."""
    page = await stage.arrive()
    await stage.conversed("Colours", stage.either("Name a colour", "说一种颜色"), stage.either("Blue.", "蓝色。"))
    for colour in (stage.either("Green.", "绿色。"), stage.either("Red.", "红色。")):
        stage.will_say(colour)
        await stage.button("Regenerate", "重新生成").click()
        await page.get_by_role("menuitem").first.click()
        await expect(answer(page)).to_contain_text(colour)
        await expect(answer(page)).to_have_attribute("data-status", "complete")
    await stage.button("Previous version", "上一个版本").click()
    await expect(page.get_by_test_id("siblings")).to_have_text("2/3")


@scene()
async def answer_on_another_branch(stage: Stage) -> None:
    page = await stage.arrive()
    await stage.conversed("Colours", stage.either("Name a colour", "说一种颜色"), stage.either("Blue.", "蓝色。"))
    shown = await answer(page).get_attribute("data-message")
    stage.will_say(stage.either("Gre", "绿"), stage.gate())
    await stage.button("Regenerate", "重新生成").click()
    await page.get_by_role("menuitem").first.click()
    await expect(answer(page)).to_have_attribute("data-status", "streaming")
    async with stage.elsewhere() as tab:
        await tab.call("select", message=shown)
    await expect(page.get_by_test_id("live-elsewhere")).to_be_visible()


@scene()
async def editing_a_question(stage: Stage) -> None:
    await conversation(stage)
    await stage.button("Edit", "编辑").last.click()
    await expect(stage.page.get_by_test_id("message-editor")).to_be_visible()


@scene()
async def details_of_an_answer(stage: Stage) -> None:
    page = await stage.arrive()
    stage.will_say(stage.either("Blue.", "蓝色。"), usage(1284, 37))
    await stage.asked(stage.either("Name a colour", "说一种颜色"))
    await stage.button("Details", "详细信息").click()
    await expect(page.get_by_test_id("message-details")).to_be_visible()


async def _judge(stage: Stage, english: str, chinese: str) -> None:
    await stage.arrive()
    await stage.conversed("Colours", stage.either("Name a colour", "说一种颜色"), stage.either("Blue.", "蓝色。"))
    await stage.button(english, chinese).click()
    await expect(stage.page.get_by_role("dialog")).to_be_visible()


@scene()
async def good_answer(stage: Stage) -> None:
    await _judge(stage, "Good answer", "回答得好")
    await stage.button("Save", "保存").click()
    await expect(stage.page.get_by_role("dialog")).to_have_count(0)


@scene()
async def bad_answer_and_why(stage: Stage) -> None:
    await _judge(stage, "Bad answer", "回答得不好")
    words = stage.either("That is one colour of many, and not mine.", "颜色有很多种，这不是我想要的。")
    await stage.page.get_by_role("dialog").get_by_role("textbox").fill(words)


@scene()
async def focus_of_the_keyboard(stage: Stage) -> None:
    await conversation(stage)
    for _ in range(2):
        await stage.page.keyboard.press("Shift+Tab")
    await expect(stage.page.get_by_role("tooltip")).to_be_visible()
