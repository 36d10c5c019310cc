"""What lies over the page."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.async_api import expect

from tests.screenshots import kept
from tests.screenshots.programme import scene
from tests.screenshots.scenes.conversations import conversation
from tests.screenshots.scenes.sidebar import conversation_menu
from tests.screenshots.stage import Stage


@scene()
async def sharing(stage: Stage) -> None:
    await conversation(stage)
    await stage.button("Options for this conversation", "这个对话的选项").click()
    await stage.choose("Share…", "分享…")
    await stage.button("Create and copy link", "创建并复制链接").click()
    await expect(stage.page.get_by_role("dialog").get_by_role("listitem")).to_be_visible()


@scene()
async def exporting(stage: Stage) -> None:
    await conversation(stage)
    await stage.button("Options for this conversation", "这个对话的选项").click()
    await stage.choose("Export…", "导出…")
    await expect(stage.page.get_by_role("dialog")).to_be_visible()


@scene()
async def archived_nothing(stage: Stage) -> None:
    await stage.arrive()
    await stage.open_from_account_menu("Archived chats", "已归档的对话")


@scene()
async def archived(stage: Stage) -> None:
    await conversation_menu(stage)
    await stage.choose("Archive", "归档")
    await expect(stage.page.get_by_test_id("sidebar-row")).to_have_count(0)
    await stage.open_from_account_menu("Archived chats", "已归档的对话")
    await expect(stage.page.get_by_role("dialog").get_by_role("link")).to_be_visible()


@scene()
async def chat_settings(stage: Stage) -> None:
    """With instructions of its own, which a mark above the conversation tells of."""
    await conversation(stage)
    async with stage.elsewhere() as tab:
        await tab.call(
            "update",
            conversation=urlsplit(stage.page.url).path.rpartition("/")[2],
            system_prompt=stage.either(kept.INSTRUCTIONS, kept.INSTRUCTIONS_ZH),
            params={"temperature": 0.4},
        )
    await stage.page.get_by_test_id("custom-prompt").click()
    await expect(stage.page.get_by_role("dialog")).to_be_visible()


@scene()
async def own_instructions(stage: Stage) -> None:
    await chat_settings(stage)
    await stage.page.keyboard.press("Escape")
    await expect(stage.page.get_by_role("dialog")).to_have_count(0)
