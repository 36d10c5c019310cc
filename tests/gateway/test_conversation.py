"""Asking, following, stopping, asking again: what every tab of a person sees."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.client import Person, Refused
from tests.fixtures.server import Running

pytestmark = pytest.mark.anyio


async def test_an_answer_grows_and_is_stored(server: Running) -> None:
    """The joined deltas are the stored text; a fresh snapshot holds the same."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("What is Parley?")
        message = await tab.finished(sent["turn"])
        assert message["status"] == "complete"
        assert message["text"]
        assert tab.joined(sent["turn"]) == message["text"]
        opened = await tab.call("open", conversation=sent["conversation"], format="text")
        question, answer = opened["snapshot"]["messages"]
        assert question["text"] == "What is Parley?"
        assert answer == message
        assert opened["snapshot"]["live"] == []
        assert opened["snapshot"]["next"] is None


async def test_a_reply_comes_before_the_events_it_causes(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("/long")
        await tab.call("stop", turn=sent["turn"])
        await tab.finished(sent["turn"])
        again = await tab.post("send", conversation=sent["conversation"], text="again", client_id="again")
        reply = await tab.reply(again)
        await tab.finished(reply["turn"])
        kinds = [frame["type"] for frame in tab.frames]
        at = next(index for index, frame in enumerate(tab.frames) if frame.get("id") == again)
        assert "message.created" in kinds[at:]
        created = [frame for frame in tab.frames[:at] if frame.get("message", {}).get("id") == reply["message"]]
        assert created == []


async def test_offsets_have_no_gap(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("hello")
        await tab.finished(sent["turn"])
        offset = sent["offset"]
        for event in tab.of_type("message.created", "turn.started", "turn.finished"):
            assert event["offset"] > offset
            offset = event["offset"]


async def test_blocks_joined_are_the_stored_html(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("hello", format="html")
        message = await tab.finished(sent["turn"])
        assert "".join(tab.blocks(sent["turn"])) == message["html"]
        assert tab.of_type("turn.delta") == []
        opened = await tab.call("open", conversation=sent["conversation"])
        assert opened["snapshot"]["messages"][-1]["html"] == message["html"]


async def test_unknown_ids_are_not_found(server: Running) -> None:
    """A foreign id is answered like one that does not exist, in every command."""
    ann = await Person.register(server.url)
    bob = await Person.register(server.url, "bob")
    async with ann.tab() as hers, bob.tab() as his:
        sent = await hers.send("a secret")
        await hers.finished(sent["turn"])
        for ids in (sent, {"conversation": "nothing", "message": "nothing", "turn": "nothing"}):
            commands: list[tuple[str, Any]] = [
                ("open", {"conversation": ids["conversation"]}),
                ("send", {"conversation": ids["conversation"], "text": "x", "client_id": "x"}),
                ("stop", {"turn": ids["turn"]}),
                ("regenerate", {"turn": ids["turn"]}),
                ("edit", {"message": ids["message"], "text": "x", "client_id": "x"}),
                ("continue", {"turn": ids["turn"]}),
                ("select", {"message": ids["turn"]}),
                ("draft", {"conversation": ids["conversation"], "text": "x"}),
                ("title", {"conversation": ids["conversation"], "title": "x"}),
                ("title", {"conversation": ids["conversation"]}),
                ("history", {"conversation": ids["conversation"], "before": ids["turn"]}),
                ("history", {"conversation": ids["conversation"], "around": ids["turn"]}),
                ("update", {"conversation": ids["conversation"], "pinned": True}),
                ("delete", {"conversations": [ids["conversation"]]}),
                ("share.create", {"conversation": ids["conversation"]}),
                ("share.list", {"conversation": ids["conversation"]}),
                ("share.delete", {"share": ids["turn"]}),
                ("read", {"conversation": ids["conversation"], "message": ids["turn"]}),
            ]
            for name, fields in commands:
                with pytest.raises(Refused) as refused:
                    await his.call(name, **fields)
                assert refused.value.code == "not_found", name
        assert his.events == []
