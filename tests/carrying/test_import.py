"""Files over HTTP into a real database: what comes in, what does not come twice, and what is said of the rest."""

from __future__ import annotations

import asyncio
import io
import json
import zipfile
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from server.carrying import imports, reading
from tests.carrying.conftest import http, lines, listed, opened, take_in
from tests.carrying.files import chat, exported, node, packed, said, tides
from tests.fixtures.client import Person
from tests.fixtures.server import Running, running, settings_for

pytestmark = pytest.mark.anyio


async def test_chatgpt_s_archive(server: Running) -> None:
    """Many files, of which most are none of conversations; the same one again adds nothing."""
    ann = await Person.register(server.url)
    archive = packed(
        {
            "conversations-000.json": json.dumps([tides(), {"title": "Broken", "mapping": {"a": 1}}]),
            "conversations-001.json": json.dumps([tides(id="g2", title=None), tides(id="g3", title="月亮")]),
            "user.json": '{"email": "a@example.org"}',
            "chat.html": "<html></html>",
            "dalle-generations/x.webp": b"\0\1",
        }
    )
    told = await lines(ann, archive)
    assert told[-2] == {"done": 4, "total": 4}
    assert (told[-1]["imported"], told[-1]["skipped"]) == (3, 0)
    (failed,) = told[-1]["failed"]
    assert failed["title"] == "Broken"
    assert failed["code"] == "malformed"
    assert {row["title"] for row in await listed(ann)} == {"Tides", "Why are there tides?", "月亮"}

    assert (await take_in(ann, archive))["skipped"] == 3
    assert len(await listed(ann)) == 3

    row = next(row for row in await listed(ann) if row["title"] == "Tides")
    assert row["created_at"] == "2023-11-14T22:13:20.500000Z"
    snapshot = await opened(ann, row["id"])
    question, answer = snapshot["messages"]
    assert (answer["text"], answer["model"], answer["status"]) == ("The **moon**\n\npulls it.", "gpt-5", "complete")
    assert "<strong>moon</strong>" in answer["html"]
    assert answer["reasoning"] == "It must be the moon."
    assert question["created_at"] == "2023-11-14T22:13:21.500000Z"
    assert answer["siblings"][0] == answer["id"]
    assert len(answer["siblings"]) == 2
    assert row["leaf"] == answer["id"]


async def test_what_was_imported_is_gone_on_with(server: Running) -> None:
    ann = await Person.register(server.url)
    await take_in(ann, json.dumps([tides()]).encode())
    (row,) = await listed(ann)
    async with ann.tab() as tab:
        sent = await tab.send("Go on", row["id"])
        assert (await tab.finished(sent["turn"]))["status"] == "complete"


async def test_what_was_imported_is_found(server: Running) -> None:
    ann = await Person.register(server.url)
    await take_in(ann, json.dumps([tides()]).encode())
    async with ann.tab() as tab:
        titles = await tab.call("search", query="Tides")
        assert [hit["title"] for hit in titles["hits"] if "message" not in hit] == ["Tides"]
        texts = await tab.call("search", query="moon pulls")
        assert {hit["title"] for hit in texts["hits"]} == {"Tides"}


async def test_what_was_deleted_comes_again(server: Running) -> None:
    ann = await Person.register(server.url)
    await take_in(ann, exported())
    (row,) = await listed(ann)
    async with ann.tab() as tab:
        await tab.call("delete", conversations=[row["id"]])
    assert (await take_in(ann, exported()))["imported"] == 1


async def test_another_s_imports_are_another_s(server: Running) -> None:
    ann, bob = await Person.register(server.url), await Person.register(server.url, "bob")
    assert (await take_in(ann, exported()))["imported"] == 1
    assert (await take_in(bob, exported()))["imported"] == 1
    assert len(await listed(bob)) == 1


