"""Shared pages: what anybody sees, what nobody sees, and how a link ends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import text

from server import db
from server.carrying import shares
from tests.carrying.conftest import http, take_in
from tests.carrying.files import exported, said
from tests.fixtures.client import Person, Refused, Tab
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = pytest.mark.anyio

EVIL = "<script>alert(1)</script> [x](javascript:alert(1)) <img src=x onerror=alert(1)>"


async def look(url: str, path: str, language: str = "en") -> httpx2.Response:
    async with http(None, url) as client:
        return await client.get(path, headers={"accept-language": language})


async def shared(tab: Tab, text: str = "Why?", **fields: Any) -> dict[str, Any]:
    sent = await tab.send(text)
    await tab.ended(sent["turn"])
    made: dict[str, Any] = (await tab.call("share.create", conversation=sent["conversation"], **fields))["share"]
    return made


async def test_what_anybody_sees(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        share = await shared(tab, f"Look: {EVIL}")
        await tab.call("title", conversation=share["conversation"], title="潮汐 <b>")
        await tab.call("update", conversation=share["conversation"], system_prompt="SECRET")
    assert share["url"].startswith("/s/")
    assert len(share["url"]) == len("/s/") + 32
    page = await look(server.url, share["url"])
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "<title>潮汐 &lt;b&gt;</title>" in page.text
    assert "Look: &lt;script&gt;" in page.text
    for hidden in ("<script", "<img", 'href="javascript', "SECRET", "ann@", share["conversation"], share["id"]):
        assert hidden not in page.text, hidden
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "script-src" not in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-robots-tag"] == "noindex, nofollow"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["cache-control"] == "no-store"
    assert "refresh" not in page.headers
    assert '<html lang="en">' in page.text
    chinese = await look(server.url, share["url"], "fr, zh-TW;q=0.9, en;q=0.2")
    assert '<html lang="zh-CN">' in chinese.text


async def test_the_active_path_alone(server: Running) -> None:
    ann = await Person.register(server.url)
    branches = [said("q"), said("a", "q", "assistant", "SHOWN"), said("b", "q", "assistant", "NOT SHOWN")]
    await take_in(ann, exported("c", branches, leaf="a"))
    async with ann.tab() as tab:
        conversation = tab.synced["snapshot"]["conversations"][0]["id"]
        share = (await tab.call("share.create", conversation=conversation))["share"]
    page = await look(server.url, share["url"])
    assert "SHOWN" in page.text
    assert "NOT SHOWN" not in page.text


async def test_every_way_in_which_a_link_does_not_hold(server: Running) -> None:
    """The same answer to the byte, and at once."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        taken_back, expired, deleted = [await shared(tab, expires_in=expiry) for expiry in (None, 3600, None)]
        for share in (taken_back, expired, deleted):
            assert (await look(server.url, share["url"])).status_code == 200
        await tab.call("share.delete", share=taken_back["id"])
        await tab.call("delete", conversations=[deleted["conversation"]])
        _change(server, "UPDATE shares SET expires_at = '2020-01-01 00:00:00.000000' WHERE id = :id", id=expired["id"])
        assert (await tab.call("share.list"))["shares"] == []
        with pytest.raises(Refused) as refused:
            await tab.call("share.delete", share=taken_back["id"])
        assert refused.value.code == "not_found"
    urls = [share["url"] for share in (taken_back, expired, deleted)]
    pages = [await look(server.url, url) for url in (*urls, "/s/", "/s/" + "x" * 32, "/s/%00", "/s/..%2f..", "/s/a/b")]
    assert {page.status_code for page in pages} == {404}
    assert len({page.text for page in pages}) == 1
    assert "does not exist, has expired, or was taken back" in pages[0].text
    assert pages[0].headers["x-robots-tag"] == "noindex, nofollow"


async def test_the_links_of_a_suspended_owner(server: Running) -> None:
    await Person.register(server.url, "root")
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        share = await shared(tab)
    _change(server, "UPDATE users SET role = 'suspended' WHERE id = :id", id=ann.user["id"])
    assert (await look(server.url, share["url"])).status_code == 404


async def test_a_live_answer(scripted: Running, upstream: Upstream) -> None:
    """The page comes again by itself while an answer is being written, and then no more."""
    gate = Gate()
    upstream.script(delta("The moon "), gate, delta("pulls."), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        share = (await tab.call("share.create", conversation=sent["conversation"]))["share"]
        page = await look(scripted.url, share["url"])
        while "The moon" not in page.text:
            page = await look(scripted.url, share["url"])
        assert page.headers["refresh"] == "2"
        assert "still being written" in page.text
        still = await look(scripted.url, share["url"] + "?still")
        assert "refresh" not in still.headers
        assert "The moon" in still.text
        gate.open()
        await tab.finished(sent["turn"])
        while "refresh" in page.headers:
            page = await look(scripted.url, share["url"])
        assert "The moon pulls." in page.text
        assert "still being written" not in page.text


async def test_a_page_is_made_once_for_many(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[str] = []
    render = shares._render

    def counting(*arguments: Any) -> shares.Rendered:
        made.append("")
        return render(*arguments)

    monkeypatch.setattr(shares, "_render", counting)
    monkeypatch.setattr(shares, "FRESH_SECONDS", 1000)
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        share = await shared(tab)
        for _ in range(20):
            assert (await look(server.url, share["url"])).status_code == 200
        assert len(made) == 1
        await tab.call("share.delete", share=share["id"])
    assert (await look(server.url, share["url"])).status_code == 404


async def test_making_and_listing(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shares, "MOST", 3)
    ann, bob = await Person.register(server.url), await Person.register(server.url, "bob")
    async with ann.tab() as tab, bob.tab() as other:
        one = await shared(tab, expires_in=60)
        two = (await tab.call("share.create", conversation=one["conversation"]))["share"]
        three = await shared(tab)
        assert len({share["url"] for share in (one, two, three)}) == 3
        assert one["expires_at"] > one["created_at"]
        assert two["expires_at"] is None
        assert (await tab.call("share.list"))["shares"] == [three, two, one]
        assert (await tab.call("share.list", conversation=one["conversation"]))["shares"] == [two, one]
        assert (await other.call("share.list"))["shares"] == []
        with pytest.raises(Refused) as refused:
            await tab.call("share.create", conversation=one["conversation"])
        assert (refused.value.code, "3 links" in refused.value.frame["message"]) == ("invalid", True)
        with pytest.raises(Refused) as refused:
            await other.call("share.delete", share=one["id"])
        assert refused.value.code == "not_found"
        for expiry in (0, 59, -1, 10**12, 1.5, "60"):
            with pytest.raises(Refused) as refused:
                await tab.call("share.create", conversation=one["conversation"], expires_in=expiry)
            assert (refused.value.code, refused.value.frame["field"]) == ("invalid", "expires_in")


async def test_the_server_s_own_address(tmp_path: Path, sqlite_url: str) -> None:
    settings = settings_for(tmp_path, database_url=sqlite_url, public_url="https://chat.example.org")
    with running(settings) as server:
        ann = await Person.register(server.url)
        async with ann.tab() as tab:
            share = await shared(tab)
            assert share["url"].startswith("https://chat.example.org/s/")
            assert (await look(server.url, share["url"].removeprefix("https://chat.example.org"))).status_code == 200


def _change(server: Running, statement: str, **values: str) -> None:
    with db.engine_for(server.settings) as engine, engine.begin() as connection:
        connection.execute(text(statement), values)
