"""The scenes: each brings a page into one state. They are told apart by their functions' names."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

from playwright.async_api import expect

from tests.fixtures.browser import answer, row
from tests.fixtures.upstream import HANG, reasoning
from tests.screenshots import texts
from tests.screenshots.stage import DESKTOP, PHONE, TABLET, Scene, Stage

SCENES: dict[str, Scene] = {}

WIDE = (TABLET, DESKTOP)
"""Where the sidebar is beside the page; it is in a drawer on a phone."""

Play = Callable[[Stage], Awaitable[None]]


def scene(**how: Any) -> Callable[[Play], Play]:
    def note(play: Play) -> Play:
        name = play.__name__.replace("_", "-")
        SCENES[name] = Scene(name, play, **how)
        return play

    return note


# Before the log-in


@scene()
async def log_in(stage: Stage) -> None:
    page = await stage.visit("/login")
    await expect(page.get_by_role("heading")).to_be_visible()


@scene()
async def log_in_refused(stage: Stage) -> None:
    await log_in(stage)
    await stage.page.get_by_role("textbox").first.fill("nobody@example.org")
    await stage.page.get_by_role("textbox").last.fill("not the password")
    await stage.page.keyboard.press("Enter")
    await expect(stage.page.get_by_role("alert")).to_be_visible()


@scene()
async def register(stage: Stage) -> None:
    page = await stage.visit("/register")
    await expect(page.get_by_role("heading")).to_be_visible()


@scene()
async def register_refused(stage: Stage) -> None:
    await register(stage)
    for box, text in enumerate(("L", "lin", "short")):
        await stage.page.get_by_role("textbox").nth(box).fill(text)
    await stage.page.keyboard.press("Enter")
    await expect(stage.page.get_by_role("alert").first).to_be_visible()


# A page without a conversation


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


# Conversations


@scene()
async def conversation(stage: Stage) -> None:
    page = await stage.arrive()
    await stage.conversed(
        stage.either("Why there are tides", "潮汐的成因"),
        stage.either("Why are there two high tides a day?", "为什么一天有两次涨潮？"),
        stage.either(texts.TIDES, texts.TIDES_ZH),
    )
    stage.will_say(stage.either(texts.CODE, texts.CODE_ZH))
    await stage.asked(stage.either("Compute it in Python, please", "请用 Python 算一下"))
    await expect(answer(page, 0).locator(".katex").first).to_be_attached()


@scene()
async def everything_an_answer_can_hold(stage: Stage) -> None:
    await stage.arrive()
    shown = await stage.conversed(
        stage.either("One of everything", "样样都有"),
        stage.either("Show me one of everything", "每样都来一个"),
        stage.either(texts.EVERYTHING, texts.EVERYTHING_ZH),
    )
    await expect(shown.locator(".katex").first).to_be_visible()
    await stage.page.get_by_test_id("messages").locator("..").evaluate("view => view.scrollTo(0, 0)")


@scene(models=())
async def answer_of_the_demo_model(stage: Stage) -> None:
    await stage.arrive()
    await stage.asked(stage.either("What can you do?", "你能做什么？"))


@scene()
async def waiting(stage: Stage) -> None:
    await stage.arrive()
    stage.will_say(HANG)
    await stage.asked(stage.either("Are you there?", "在吗？"), "pending")


@scene()
async def streaming(stage: Stage) -> None:
    await stage.arrive()
    whole = stage.either(texts.TIDES, texts.TIDES_ZH)
    stage.will_say(whole[: whole.index("$$")], stage.gate())
    shown = await stage.asked(
        stage.either("Why are there two high tides a day?", "为什么一天有两次涨潮？"), "streaming"
    )
    await expect(shown.locator("table")).to_be_visible()


@scene()
async def thinking(stage: Stage) -> None:
    await stage.arrive()
    stage.will_say(reasoning(stage.either(texts.THOUGHTS, texts.THOUGHTS_ZH)), stage.gate())
    shown = await stage.asked(stage.either("How many r are in strawberry?", "“strawberry”里有几个 r？"), "streaming")
    await expect(shown.get_by_role("button", expanded=True)).to_be_visible()


@scene()
async def thought(stage: Stage) -> None:
    await stage.arrive()
    stage.will_say(reasoning(stage.either(texts.THOUGHTS, texts.THOUGHTS_ZH)), stage.either("Three.", "三个。"))
    shown = await stage.asked(stage.either("How many r are in strawberry?", "“strawberry”里有几个 r？"))
    await shown.get_by_role("button", expanded=False).first.click()


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
async def right_to_left(stage: Stage) -> None:
    await stage.arrive()
    shown = await stage.conversed("عن المد والجزر", "لماذا يوجد مد وجزر مرتين في اليوم؟", texts.ARABIC)
    await expect(shown.locator("table")).to_be_visible()


@scene(models=("an-uncommonly-long-model-name-" * 3 + "v1",))
async def long_words_and_names(stage: Stage) -> None:
    page = await stage.arrive()
    await stage.conversed(
        "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunt…",
        "https://example.org/" + "a-very-long-path/" * 14,
        texts.LONG_WORDS,
    )
    stage.rewrite("UPDATE users SET username = ?", "Maximiliane-Theodora von Hohenfels und Wiese")
    await page.reload()
    await expect(answer(page)).to_be_visible()


@scene(zoom=2, widths=(DESKTOP,))
async def zoomed_to_200_percent(stage: Stage) -> None:
    await conversation(stage)


@scene(zoom=2, widths=(DESKTOP,))
async def empty_zoomed_to_200_percent(stage: Stage) -> None:
    await empty(stage)


# The sidebar


async def many_conversations_are_there(stage: Stage) -> None:
    page = await stage.arrive()
    titles = stage.either(texts.TITLES, texts.TITLES_ZH).splitlines()
    async with (await stage.elsewhere()).tab() as tab:
        for title in titles:
            sent = await tab.send(title)
            await tab.finished(sent["turn"])
            await tab.call("title", conversation=sent["conversation"], title=title)
            await tab.call("read", conversation=sent["conversation"], message=sent["turn"])
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


@scene(widths=WIDE)
async def renaming(stage: Stage) -> None:
    await conversation_menu(stage)
    await stage.choose("Rename", "重命名")
    await expect(stage.page.get_by_label(stage.either("New title", "新标题"))).to_be_focused()


@scene(widths=WIDE)
async def deleting(stage: Stage) -> None:
    await conversation_menu(stage)
    await stage.choose("Delete", "删除")
    await expect(stage.button("Undo", "撤销")).to_be_visible()


# Menus and dialogs


@scene(widths=WIDE)
async def account_menu(stage: Stage) -> None:
    await stage.arrive()
    await stage.open_account_menu()


async def _dialog(stage: Stage, english: str, chinese: str) -> None:
    await stage.arrive()
    await stage.open_account_menu()
    await stage.choose(english, chinese)
    await expect(stage.page.get_by_role("dialog")).to_be_visible()


async def _settings(stage: Stage, english: str, chinese: str) -> None:
    await _dialog(stage, "Settings", "设置")
    await stage.page.get_by_role("tab", name=stage.either(english, chinese), exact=True).click()
    await expect(stage.page.get_by_role("tabpanel", name=stage.either(english, chinese))).not_to_be_empty()


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
async def settings_devices(stage: Stage) -> None:
    await _settings(stage, "Devices", "设备")


@scene()
async def settings_data(stage: Stage) -> None:
    await _settings(stage, "Data", "数据")


@scene()
async def settings_keys(stage: Stage) -> None:
    await _settings(stage, "Keyboard shortcuts", "键盘快捷键")


@scene()
async def sharing(stage: Stage) -> None:
    await conversation(stage)
    await stage.button("Options for this conversation", "这个对话的选项").click()
    await stage.choose("Share…", "分享…")
    await stage.button("Create and copy link", "创建并复制链接").click()
    await expect(stage.page.get_by_role("dialog").get_by_role("listitem")).to_be_visible()


@scene()
async def shared_page(stage: Stage) -> None:
    """What everybody sees who has the link; a page of the server's, without any script."""
    await conversation(stage)
    async with (await stage.elsewhere()).tab() as tab:
        conversations = tab.synced["snapshot"]["conversations"]
        made = await tab.call("share.create", conversation=conversations[0]["id"])
    await stage.visit(urlsplit(made["share"]["url"]).path)
    await expect(stage.page.get_by_role("heading").first).to_be_visible()


