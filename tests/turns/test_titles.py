"""Titles that write themselves."""

from __future__ import annotations

import pytest

from server.turns.titles import TITLE_CHARS, first_words, tidy
from tests.fixtures.client import Person, Tab
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish


def titles(tab: Tab) -> list[str]:
    """The titles that the tab was told of, in order."""
    return [event["conversation"]["title"] for event in tab.of_type("conversation.updated")]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Tides and the moon", "Tides and the moon"),
        ('"Tides and the moon."', "Tides and the moon"),
        ("**Title:** Tides", "Tides"),
        ("标题：《潮汐与月亮》。", "潮汐与月亮"),
        ("\n\n# Tides\nand more", "Tides"),
        ("", ""),
        ("```", ""),
        ("word " * 40, "word word word word word word word word word word word…"),
    ],
)
def test_what_a_model_says_becomes_a_title(said: str, title: str) -> None:
    assert tidy(said) == title
    assert len(tidy(said)) <= TITLE_CHARS


@pytest.mark.parametrize(
    ("question", "title"),
    [
        ("Why are there tides?", "Why are there tides?"),
        ("\n  # **Why**\nmore", "Why"),
        ("潮" * 100, "潮" * 59 + "…"),
        ("```\n```\nx", "x"),
    ],
)
def test_the_first_words_serve(question: str, title: str) -> None:
    assert first_words(question) == title


@pytest.mark.anyio
async def test_the_model_names_it_in_every_tab(scripted: Running, upstream: Upstream) -> None:
    upstream.script(delta("Because of the moon."), finish(), DONE)
    upstream.script(delta('"Tides and moon."'), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab, ann.tab() as other:
        await tab.send("Why are there tides?")
        created = await tab.event("conversation.created")
        assert created["conversation"]["title"] == "Why are there tides?"

        def named() -> bool:
            return any(
                event["conversation"]["title"] == "Tides and moon" for event in other.of_type("conversation.updated")
            )

        await other.until(named)


@pytest.mark.anyio
async def test_a_persons_title_stays(scripted: Running, upstream: Upstream) -> None:
    """Also when the model is writing one at that moment."""
    gate = Gate()
    upstream.script(delta("Because."), finish(), DONE)
    upstream.script(delta("From the "), gate, delta("model"), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.finished(sent["turn"])
        await tab.until(lambda: len(upstream.chats) == 2)
        assert await tab.call("title", conversation=sent["conversation"], title="  Mine\nalone ") == {
            "title": "Mine alone"
        }
        gate.open()
        assert await tab.call("title", conversation=sent["conversation"]) == {"title": "Mine alone"}


@pytest.mark.anyio
async def test_a_title_on_demand(scripted: Running, upstream: Upstream) -> None:
    """Other commands go on meanwhile, and the reply comes before its event."""
    gate = Gate()
    for words in ("Because.", "First"):
        upstream.script(delta(words), finish(), DONE)
    upstream.script(gate, delta("Second"), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.until(lambda: "First" in titles(tab))
        request = await tab.post("title", conversation=sent["conversation"])
        await tab.call("ping")
        assert not any(frame.get("id") == request for frame in tab.frames)
        gate.open()
        assert await tab.reply(request) == {"title": "Second"}
        await tab.until(lambda: "Second" in titles(tab))
        order = [
            frame.get("id") or frame["conversation"]["title"]
            for frame in tab.frames
            if frame.get("id") == request or frame["type"] == "conversation.updated"
        ]
        assert order[-2:] == [request, "Second"]


@pytest.mark.anyio
async def test_without_a_model_the_words_stay(scripted: Running, upstream: Upstream) -> None:
    upstream.script(delta("Because."), finish(), DONE)
    upstream.script_json({"error": {"message": "no"}}, 500)
    upstream.script_json({"error": {"message": "no"}}, 500)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why are there tides?")
        await tab.finished(sent["turn"])
        await tab.until(lambda: len(upstream.chats) == 2)
        assert await tab.call("title", conversation=sent["conversation"]) == {"title": "Why are there tides?"}
