"""Conversations as files over HTTP, and back into another account."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from random import Random
from typing import Any
from urllib.parse import unquote

import pytest

from server.conversations import folders
from tests.carrying.conftest import http, listed, opened, take_in, take_out
from tests.carrying.files import exported, packed, said, unpacked
from tests.fixtures.client import Frame, Person, Tab
from tests.fixtures.server import Running

pytestmark = pytest.mark.anyio


async def asked(tab: Tab, *questions: str) -> str:
    conversation: str | None = None
    for question in questions:
        sent = await tab.send(question, conversation)
        await tab.ended(sent["turn"])
        conversation = sent["conversation"]
    assert conversation is not None
    return conversation


def tree(messages: list[Frame]) -> list[Any]:
    """Without ids: parents by their place."""
    places = {message["id"]: number for number, message in enumerate(messages)}
    kept = ("role", "text", "reasoning", "status", "model", "usage", "created_at", "finished_at", "error")
    return [
        (places.get(message["parent"] or ""), *(message.get(name) for name in kept if name != "finished_at"))
        for message in messages
    ]


async def test_one_conversation_in_each_format(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        conversation = await asked(tab, "/code please", "又问：潮汐？")
        await tab.call("title", conversation=conversation, title='潮汐: a "title" / 100%')
    for format, ending, kind in (
        ("markdown", "md", "text/markdown; charset=utf-8"),
        ("html", "html", "text/html; charset=utf-8"),
        ("json", "json", "application/json"),
    ):
        answer = await take_out(ann, format, conversation=conversation)
        assert answer.status_code == 200
        assert answer.headers["content-type"] == kind
        disposition = answer.headers["content-disposition"]
        assert disposition.isascii()
        plain, _, full = disposition.removeprefix("attachment; ").partition("; ")
        assert plain == f'filename="_ a title 100_.{ending}"'
        assert unquote(full.removeprefix("filename*=UTF-8''")) == f"潮汐 a title 100%.{ending}"
        assert "又问：潮汐？" in answer.text
        assert "ann@example.org" not in answer.text
    page = await take_out(ann, "html", conversation=conversation)
    assert "<script" not in page.text.replace("&lt;", "")
    assert 'class="title"' in page.text
    assert "noindex" in page.text


async def test_folders_and_opinions_go_along(server: Running) -> None:
    """Into the folder that has the name already, or a new one; tabs are told of it before what is in it."""
    ann, bob = await Person.register(server.url), await Person.register(server.url, "bob")
    async with ann.tab() as tab:
        shelves = [(await tab.call("folder.create", name=name))["folder"]["id"] for name in ("海 Sea", "New")]
        for shelf in (*shelves, None):
            conversation = await asked(tab, "/think about tides")
            await tab.call("update", conversation=conversation, folder=shelf)
            turn = (await opened(ann, conversation))["messages"][-1]["id"]
            await tab.call("feedback", message=turn, value="good", comment="Clear.")
    archive = await take_out(ann, "json")
    async with bob.tab() as tab:
        known = (await tab.call("folder.create", name="海 Sea"))["folder"]
        assert (await take_in(bob, archive.content))["imported"] == 3
        await tab.until(lambda: len(tab.of_type("conversation.created")) == 3)
        told, *created = tab.of_type("folders.updated", "conversation.created")[1:]
        assert [folder["name"] for folder in told["folders"]] == ["海 Sea", "New"]
        assert told["folders"][0] == known
    made = told["folders"][1]["id"]
    assert Counter(event["conversation"].get("folder") for event in created) == {known["id"]: 1, made: 1, None: 1}
    for event in created:
        answer = (await opened(bob, event["conversation"]["id"]))["messages"][-1]
        assert answer["feedback"] == {"value": "good", "comment": "Clear."}
        assert answer["reasoning_ms"] >= 0


async def test_folders_beyond_the_limit_are_left_out(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "FOLDERS_LIMIT", 1)
    ann = await Person.register(server.url)
    files = {f"{name}.json": exported(name, folder=f" {name} ") for name in ("a", "b")}
    assert (await take_in(ann, packed(files)))["imported"] == 2
    async with ann.tab() as tab:
        assert [folder["name"] for folder in tab.synced["snapshot"]["folders"]] == ["a"]
    assert sorted(bool(row.get("folder")) for row in await listed(ann)) == [False, True]


@pytest.mark.parametrize("format", ["json", "markdown", "html"])
async def test_back_into_another_account(server: Running, format: str) -> None:
    """As it was: from JSON the whole tree, from the others the path that they show."""
    ann, bob = await Person.register(server.url), await Person.register(server.url, "bob")
    async with ann.tab() as tab:
        conversation = await asked(tab, "/think about tides", "/code")
        again = await tab.call("regenerate", turn=(await opened(ann, conversation))["messages"][-1]["id"])
        await tab.ended(again["turn"])
        if format == "json":
            await tab.call("update", conversation=conversation, system_prompt="Be brief.", params={"max_tokens": 9})
    archive = await take_out(ann, format)
    assert archive.headers["content-type"] == "application/zip"
    (name,) = unpacked(archive.content)
    assert conversation[:12] in name

    assert (await take_in(ann, archive.content))["skipped"] == 1  # it is here already
    assert (await take_in(bob, archive.content))["imported"] == 1
    assert (await take_in(bob, unpacked(archive.content)[name]))["skipped"] == 1

    (theirs,) = await listed(bob)
    before, after = await opened(ann, conversation), await opened(bob, theirs["id"])
    assert tree(after["messages"]) == tree(before["messages"])
    if format == "json":
        assert theirs["system_prompt"] == "Be brief."
        assert theirs["params"] == {"max_tokens": 9}
        assert len(after["messages"][-1]["siblings"]) == 2
        assert theirs["updated_at"] == before["conversation"]["updated_at"]
    assert {row["id"] for row in after["messages"]}.isdisjoint(row["id"] for row in before["messages"])


async def test_json_holds_every_branch(server: Running) -> None:
    ann = await Person.register(server.url)
    branches = [said("q"), said("a", "q", "assistant", "one"), said("b", "q", "assistant", "two")]
    await take_in(ann, exported("c", branches, leaf="a", pinned=True, archived=True))
    (row,) = await listed(ann)
    content = (await take_out(ann, conversation=row["id"])).json()
    assert content["parley_export"] == 1
    conversation = content["conversation"]
    assert (conversation["pinned"], conversation["archived"], conversation["leaf"]) == (True, True, row["leaf"])
    texts = {message["id"]: message["text"] for message in conversation["messages"]}
    assert sorted(texts.values()) == ["one", "two", "为什么有潮汐？"]
    assert texts[row["leaf"]] == "one"


async def test_an_answer_that_is_being_written(server: Running) -> None:
    """It is exported as far as it is, and nobody writes it on where it is imported."""
    ann, bob = await Person.register(server.url), await Person.register(server.url, "bob")
    await take_in(ann, exported("c", [said("q"), said("a", "q", "assistant", "half", status="streaming")]))
    (row,) = await listed(ann)
    assert (await opened(ann, row["id"]))["messages"][-1]["status"] == "interrupted"
    async with bob.tab() as tab:
        sent = await tab.send("/long")
        content = (await take_out(bob, conversation=sent["conversation"])).json()
        assert content["conversation"]["messages"][-1]["id"] == sent["turn"]
        await tab.call("stop", turn=sent["turn"])


async def test_archives_are_written_as_they_are_read(server: Running) -> None:
    """Eighty conversations of 100 KB: what is in memory at once is a small part of them."""
    ann = await Person.register(server.url)
    text = Random(7).randbytes(50_000).hex()
    files = {f"{n}.json": exported(f"c{n}", [said("m", text=f"{n} {text}")]) for n in range(80)}
    assert (await take_in(ann, packed(files)))["imported"] == 80
    tracemalloc.start()
    size = 0
    async with http(ann) as client, client.stream("GET", "/api/export", params={"format": "json"}) as answer:
        async for piece in answer.aiter_raw():
            size += len(piece)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 80 * len(text) // 5
    assert peak < 2_000_000


async def test_everything_there_is_comes_once(server: Running) -> None:
    """Also of conversations of the same moment, and over several pages of them."""
    ann = await Person.register(server.url)
    at = "2026-01-01T00:00:00Z"
    files = {f"{n}.json": exported(f"c{n}", title="", created_at=at) for n in range(250)}
    assert (await take_in(ann, packed(files)))["imported"] == 250
    names = unpacked((await take_out(ann)).content)
    assert len(names) == 250
    ids = {json.loads(content)["conversation"]["id"] for content in names.values()}
    assert len(ids) == 250


async def test_a_temporary_conversation_is_not_in_it(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        kept = await asked(tab, "kept")
        sent = await tab.send("not kept", temporary=True)
        await tab.ended(sent["turn"])
    files = unpacked((await take_out(ann)).content)
    assert [json.loads(text)["conversation"]["id"] for text in files.values()] == [kept]


async def test_nothing_at_all(server: Running) -> None:
    ann = await Person.register(server.url)
    assert unpacked((await take_out(ann)).content) == {}


async def test_what_is_not_exported(server: Running) -> None:
    ann, bob = await Person.register(server.url), await Person.register(server.url, "bob")
    async with ann.tab() as tab:
        conversation = await asked(tab, "mine")
    for id in (conversation, "0" * 24):
        answer = await take_out(bob, conversation=id)
        words = {"code": "not_found", "message": "There is no such conversation."}
        assert (answer.status_code, answer.json()) == (404, {"error": words})
    assert (await take_out(ann, "pdf")).json()["error"]["field"] == "format"
    async with http(None, server.url) as client:
        assert (await client.get("/api/export", params={"format": "json"})).status_code == 401
        cookie = {"cookie": f"access={ann.token}"}
        assert (await client.get("/api/export", params={"format": "json"}, headers=cookie)).status_code == 200
