"""The list of conversations."""

from __future__ import annotations

from playwright.async_api import expect

from tests.fixtures.browser import row
from tests.screenshots import kept, texts
from tests.screenshots.programme import WIDE, scene
from tests.screenshots.scenes.conversations import conversation
from tests.screenshots.stage import DESKTOP, PHONE, Stage


async def many_conversations_are_there(stage: Stage) -> None:
    page = await stage.arrive()
    titles = stage.either(kept.TITLES, kept.TITLES_ZH).splitlines()
    async with stage.elsewhere() as tab:
        for title in titles:
            await stage.talked(tab, title)
    for number, title in enumerate(titles):
        days = f"-{(number * number) // 4} days"
        stage.rewrite("UPDATE conversations SET updated_at = datetime(updated_at, ?) WHERE title = ?", days, title)
    stage.rewrite("UPDATE conversations SET pinned = 1 WHERE title IN (?, ?)", titles[2], titles[9])
    stage.rewrite("UPDATE conversations SET unread = 1 WHERE title IN (?, ?)", titles[1], titles[5])
    await page.reload()
    await expect(page.get_by_test_id("composer")).to_be_visible()


@scene(widths=WIDE)
async def sidebar(stage: Stage) -> None:
    await many_conversations_are_there(stage)
    await expect(stage.page.get_by_test_id("sidebar-row").nth(20)).to_be_attached()


@scene(widths=(DESKTOP,))
async def front(stage: Stage) -> None:
    """For the first page of the documentation: docs/images."""
    await many_conversations_are_there(stage)
    shown = await stage.conversed(
        stage.either("Two high tides a day", "一天两次涨潮"),
        stage.either("Why are there two high tides a day?", "为什么一天有两次涨潮？"),
        stage.either(texts.TIDES, texts.TIDES_ZH),
    )
    await expect(shown.locator(".katex").first).to_be_visible()


@scene(widths=(PHONE,))
async def sidebar_in_a_drawer(stage: Stage) -> None:
    await many_conversations_are_there(stage)
    await stage.button("Open sidebar", "打开侧边栏").click()
    await expect(stage.page.get_by_test_id("sidebar-row").first).to_be_visible()


@scene(widths=WIDE)
async def sidebar_of_long_and_foreign_titles(stage: Stage) -> None:
    page = await stage.arrive()
    titles = kept.LONG_TITLES.splitlines()
    async with stage.elsewhere() as tab:
        for title in titles:
            await stage.talked(tab, title)
    stage.rewrite("UPDATE conversations SET pinned = 1 WHERE title IN (?, ?)", titles[0], titles[2])
    stage.rewrite("UPDATE conversations SET unread = 1 WHERE title IN (?, ?, ?)", titles[0], titles[3], titles[4])
    await page.reload()
    await row(page, titles[2]).get_by_role("link").click()
    await expect(page.get_by_test_id("chat-title")).to_have_text(titles[2])


@scene(widths=WIDE)
async def sidebar_folded(stage: Stage) -> None:
    await conversation(stage)
    await stage.button("Fold sidebar", "收起侧边栏").click()
    await expect(stage.button("Unfold sidebar", "展开侧边栏")).to_be_visible()


@scene(widths=WIDE)
async def sidebar_with_a_failed_and_a_running_answer(stage: Stage) -> None:
    page = await stage.arrive()
    fate = stage.gate()
    stage.will_say(stage.either(texts.HALF, texts.HALF_ZH), fate, b"data: {]\n\n")
    await stage.asked(stage.either("Tell me a story", "讲个故事"), "streaming")
    await page.get_by_test_id("new-chat").click()
    stage.will_say(stage.either(texts.HALF, texts.HALF_ZH), stage.gate())
    await stage.asked(stage.either("And a poem", "再来一首诗"), "streaming")
    await page.get_by_test_id("new-chat").click()
    fate.open()
    await expect(page.locator("[data-state=failed]")).to_be_visible()
    await expect(page.locator("[data-state=running]")).to_be_visible()


@scene(widths=WIDE)
async def conversation_menu(stage: Stage) -> None:
    await conversation(stage)
    await row(stage.page, stage.either("Why there are tides", "潮汐的成因")).hover()
    await stage.button("Options for “Why there are tides”", "“潮汐的成因”的选项").click()
    await expect(stage.page.get_by_role("menu")).to_be_visible()


@scene(widths=(PHONE,))
async def conversation_menu_on_a_phone(stage: Stage) -> None:
    await conversation(stage)
    await stage.button("Options for this conversation", "这个对话的选项").click()
    await expect(stage.page.get_by_role("menu")).to_be_visible()


@scene(widths=WIDE)
async def renaming(stage: Stage) -> None:
    await conversation_menu(stage)
    await stage.choose("Rename", "重命名")
    await expect(stage.page.get_by_label(stage.either("New title", "新标题"))).to_be_focused()


@scene()
async def deleting(stage: Stage) -> None:
    await conversation_menu(stage)
    await stage.choose("Delete", "删除")
    await expect(stage.button("Undo", "撤销")).to_be_visible()
