"""Folders of conversations."""

from __future__ import annotations

from playwright.async_api import expect

from tests.fixtures.browser import row
from tests.screenshots import kept
from tests.screenshots.programme import WIDE, scene
from tests.screenshots.scenes.sidebar import conversation_menu, conversation_menu_on_a_phone
from tests.screenshots.stage import PHONE, Stage


async def _folders_are_there(stage: Stage) -> None:
    """Something is unread in the second, and nothing in the third."""
    await stage.arrive()
    shelves = stage.either(kept.FOLDERS, kept.FOLDERS_ZH)
    async with stage.elsewhere() as tab:
        for name, titles in shelves.items():
            folder = (await tab.call("folder.create", name=name))["folder"]
            for title in titles:
                await tab.call("update", conversation=await stage.talked(tab, title), folder=folder["id"])
        for title in stage.either(kept.TITLES, kept.TITLES_ZH).splitlines()[3:8]:
            await stage.talked(tab, title)
    (_, (unread,), _) = shelves.values()
    stage.rewrite("UPDATE conversations SET unread = 1 WHERE title = ?", unread)
    await stage.page.reload()


async def _open_first_and_last(stage: Stage) -> None:
    (first, _, last) = stage.either(kept.FOLDERS, kept.FOLDERS_ZH)
    for name in (first, last):
        await stage.page.get_by_role("button", name=name, exact=True).click()
    await expect(row(stage.page, stage.either("Three days in Kyoto", "京都三日游"))).to_be_visible()


@scene(widths=WIDE)
async def folders(stage: Stage) -> None:
    await _folders_are_there(stage)
    await _open_first_and_last(stage)


@scene(widths=(PHONE,))
async def folders_in_a_drawer(stage: Stage) -> None:
    await _folders_are_there(stage)
    await stage.button("Open sidebar", "打开侧边栏").click()
    await _open_first_and_last(stage)


@scene(widths=WIDE)
async def folder_menu(stage: Stage) -> None:
    await folders(stage)
    await stage.page.get_by_test_id("folder").first.hover()
    await stage.button("Options for the folder “Journeys”", "文件夹“旅行”的选项").click()
    await expect(stage.page.get_by_role("menu")).to_be_visible()


@scene(widths=WIDE)
async def renaming_a_folder(stage: Stage) -> None:
    await folder_menu(stage)
    await stage.choose("Rename", "重命名")
    await expect(stage.page.get_by_label(stage.either("New name of the folder", "文件夹的新名称"))).to_be_focused()


@scene()
async def deleting_a_folder(stage: Stage) -> None:
    await folder_menu(stage)
    await stage.choose("Delete", "删除")
    await expect(stage.page.get_by_role("alertdialog")).to_be_visible()


@scene()
async def new_folder(stage: Stage) -> None:
    await folders(stage)
    await stage.button("New folder", "新建文件夹").click()
    await expect(stage.page.get_by_role("dialog")).to_be_visible()


@scene(widths=WIDE)
async def moving_to_a_folder(stage: Stage) -> None:
    await _folders_are_there(stage)
    await conversation_menu(stage)
    await stage.choose("Move to…", "移动到…")
    await expect(stage.page.get_by_role("menu")).to_have_count(2)


@scene(widths=(PHONE,))
async def moving_to_a_folder_on_a_phone(stage: Stage) -> None:
    await _folders_are_there(stage)
    await conversation_menu_on_a_phone(stage)
    # A mouse, which a phone has not, would come to lie over what opens, and leave what opened it.
    await stage.page.get_by_role("menuitem", name=stage.either("Move to…", "移动到…")).press("Enter")
    await expect(stage.page.get_by_role("menu")).to_have_count(2)


@scene(widths=WIDE)
async def moved_to_a_folder(stage: Stage) -> None:
    await moving_to_a_folder(stage)
    await stage.choose("Journeys", "旅行")
    await expect(stage.page.get_by_text(stage.either("Moved to “Journeys”.", "已移动到“旅行”。"))).to_be_visible()