async def test_other_tabs_see_it_at_once(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        await take_in(ann, exported())
        event = await tab.event("conversation.created")
        assert event["conversation"]["title"] == "潮汐"
        async with ann.tab() as new:
            assert new.synced["snapshot"]["conversations"] == [event["conversation"]]


async def test_very_many_come_as_a_snapshot(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events of a few, then one word that everything is to be taken anew."""
    monkeypatch.setattr(imports, "TOLD", 30)
    ann = await Person.register(server.url)
    files = {f"{number}.json": exported(f"c{number}", title=f"number {number}") for number in range(70)}
    async with ann.tab() as tab:
        assert (await take_in(ann, packed(files)))["imported"] == 70
        await tab.event("reset")
        assert len(tab.of_type("conversation.created")) == 20
        again = await tab.call("sync")
        assert len(again["snapshot"]["conversations"]) == 50
        await take_in(ann, exported("later"))
        await tab.event("conversation.created")


async def test_what_is_wrong_with_one_does_not_keep_the_others(server: Running) -> None:
    ann = await Person.register(server.url)
    circle = [said("a", "b"), said("b", "a")]
    deep = b'{"parley_export": 1, "conversation": ' + b"[" * 50_000 + b"]" * 50_000 + b"}"
    archive = packed(
        {
            "0 good.json": exported("good"),
            "1 circle.json": exported("circle", circle),
            "2 lost.json": exported("lost", [said("a", "nowhere")]),
            "3 twice.json": exported("twice", [said("a"), said("a")]),
            "4 empty.json": exported("empty", []),
            "5 newer.json": b'{"parley_export": 2, "conversation": {}}',
            "6 deep.json": deep,
            "7 cut.json": exported("cut")[:-5],
            "8 role.json": exported("role", [said("a", role="robot")]),
            "9 page.html": b"<html><p>Hello</p></html>",
            "9 notes.md": b"# Notes",
            "9 nothing.json": b"[]",
            "9 other.json": b'{"a": 1}',
            "../../../etc/passwd.json": exported("path"),
            "zz last.json": exported("last"),
        }
    )
    result = await take_in(ann, archive)
    assert result["imported"] == 3
    assert all(failed["reason"] for failed in result["failed"])
    assert Counter(failed["code"] for failed in result["failed"]) == {
        "malformed": 4,
        "foreign": 3,
        "damaged": 2,
        "empty": 2,
        "version": 1,
    }


async def test_what_no_database_holds(server: Running) -> None:
    """NUL, halves of surrogate pairs and impossible times are mended; nothing is lost for them."""
    ann = await Person.register(server.url)
    text = rb"a\u0000b \ud83d c \ud83c\udf0a"
    mapping = {"q": node(None, "user", "QUESTION", at=1e18), "a": node("q", "assistant", "A", at=-5.0)}
    content = json.dumps(chat(mapping, "a", update_time=9e10)).encode().replace(b"QUESTION", text)
    result = await take_in(ann, content)
    assert result == {"imported": 1, "skipped": 0, "failed": []}
    (row,) = await listed(ann)
    messages = (await opened(ann, row["id"]))["messages"]
    assert messages[0]["text"] == "a\ufffdb \ufffd c 🌊"
    assert messages[0]["created_at"] == messages[1]["created_at"] == row["updated_at"] == row["created_at"]


async def test_what_is_no_file_to_be_imported(server: Running) -> None:
    ann = await Person.register(server.url)
    damaged = packed({"a.json": exported()})[:-30]
    for content in (b"", b"hello", b"\x89PNG\r\n", b"PK\x03\x04nothing", damaged, packed({"a.txt": b"x"}), b"[1, 2]"):
        async with http(ann) as client:
            answer = await client.post("/api/import", content=content)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid"), content[:20]
        assert answer.headers["connection"] == "close"
    assert await listed(ann) == []


async def test_what_unpacks_to_too_much(tmp_path: Path, sqlite_url: str) -> None:
    """It ends the reading; what was good before it stays."""
    with running(settings_for(tmp_path, database_url=sqlite_url, import_bytes=1 << 20)) as server:
        ann = await Person.register(server.url)
        bomb = {"0.json": exported("good"), **{f"{n}.json": b"[" + b" " * (1 << 20) + b"]" for n in range(1, 20)}}
        result = await take_in(ann, packed(bomb))
        assert result["imported"] == 1
        assert [failed["code"] for failed in result["failed"]] == ["empty"] * 4 + ["too_much"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_archives_made_to_hurt(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    ann = await Person.register(server.url)
    slow = io.BytesIO()
    with zipfile.ZipFile(slow, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("a.json", exported("a"))
    (failed,) = (await take_in(ann, slow.getvalue()))["failed"]
    assert failed["code"] == "damaged"

    monkeypatch.setattr(reading, "MAX_DIRECTORY", 2000)
    many = packed({f"{number}.json": b"" for number in range(200)})
    async with http(ann) as client:
        assert (await client.post("/api/import", content=many)).status_code == 400

    monkeypatch.undo()
    monkeypatch.setattr(reading, "MAX_FOUND", 10)
    result = await take_in(ann, json.dumps([{}] * 50).encode())
    assert [failed["code"] for failed in result["failed"]] == ["foreign"] * 10 + ["too_much"]


async def test_a_file_larger_than_the_server_takes(tmp_path: Path, sqlite_url: str) -> None:
    with running(settings_for(tmp_path, database_url=sqlite_url, import_bytes=1 << 20)) as server:
        ann = await Person.register(server.url)
        async with http(ann) as client:
            said_so = await client.post("/api/import", content=b"x" * ((1 << 20) + 1))
            assert (said_so.status_code, said_so.json()["error"]["code"]) == (413, "too_large")
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(server.url).port)
        head = f"POST /api/import HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ann.token}\r\n"
        writer.write(f"{head}transfer-encoding: chunked\r\n\r\n".encode())
        for _ in range(17):
            writer.write(b"10000\r\n" + b" " * 0x10000 + b"\r\n")
        async with asyncio.timeout(20):
            assert (await reader.readline()).split()[1] == b"413"
        writer.close()


async def test_who_still_sends_a_file_that_is_too_large_hears_so(tmp_path: Path, sqlite_url: str) -> None:
    """The answer comes before the file has gone out, and the line is not broken under it."""
    with running(settings_for(tmp_path, database_url=sqlite_url, import_bytes=1 << 20)) as server:
        ann = await Person.register(server.url)
        reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(server.url).port)
        head = f"POST /api/import HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ann.token}\r\n"
        writer.write(f"{head}content-length: {8 << 20}\r\n\r\n".encode())
        async with asyncio.timeout(20):
            answer = await reader.readuntil(b"}}")
            assert answer.startswith(b"HTTP/1.1 413 ")
            for _ in range(8):
                writer.write(b" " * (1 << 20))
                await writer.drain()
            assert await reader.read() == b""
        writer.close()


async def test_a_large_file(server: Running) -> None:
    """Far beyond what other calls may bring."""
    ann = await Person.register(server.url)
    text = "潮汐 " * 10_000
    content = [json.loads(exported(f"c{number}", [said("m", text=text)])) for number in range(60)]
    result = await take_in(ann, json.dumps(content).encode())
    assert result["imported"] == 60


async def test_one_import_at_a_time(server: Running) -> None:
    ann = await Person.register(server.url)
    reader, writer = await asyncio.open_connection("127.0.0.1", httpx2.URL(server.url).port)
    content = exported()
    head = f"POST /api/import HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {ann.token}\r\nexpect: 100-continue\r\n"
    writer.write(f"{head}content-length: {len(content)}\r\n\r\n".encode())
    async with asyncio.timeout(20):
        assert b"100" in await reader.readline()  # it is waited for
        async with http(ann) as client:
            answer = await client.post("/api/import", content=content)
        assert (answer.status_code, answer.json()["error"]["code"]) == (409, "busy")
        writer.write(content)
        assert b"200" in (await reader.readuntil(b"\r\n\r\n")).splitlines()[1]
        assert b'"imported":1' in await reader.readuntil(b"}\n\r\n0\r\n") + await reader.read(100)
    writer.close()


async def test_who_may_not(server: Running) -> None:
    ann = await Person.register(server.url)
    async with http(None, server.url) as client:
        assert (await client.post("/api/import", content=exported())).status_code == 401
        cookie = {"cookie": f"access={ann.token}"}
        assert (await client.post("/api/import", content=exported(), headers=cookie)).status_code == 403
        foreign = {**cookie, "origin": "http://evil.example"}
        assert (await client.post("/api/import", content=exported(), headers=foreign)).status_code == 403
        own = {**cookie, "origin": server.url}
        assert (await client.post("/api/import", content=exported(), headers=own)).status_code == 200
