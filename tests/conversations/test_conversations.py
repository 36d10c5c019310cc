"""Listing, naming, keeping and deleting conversations, and what other tabs see of it."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest

from server.protocol.commands import MAX_SYSTEM_PROMPT
from tests.fixtures.client import Person, Refused
from tests.fixtures.server import Running

pytestmark = pytest.mark.anyio


async def test_pages_hold_every_conversation_once(server: Running) -> None:
    """Newest activity first; a cursor stays valid when its conversation moves on or is deleted."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        made = []
        for number in range(7):
            sent = await tab.send(f"question {number}")
            await tab.event("turn.status", turn=sent["turn"], status="complete")
            made.append(sent["conversation"])
        await tab.call("update", conversation=made[0], archived=True)
        page = await tab.call("list", limit=2)
        assert [row["id"] for row in page["conversations"]] == [made[6], made[5]]
        await tab.call("delete", conversations=[made[5]])
        rest = []
        while page["next"] is not None:
            page = await tab.call("list", limit=2, before=page["next"])
            rest += [row["id"] for row in page["conversations"]]
        assert rest == [made[4], made[3], made[2], made[1]]
        archived = await tab.call("list", archived=True)
        assert [row["id"] for row in archived["conversations"]] == [made[0]]
        for nonsense in ("nonsense", "1", "-", f"fffffffffffffff-{made[0]}", f"٣-{made[0]}"):
            with pytest.raises(Refused) as refused:
                await tab.call("list", before=nonsense)
            assert refused.value.frame["field"] == "before"


@pytest.mark.parametrize("limit", [0, 101, -1])
async def test_limits_of_a_page(server: Running, limit: int) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        with pytest.raises(Refused) as refused:
            await tab.call("list", limit=limit)
        assert refused.value.code == "invalid"


async def test_what_a_tab_begins_with_fits_a_frame(server: Running) -> None:
    """However long the prompts are, the settings and what is typed: the list goes on, and holds every conversation."""
    prompt = "汉" * MAX_SYSTEM_PROMPT
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        made = []
        for number in range(12):
            sent = await tab.send(f"question {number}")
            await tab.finished(sent["turn"])
            made.append(sent["conversation"])
            await tab.call("update", conversation=made[-1], system_prompt=prompt, pinned=number % 2 == 0)
            await tab.call("draft", conversation=made[-1], text=prompt)
        await tab.call("settings", key="system_prompt", value=prompt)
        for number in range(5):
            await tab.call("settings", key=f"own.{number}", value="汉" * 6_000)
        with pytest.raises(Refused) as refused:
            await tab.call("settings", key="own.5", value="汉" * 6_000)
        assert (refused.value.code, refused.value.frame["field"]) == ("too_large", "value")

        async with ann.tab() as new:
            snapshot = new.synced["snapshot"]
            assert len(json.dumps(new.synced, ensure_ascii=False).encode()) < 1 << 20
            listed = [row["id"] for row in snapshot["conversations"]]
            cursor = snapshot["next"]
            while cursor is not None:
                page = await new.call("list", before=cursor)
                listed += [row["id"] for row in page["conversations"]]
                cursor = page["next"]
            assert sorted(listed) == sorted(made)


