"""Parley as an app: what a browser needs to install it, and what it shows without a network."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.async_api import Browser, Page, expect
from playwright.async_api import Error as PlaywrightError

from server import app
from server.http.site import built_client
from tests.fixtures.browser import Visitor, answer, ask
from tests.fixtures.server import ROOT, Running, running, settings_for

pytestmark = [pytest.mark.anyio, pytest.mark.browser]

CONTROLLED = "() => navigator.serviceWorker.controller !== null"
CACHED = """async () => {
  const found = []
  for (const name of await caches.keys())
    for (const request of await (await caches.open(name)).keys()) found.push(new URL(request.url).pathname)
  return found
}"""


async def installed(visitor: Visitor) -> Page:
    """Registered, asked once, and the service worker looks after the page."""
    page = await visitor.register()
    await ask(page, "Hello")
    await expect(answer(page)).to_have_attribute("data-status", "complete")
    await page.wait_for_function(CONTROLLED)
    return page


async def test_what_a_browser_needs_to_install_it(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url, service_workers="allow") as ann:
        page = await installed(ann)
        devtools = await ann.context.new_cdp_session(page)
        found = await devtools.send("Page.getAppManifest")
        assert (found["url"], found["errors"]) == (f"{server.url}/manifest.webmanifest", [])
        manifest = json.loads(found["data"])
        assert (manifest["name"], manifest["short_name"], manifest["display"]) == ("Parley", "Parley", "standalone")
        assert {icon["purpose"] for icon in manifest["icons"]} == {"any", "maskable"}
        apple = await page.locator("link[rel=apple-touch-icon]").get_attribute("href")
        for src in (*(icon["src"] for icon in manifest["icons"]), apple):
            answered = await ann.context.request.get(server.url + src)
            assert (answered.status, answered.headers["cache-control"]) == (200, "no-cache")
            assert answered.headers["content-type"] == ("image/svg+xml" if src.endswith("svg") else "image/png")
        errors = (await devtools.send("Page.getInstallabilityErrors"))["installabilityErrors"]
        assert [error["errorId"] for error in errors] == ["in-incognito"]  # as every context of a test is


async def test_only_the_pages_own_files_are_kept(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url, service_workers="allow") as ann:
        page = await installed(ann)
        await page.reload()
        await expect(answer(page)).to_be_visible()
        kept = await page.evaluate(CACHED)
        assert "/" in kept
        assert any(path.startswith("/assets/AppView") for path in kept)
        assert [path for path in kept if path.startswith(("/api", "/ws", "/c/"))] == []


async def test_without_a_network_the_page_opens_and_waits(server: Running, chromium: Browser) -> None:
    async with Visitor.arriving(chromium, server.url, service_workers="allow") as ann:
        page = await installed(ann)
        path = urlsplit(page.url).path
        await ann.context.set_offline(True)
        await page.goto(server.url + path)
        await expect(page.get_by_role("heading", name="You are offline")).to_be_visible()
        ann.complaints.clear()  # Chromium's own, of requests that found no network
        await ann.context.set_offline(False)
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        assert urlsplit(page.url).path == path


async def test_the_pages_in_frames_are_none_of_the_apps(server: Running, chromium: Browser) -> None:
    """Without a network there is nothing at their addresses: what waits for them must not be answered by the page."""
    async with Visitor.arriving(chromium, server.url, service_workers="allow") as ann:
        page = await installed(ann)
        await ask(page, "/draw")
        await expect(answer(page).locator(".diagram img")).to_be_visible()
        await page.reload()
        await expect(answer(page).locator(".diagram img")).to_be_visible()
        kept = await page.evaluate(CACHED)
        assert [path for path in kept if "diagram-" in path or "mermaid" in path or "/frames" in path] == []
        await ann.context.set_offline(True)
        with pytest.raises(PlaywrightError, match="ERR_INTERNET_DISCONNECTED"):
            await page.goto(f"{server.url}/frames/diagram.html")
        ann.complaints.clear()  # Chromium's own, of requests that found no network


class Deployment:
    """A server on one port that can be replaced by one with another build of the client."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.dist = folder / "dist"
        shutil.copytree(ROOT / "client" / "dist", self.dist)
        monkeypatch.setattr(app, "CLIENT", self.dist)
        self._settings = settings_for(folder)

    @contextmanager
    def running(self) -> Iterator[Running]:
        with running(self._settings) as server:
            self._settings = self._settings.model_copy(update={"port": urlsplit(server.url).port})
            yield server

    def upgrade(self) -> None:
        """Another build: its parts have other names, and those of the old one are gone."""
        old = built_client(self.dist)
        assert old is not None
        for path in [path for path in self.dist.rglob("*") if path.suffix in (".html", ".js", ".css")]:
            text = path.read_text(encoding="utf-8").replace(old, "0" * len(old))
            path.write_text(text.replace("SettingsDialog-", "SettingsDialog-of-the-next-"), encoding="utf-8")
        for path in list((self.dist / "assets").glob("SettingsDialog-*")):
            path.rename(path.with_name(path.name.replace("SettingsDialog-", "SettingsDialog-of-the-next-")))


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Deployment:
    return Deployment(tmp_path, monkeypatch)


async def open_settings(page: Page) -> None:
    await page.get_by_role("button", name="Account menu of ann").click()
    await page.get_by_role("menuitem", name="Settings").click()


async def test_a_new_version_is_offered_and_nothing_typed_is_lost(deployment: Deployment, chromium: Browser) -> None:
    with deployment.running() as server:
        visit = Visitor.arriving(chromium, server.url, service_workers="allow")
        ann = await visit.__aenter__()
        page = await installed(ann)
        await page.reload()
        await expect(answer(page)).to_be_visible()
        await expect(page.get_by_test_id("new-version")).to_have_count(0)
        await page.get_by_test_id("composer").fill("half a sentence")
    deployment.upgrade()
    with deployment.running():
        await expect(page.get_by_test_id("new-version")).to_contain_text("A new version is here.")
        await expect(page.get_by_test_id("composer")).to_have_value("half a sentence")
        # The page of the old build goes on, with parts that the server does not have any more.
        await open_settings(page)
        await expect(page.get_by_role("dialog", name="Settings")).to_be_visible()
        await page.keyboard.press("Escape")

        await page.get_by_test_id("new-version").get_by_role("button", name="Reload").click()
        await expect(page.locator("meta[name=parley-client]")).to_have_attribute("content", "0" * 16)
        await expect(page.get_by_test_id("composer")).to_have_value("half a sentence")
        await expect(answer(page)).to_have_attribute("data-status", "complete")
        await expect(page.get_by_test_id("new-version")).to_have_count(0)
        await open_settings(page)
        await expect(page.get_by_role("dialog", name="Settings")).to_be_visible()
        ann.complaints.clear()  # Chromium's own, of the time without a server
        await visit.__aexit__(None, None, None)


async def test_an_older_server_is_no_new_version(deployment: Deployment, chromium: Browser) -> None:
    """While servers are replaced one by one, the page may come from a new one and the socket lead to an old one."""
    with deployment.running() as server:
        deployment.upgrade()  # what is served; the socket still tells of the build before
        async with Visitor.arriving(chromium, server.url) as ann:
            looked = []
            ann.context.on("response", lambda response: looked.append(response.url))
            page = await ann.register()
            await expect(page.locator("meta[name=parley-client]")).to_have_attribute("content", "0" * 16)
            await ask(page, "Hello")
            await expect(answer(page)).to_have_attribute("data-status", "complete")
            assert looked.count(f"{server.url}/") == 2
            await expect(page.get_by_test_id("new-version")).to_have_count(0)
