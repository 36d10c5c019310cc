"""Somebody takes a conversation elsewhere, brings others in, and shows one to people without an account."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

from tests.carrying.files import packed, tides
from tests.fixtures.browser import Visitor, answer, ask, row
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.browser]


async def settings(page: Page, name: str) -> None:
    await page.get_by_role("button", name=f"Account menu of {name}").click()
    await page.get_by_role("menuitem", name="Settings").click()
    await page.get_by_role("tab", name="Data").click()


async def bring_in(page: Page, file: Path) -> None:
    async with page.expect_file_chooser() as choosing:
        await page.get_by_role("button", name="Choose a file").click()
    await (await choosing.value).set_files(file)


async def test_from_one_account_to_another(
    scripted: Running, chromium: Browser, upstream: Upstream, tmp_path: Path
) -> None:
    upstream.script(delta("The **moon**."), finish(), DONE)
    upstream.script(delta("Tides"), finish(), DONE)
    async with Visitor.arriving(chromium, scripted.url) as ann, Visitor.arriving(chromium, scripted.url) as bob:
        page = await ann.register()
        await ask(page, "Why is there a tide?")
        await expect(row(page, "Tides")).to_be_visible()
        await page.get_by_role("button", name="Options for this conversation").click()
        await page.get_by_role("menuitem", name="Export").click()
        async with page.expect_download() as single:
            await page.get_by_role("button", name="HTML").click()
        assert (await single.value).suggested_filename == "Tides.html"
        await settings(page, "ann")
        async with page.expect_download() as all_of_them:
            await page.get_by_role("button", name="JSON").click()
        download = await all_of_them.value
        assert download.suggested_filename.endswith(".zip")
        archive = tmp_path / "all.zip"
        await download.save_as(archive)

        theirs = await bob.register("bob")
        await settings(theirs, "bob")
        await bring_in(theirs, archive)
        await expect(theirs.get_by_test_id("import-result")).to_have_text("1 imported.")
        await bring_in(theirs, archive)
        await expect(theirs.get_by_test_id("import-result")).to_have_text("0 imported. 1 were here already.")

        chatgpt = tmp_path / "chatgpt.zip"
        broken = {"title": "Broken", "mapping": 3}
        chatgpt.write_bytes(packed({"conversations.json": json.dumps([tides(title="From afar"), broken])}))
        await bring_in(theirs, chatgpt)
        await expect(theirs.get_by_test_id("import-result")).to_have_text("1 imported.")
        await expect(theirs.get_by_label("What could not be imported").get_by_role("listitem")).to_contain_text(
            "Broken"
        )
        await theirs.keyboard.press("Escape")
        await row(theirs, "From afar").get_by_role("link").click()
        await expect(answer(theirs)).to_contain_text("pulls it.")
        await row(theirs, "Tides").get_by_role("link").click()
        await expect(answer(theirs).locator("strong")).to_have_text("moon")


async def test_a_shared_page_without_script_follows_a_live_answer(
    scripted: Running, chromium: Browser, upstream: Upstream
) -> None:
    gate = Gate()
    upstream.script(delta("The moon "), gate, delta("pulls the **sea**."), finish(), DONE)
    upstream.script(delta("Tides"), finish(), DONE)
    async with (
        Visitor.arriving(chromium, scripted.url, permissions=["clipboard-read", "clipboard-write"]) as ann,
        Visitor.arriving(chromium, scripted.url, java_script_enabled=False, locale="zh-CN") as reader,
    ):
        page = await ann.register()
        await ask(page, "Why is there a tide?")
        await expect(answer(page)).to_contain_text("The moon")
        await page.get_by_role("button", name="Options for this conversation").click()
        await page.get_by_role("menuitem", name="Share").click()
        await page.get_by_role("button", name="Create and copy link").click()
        await expect(page.get_by_role("button", name="Link copied")).to_be_visible()
        link = page.get_by_label("Link", exact=True)
        await expect(link).to_have_value(await page.evaluate("navigator.clipboard.readText()"))
        path = (await link.input_value()).removeprefix(scripted.url)

        shown = await reader.open(path)
        await expect(shown.locator(".question")).to_have_text("Why is there a tide?")
        await expect(shown.locator(".answer")).to_contain_text("The moon")
        await expect(shown.locator(".live")).to_contain_text("回答仍在生成")
        gate.open()
        await expect(shown.locator(".answer strong")).to_have_text("sea")  # it has come again by itself
        await expect(shown.locator(".live")).to_have_count(0)

        await page.get_by_role("button", name="Take this link back").click()
        await expect(page.get_by_test_id("share-link")).to_have_count(0)
        gone = await shown.reload()
        assert gone is not None
        assert gone.status == 404
        await expect(shown.get_by_role("heading", name="这里什么都没有")).to_be_visible()
        reader.complaints.clear()  # of the 404
