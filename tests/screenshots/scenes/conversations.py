"""Questions and their answers."""

from __future__ import annotations

from urllib.parse import urlsplit

from playwright.async_api import expect

from tests.fixtures.browser import answer
from tests.fixtures.upstream import HANG, reasoning
from tests.screenshots import texts
from tests.screenshots.programme import scene
from tests.screenshots.stage import DESKTOP, Stage


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


@scene()
async def shared_page(stage: Stage) -> None:
    """What everybody sees who has the link; a page of the server's, without any script."""
    await conversation(stage)
    async with stage.elsewhere() as tab:
        conversations = tab.synced["snapshot"]["conversations"]
        made = await tab.call("share.create", conversation=conversations[0]["id"])
    await stage.visit(urlsplit(made["share"]["url"]).path)
    await expect(stage.page.get_by_role("heading").first).to_be_visible()


@scene()
async def temporary_chat(stage: Stage) -> None:
    page = await stage.arrive()
    await page.get_by_test_id("temporary").click()
    stage.will_say(stage.either("A secret is safe here.", "秘密在这里很安全。"))
    await stage.asked(stage.either("May I tell you a secret?", "我可以告诉你一个秘密吗？"))
    await expect(page.get_by_text(stage.either("it is deleted when you leave it", "离开后即被删除"))).to_be_visible()


@scene(house={"context_tokens": 1024})
async def beyond_what_the_model_sees(stage: Stage) -> None:
    page = await stage.arrive()
    tides, letter = stage.either(texts.TIDES, texts.TIDES_ZH), stage.either(texts.LETTER, texts.LETTER_ZH)
    await stage.conversed(stage.either("A long talk", "长谈"), letter * stage.either(5, 8), tides)
    stage.will_say(stage.either("What is left of gravity.", "是引力剩下的部分。"))
    await stage.asked(letter * stage.either(5, 8))
    await page.get_by_test_id("horizon").scroll_into_view_if_needed()


@scene()
async def very_large_text(stage: Stage) -> None:
    await conversation(stage)
    async with stage.elsewhere() as tab:
        await tab.call("settings", key="text_size", value="huge")
    await expect(stage.page.locator("html")).to_have_attribute("data-text", "huge")


@scene(zoom=2, widths=(DESKTOP,))
async def everything_zoomed_to_200_percent(stage: Stage) -> None:
    await everything_an_answer_can_hold(stage)
