"""The settings, section by section."""

from __future__ import annotations

from playwright.async_api import FilePayload, expect

from tests.carrying.files import exported, packed, said
from tests.screenshots.programme import WIDE, scene
from tests.screenshots.stage import Stage


@scene(widths=WIDE)
async def account_menu(stage: Stage) -> None:
    await stage.arrive()
    await stage.open_account_menu()


async def _settings(stage: Stage, english: str, chinese: str) -> None:
    await stage.arrive()
    await stage.open_settings(english, chinese)


@scene()
async def settings_general(stage: Stage) -> None:
    await _settings(stage, "General", "常规")


@scene()
async def settings_chat(stage: Stage) -> None:
    await _settings(stage, "Chat", "对话")


@scene()
async def settings_account(stage: Stage) -> None:
    await _settings(stage, "Account", "账号")


@scene()
async def settings_data(stage: Stage) -> None:
    await _settings(stage, "Data", "数据")


@scene()
async def settings_keys(stage: Stage) -> None:
    await _settings(stage, "Keyboard shortcuts", "键盘快捷键")


@scene()
async def deleting_the_account(stage: Stage) -> None:
    await _settings(stage, "Data", "数据")
    await stage.button("Delete my account…", "删除我的账号…").click()
    await stage.page.get_by_role("tabpanel").get_by_role("textbox").scroll_into_view_if_needed()


@scene()
async def import_with_failures(stage: Stage) -> None:
    await _settings(stage, "Data", "数据")
    files: dict[str, bytes | str] = {
        "1.json": exported("a", title="Tides"),
        "2.json": exported("b", [said("m", "nowhere")], title=stage.either("The rules of Go", "围棋规则")),
        "3.json": exported("c", []),
        "an-uncommonly-long-name-of-a-file-that-somebody-put-into-the-archive-by-mistake.json": '{"a": 1}',
        "ملاحظات.md": "# Notes",
        "6.json": exported("d")[:-5],
        "7.json": '{"parley_export": 2, "conversation": {}}',
    }
    file = FilePayload(name="everything.zip", mimeType="application/zip", buffer=packed(files))
    await stage.page.locator("input[type=file]").set_input_files(file)
    await expect(stage.page.get_by_test_id("import-result")).to_be_visible()