async def test_a_snapshot_holds_all_that_are_pinned(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        old = await tab.send("old")
        await tab.finished(old["turn"])
        updated = await tab.call("update", conversation=old["conversation"], pinned=True)
        assert updated["conversation"]["pinned"] is True
        for number in range(51):
            sent = await tab.send(f"question {number}")
            await tab.event("turn.status", turn=sent["turn"], status="complete")
        async with ann.tab() as new:
            snapshot = new.synced["snapshot"]
            assert old["conversation"] in [row["id"] for row in snapshot["conversations"]]
            assert len(snapshot["conversations"]) == 51
            page = await new.call("list", before=snapshot["next"])
            assert len(page["conversations"]) == 2


async def test_long_conversations_come_in_pages(server: Running) -> None:
    """The newest 50 messages, then their ancestors."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("question 0")
        await tab.event("turn.status", turn=sent["turn"], status="complete")
        for number in range(1, 30):
            sent = await tab.send(f"question {number}", sent["conversation"])
            await tab.event("turn.status", turn=sent["turn"], status="complete")
        snapshot = (await tab.call("open", conversation=sent["conversation"]))["snapshot"]
        assert len(snapshot["messages"]) == 50
        assert snapshot["next"] == snapshot["messages"][0]["id"]
        page = await tab.call("history", conversation=sent["conversation"], before=snapshot["next"], limit=7)
        assert [row["text"] for row in page["messages"]][1::2] == ["question 2", "question 3", "question 4"]
        last = await tab.call("history", conversation=sent["conversation"], before=page["next"])
        assert last["messages"][0]["text"] == "question 0"
        assert last["next"] is None
        whole = [*last["messages"], *page["messages"], *snapshot["messages"]]
        assert [row["parent"] for row in whole[1:]] == [row["id"] for row in whole[:-1]]


async def test_what_one_tab_changes_the_other_sees(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab, ann.tab() as other:
        sent = await tab.send("question")
        await tab.event("turn.status", turn=sent["turn"], status="complete")
        conversation = sent["conversation"]
        await tab.call("read", conversation=conversation, message=sent["turn"])
        await tab.call("title", conversation=conversation, title="Mine")
        await tab.call("update", conversation=conversation, system_prompt="Be brief.", params={"max_tokens": 100})
        await tab.call("settings", key="theme", value="dark")
        await other.event("settings.updated", key="theme", value="dark")
        last = other.of_type("conversation.updated")[-1]["conversation"]
        assert (last["title"], last["unread"], last["params"]) == ("Mine", False, {"max_tokens": 100})
        async with ann.tab() as new:
            assert new.synced["snapshot"]["settings"] == {"theme": "dark"}
            assert new.synced["snapshot"]["conversations"] == [last]
        await tab.call("settings", key="theme", value=None)
        await other.event("settings.updated", key="theme", value=None)


async def test_deleting_while_other_tabs_ask(server: Running) -> None:
    """Answers that begin meanwhile are stopped as well; what is gone is not found."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab, ann.tab() as other:
        for _ in range(6):
            sent = await tab.send("/long")
            await tab.ended(sent["turn"])
            again = await other.post("regenerate", turn=sent["turn"])
            gone = await tab.post("delete", conversations=[sent["conversation"]])
            more = await other.post("send", conversation=sent["conversation"], text="x", client_id=sent["turn"])
            assert await tab.reply(gone) == {}
            for request in (again, more):
                with suppress(Refused):
                    await other.reply(request)
            with pytest.raises(Refused) as refused:
                await tab.call("open", conversation=sent["conversation"])
            assert refused.value.code == "not_found"


async def test_ancestors_of_a_message_of_another_conversation(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        one, two = await tab.send("one"), await tab.send("two")
        with pytest.raises(Refused) as refused:
            await tab.call("history", conversation=one["conversation"], before=two["turn"])
        assert refused.value.code == "not_found"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"params": {"temperature": 2.5}}, "params.temperature"),
        ({"params": {"max_tokens": 0}}, "params.max_tokens"),
        ({"params": {"wat": 1}}, "params.wat"),
        ({"pinned": "yes"}, "pinned"),
        ({"colour": "red"}, "colour"),
    ],
)
async def test_what_cannot_be_kept(server: Running, fields: dict[str, object], field: str) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("question")
        with pytest.raises(Refused) as refused:
            await tab.call("update", conversation=sent["conversation"], **fields)
        assert (refused.value.code, refused.value.frame["field"]) == ("invalid", field)


@pytest.mark.parametrize("value", [7, ["x"], "的" * 32_001])
async def test_what_is_no_personal_prompt(server: Running, value: object) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        await tab.call("settings", key="system_prompt", value="的" * 32_000)
        with pytest.raises(Refused) as refused:
            await tab.call("settings", key="system_prompt", value=value)
        assert (refused.value.code, refused.value.frame["field"]) == ("invalid", "value")
        async with ann.tab() as new:
            assert new.synced["snapshot"]["settings"] == {"system_prompt": "的" * 32_000}


async def test_models_are_listed(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        listed = await tab.call("models")
        assert [model["demo"] for model in listed["models"]] == [True]
        assert listed["models"] == tab.synced["snapshot"]["models"]
