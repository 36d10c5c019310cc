"""Searching on a real server, the same on both engines."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from server.operations.integrity import problems
from tests.fixtures.client import Person, Refused, Tab
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = pytest.mark.anyio


def says(upstream: Upstream, *answers: str) -> None:
    for answer in answers:
        upstream.script(delta(answer), finish(), DONE)


async def ask(tab: Tab, question: str, conversation: str | None = None) -> dict[str, Any]:
    """Until the answer has ended."""
    sent = await tab.send(question, conversation)
    await tab.finished(sent["turn"])
    return sent


async def ask_for(tab: Tab, upstream: Upstream, question: str, answer: str) -> dict[str, Any]:
    """In a conversation that has its name before the answer ends: no model is asked for one."""
    gate = Gate()
    upstream.script(gate, delta(answer), finish(), DONE)
    sent = await tab.send(question)
    await tab.call("title", conversation=sent["conversation"], title="Mine")
    gate.open()
    await tab.finished(sent["turn"])
    return sent


async def hits(tab: Tab, query: str, **fields: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await tab.call("search", query=query, **fields))["hits"]
    return found


async def found(tab: Tab, query: str) -> list[str]:
    """The messages, by id; a title as ``title``."""
    return [hit.get("message", "title") for hit in await hits(tab, query)]


async def test_questions_answers_and_titles(scripted: Running, upstream: Upstream) -> None:
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        physics = await ask_for(tab, upstream, "What is 量子?", "量子力学（quantum mechanics）是物理学的分支。")
        dessert = await ask_for(tab, upstream, "Dessert for a getUserName party 🎉", "Crème brûlée, with sugar.")
        await tab.call("title", conversation=physics["conversation"], title="量子 for dessert")

        assert await found(tab, "量子") == ["title", physics["turn"], physics["message"]]
        assert await found(tab, "力学") == [physics["turn"]]
        assert await found(tab, "学") == [physics["turn"]]
        assert await found(tab, "量子力学 quantum mech") == [physics["turn"]]
        assert await found(tab, "quantum 量子力") == [physics["turn"]]
        assert await found(tab, "mech quantum") == []
        assert await found(tab, "DESSERT") == ["title", dessert["message"]]
        assert await found(tab, "creme") == [dessert["turn"]]
        assert await found(tab, "username") == [], "a name is found by its humps"
        assert await found(tab, "user party 🎉") == [dessert["message"]]
        assert await found(tab, "?! …") == []
        assert await hits(tab, "量子", limit=1) == [
            {"conversation": physics["conversation"], "title": "量子 for dessert", "snippet": "量子 for dessert"}
        ]
        assert (await hits(tab, "sugar"))[0] == {
            "conversation": dessert["conversation"],
            "title": "Mine",
            "message": dessert["turn"],
            "snippet": "Crème brûlée, with sugar.",
        }


@pytest.mark.parametrize(
    "query",
    [
        "+a -b",
        '"a',
        "a*",
        "a AND",
        "OR",
        "NOT a",
        "(a",
        "a)",
        "@5",
        "~a <b >c",
        "words:a",
        "a' -- ",
        "%",
        "\\",
        "NEAR(a b)",
    ],
)
async def test_what_would_be_an_operator_is_none(query: str, server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await ask(tab, f"before {query} after")
        expected = [sent["message"]] if any(character.isalnum() for character in query) else []
        assert [each for each in await found(tab, query) if each == sent["message"]] == expected


async def test_the_longest_queries(server: Running) -> None:
    ann = await Person.register(server.url)
    characters = "".join(chr(0x4E00 + number) for number in range(200))
    words = " ".join(f"w{number}" for number in range(100))[:200]
    async with ann.tab() as tab:
        sent = await ask(tab, f"{characters} {words}")
        for query in (characters, words):
            assert sent["message"] in await found(tab, query)
        assert sent["message"] not in await found(tab, characters[::-1])


async def test_all_branches_and_the_archive(scripted: Running, upstream: Upstream) -> None:
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await ask_for(tab, upstream, "question", "first thing")
        says(upstream, "second thing", "third thing")
        again = await tab.call("regenerate", turn=sent["turn"])
        await tab.finished(again["turn"])
        edited = await tab.call("edit", message=sent["message"], text="another thing", client_id="e-1")
        await tab.finished(edited["turn"])
        everything = [edited["turn"], edited["message"], again["turn"], sent["turn"]]
        assert await found(tab, "thing") == everything
        await tab.call("update", conversation=sent["conversation"], archived=True)
        assert await found(tab, "thing") == everything


async def test_an_answer_that_goes_on_is_found_by_all_of_it(scripted: Running, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(delta("begun"), gate, finish(), DONE)
    says(upstream, " and ended")
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("question")
        await tab.call("title", conversation=sent["conversation"], title="Mine")
        await tab.until(lambda: tab.joined(sent["turn"]) == "begun")
        assert await found(tab, "begun") == [], "not before it has ended"
        await tab.call("stop", turn=sent["turn"])
        await tab.ended(sent["turn"])
        assert await found(tab, "begun") == [sent["turn"]]
        await tab.call("continue", turn=sent["turn"])
        await tab.until(lambda: len(tab.of_type("turn.finished")) == 2)
        assert await found(tab, "begun ended") == [sent["turn"]]


async def test_a_new_title_takes_the_place_of_the_old(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("/fast hello")
        await tab.call("title", conversation=sent["conversation"], title="Old name")
        await tab.call("title", conversation=sent["conversation"], title="新名字")
        assert await found(tab, "old name") == []
        assert await found(tab, "名字") == ["title"]


async def test_what_is_deleted_is_not_found(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        gone, kept = await ask(tab, "xylophone one"), await ask(tab, "xylophone two")
        await tab.call("delete", conversations=[gone["conversation"]])
        mine = [each for each in await found(tab, "xylophone") if each in (gone["message"], kept["message"])]
        assert mine == [kept["message"]]


async def test_what_is_temporary_is_not_found(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("xylophone 量子", temporary=True)
        await tab.finished(sent["turn"])
        await tab.call("title", conversation=sent["conversation"], title="xylophone 量子")
        edited = await tab.call("edit", message=sent["message"], text="a xylophone", client_id="e-1")
        await tab.finished(edited["turn"])
        for query in ("xylophone", "量子", "x"):
            assert await found(tab, query) == []
    assert problems(server.settings) == []


async def test_nobody_finds_what_is_somebody_elses(server: Running) -> None:
    ann, bob = await Person.register(server.url), await Person.register(server.url, "bob")
    async with ann.tab() as tab, bob.tab() as other:
        sent = await ask(tab, "xylophone 量子")
        await tab.call("title", conversation=sent["conversation"], title="xylophone 量子")
        for query in ("xylophone", "量子", "x"):
            assert await found(other, query) == []
            assert await found(tab, query)


async def test_titles_by_activity_then_messages_by_age(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = [await ask(tab, f"xylophone {number}") for number in range(4)]
        for one in sent[:3]:
            await tab.call("title", conversation=one["conversation"], title="xylophone")
        await tab.call("title", conversation=sent[3]["conversation"], title="Mine")
        await ask(tab, "unrelated", sent[1]["conversation"])
        conversations = [hit["conversation"] for hit in await hits(tab, "xylophone") if "message" not in hit]
        assert conversations == [sent[number]["conversation"] for number in (1, 2, 0)]
        questions = [one["message"] for one in sent]
        assert [each for each in await found(tab, "xylophone") if each in questions] == questions[::-1]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "query"),
        ({"query": ""}, "query"),
        ({"query": "x" * 201}, "query"),
        ({"query": 1}, "query"),
        ({"query": "x", "limit": 0}, "limit"),
        ({"query": "x", "limit": 101}, "limit"),
        ({"query": "x", "before": "y"}, "before"),
    ],
)
async def test_what_cannot_be_looked_for(fields: dict[str, object], field: str, server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        with pytest.raises(Refused) as refused:
            await tab.call("search", **fields)
        assert (refused.value.code, refused.value.frame["field"]) == ("invalid", field)


async def test_other_commands_need_not_wait(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """And of searches that take long, the fifth of a tab is refused."""
    ann = await Person.register(server.url)

    async def look(*_: object) -> None:
        await anyio.sleep_forever()

    monkeypatch.setattr("server.search.service.Search.find", look)
    async with ann.tab() as tab:
        searches = [await tab.post("search", query="x") for _ in range(5)]
        await tab.call("ping")
        with pytest.raises(Refused) as refused:
            await tab.reply(searches.pop())
        assert refused.value.code == "busy"
        assert not any(frame.get("id") in searches for frame in tab.frames)