@scene()
async def exporting(stage: Stage) -> None:
    await conversation(stage)
    await stage.button("Options for this conversation", "这个对话的选项").click()
    await stage.choose("Export…", "导出…")
    await expect(stage.page.get_by_role("dialog")).to_be_visible()


@scene()
async def archived_nothing(stage: Stage) -> None:
    await _dialog(stage, "Archived chats", "已归档的对话")


@scene()
async def archived(stage: Stage) -> None:
    await conversation_menu(stage)
    await stage.choose("Archive", "归档")
    await expect(stage.page.get_by_test_id("sidebar-row")).to_have_count(0)
    await _dialog(stage, "Archived chats", "已归档的对话")
    await expect(stage.page.get_by_role("dialog").get_by_role("link")).to_be_visible()


# The line to the server


@scene()
async def connection_lost(stage: Stage) -> None:
    await conversation(stage)
    stage.close_house()
    await expect(stage.page.get_by_test_id("connection-banner")).to_be_visible()


@scene()
async def sent_without_a_connection(stage: Stage) -> None:
    await connection_lost(stage)
    await stage.page.get_by_test_id("composer").fill(stage.either("And at night?", "那晚上呢？"))
    await stage.page.keyboard.press("Enter")
    await expect(stage.page.get_by_text(stage.either("Waiting for the connection…", "等待连接…"))).to_be_visible()


@scene(installed=True)
async def offline(stage: Stage) -> None:
    """Opened without a network, by the service worker."""
    page = await stage.arrive()
    await page.evaluate("navigator.serviceWorker.ready")
    await stage.visitor.context.set_offline(True)
    await page.reload()
    await expect(page.get_by_role("heading", name=stage.either("You are offline", "当前没有网络"))).to_be_visible()


@scene()
async def new_version(stage: Stage) -> None:
    page = await stage.arrive()
    await page.route("**/", lambda route: route.fulfill(body='<meta name="parley-client" content="another">'))
    await page.evaluate("dispatchEvent(new Event('vite:preloadError'))")
    await expect(page.get_by_test_id("new-version")).to_be_visible()
