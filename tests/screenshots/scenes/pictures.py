"""What is drawn from an answer's text, and what opens large over the page."""

from __future__ import annotations

from playwright.async_api import expect

from tests.fixtures.browser import answer
from tests.fixtures.server import ROOT
from tests.fixtures.upstream import Answer
from tests.screenshots import texts
from tests.screenshots.programme import scene
from tests.screenshots.stage import Stage


@scene()
async def diagram(stage: Stage) -> None:
    await stage.arrive()
    shown = await stage.conversed(
        stage.either("How a tide is foretold", "如何预报潮汐"),
        stage.either("Draw how a tide is foretold", "画一画潮汐是怎么预报的"),
        stage.either(texts.DIAGRAM, texts.DIAGRAM_ZH),
    )
    await expect(shown.locator(".diagram img")).to_be_visible()


@scene()
async def diagram_large(stage: Stage) -> None:
    await diagram(stage)
    await answer(stage.page).locator(".diagram button").click()
    await expect(stage.page.get_by_role("dialog").get_by_role("img")).to_be_visible()


@scene()
async def diagrams_of_other_kinds(stage: Stage) -> None:
    await stage.arrive()
    shown = await stage.conversed(
        stage.either("Three diagrams", "三张图"),
        stage.either("And in other ways?", "还有别的画法吗？"),
        stage.either(texts.DIAGRAMS, texts.DIAGRAMS_ZH),
    )
    await expect(shown.locator(".diagram img")).to_have_count(2)
    await expect(shown.locator(".diagram-failed")).to_be_visible()
    await stage.page.get_by_test_id("messages").locator("..").evaluate("view => view.scrollTo(0, 0)")


@scene()
async def picture(stage: Stage) -> None:
    """Of another site, opened from its link."""
    await stage.arrive()
    image = (ROOT / "docs" / "images" / "conversation.png").read_bytes()
    stage.upstream.always("/parley.png", Answer((image,), headers={"Content-Type": "image/png"}))
    words = stage.either("A conversation in Parley", "Parley 中的一段对话")
    await stage.conversed("Parley", "Parley?", f"![{words}]({stage.upstream.root_url}/parley.png)")
    await answer(stage.page).get_by_role("link", name=words).click()
    await expect(stage.page.get_by_role("dialog").get_by_role("status")).to_have_count(0)
