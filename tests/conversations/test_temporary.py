"""Conversations that are not kept."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import anyio
import pytest
from sqlmodel import Session, select

from server import app
from server.conversations.service import Conversations
from server.db import Database
from server.journal import Journal
from server.realtime.event_log_memory import MemoryEventLog
from server.tables import Conversation, User, now
from tests.fixtures.client import Person, Refused
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = pytest.mark.anyio


async def test_it_is_listed_nowhere_and_can_be_followed(scripted: Running, upstream: Upstream) -> None:
    """No model is asked for its title, not even by the person; other tabs hear of its end."""
    for _ in range(2):
        upstream.script(delta("An answer."), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab, ann.tab() as other:
        sent = await tab.send("Why are there tides?", temporary=True)
        await tab.finished(sent["turn"])
        conversation = sent["conversation"]
        assert (await tab.event("conversation.created"))["conversation"]["temporary"] is True
        second = await tab.send("And storms?", conversation)
        await tab.ended(second["turn"])
        assert (await tab.call("title", conversation=conversation))["title"] == "Why are there tides?"
        assert len(upstream.chats) == 2

        async with ann.tab() as new:
            assert new.synced["snapshot"]["conversations"] == []
            for fields in ({}, {"folder": None}, {"archived": True}):
                assert (await new.call("list", **fields))["conversations"] == []
            assert (await new.call("search", query="storms"))["hits"] == []
            opened = (await new.call("open", conversation=conversation))["snapshot"]
            assert len(opened["messages"]) == 4
            assert opened["conversation"]["temporary"] is True
        await tab.call("delete", conversations=[conversation])
        await other.event("conversation.deleted", conversation=conversation)


async def test_it_cannot_be_kept(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        kept = await tab.send("kept")
        await tab.ended(kept["turn"])
        assert "temporary" not in (await tab.event("conversation.created"))["conversation"]
        with pytest.raises(Refused) as refused:
            await tab.send("not any more", kept["conversation"], temporary=True)
        assert (refused.value.code, refused.value.frame["field"]) == ("invalid", "temporary")

        sent = await tab.send("question", temporary=True)
        folder = (await tab.call("folder.create", name="Folder"))["folder"]["id"]
        for fields in ({"pinned": True}, {"archived": True}, {"folder": folder}):
            with pytest.raises(Refused) as refused:
                await tab.call("update", conversation=sent["conversation"], **fields)
            assert refused.value.code == "conflict"
        with pytest.raises(Refused) as refused:
            await tab.call("share.create", conversation=sent["conversation"])
        assert refused.value.code == "conflict"
        await tab.call(
            "update", conversation=sent["conversation"], system_prompt="Be brief.", pinned=False, folder=None
        )


async def test_the_same_question_kept_is_another(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("question", client_id="same", temporary=True)
        assert (await tab.send("question", client_id="same", temporary=True))["conversation"] == sent["conversation"]
        with pytest.raises(Refused) as refused:
            await tab.send("question", client_id="same")
        assert refused.value.code == "conflict"


async def test_the_server_forgets_it(
    tmp_path: Path, database_url: str, upstream: Upstream, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not while an answer runs in it, and no other conversation."""
    monkeypatch.setattr(app, "TEMPORARY_SECONDS", 0.1)
    gate = Gate()
    upstream.script(delta("kept"), finish(), DONE)
    upstream.script(delta("title"), finish(), DONE)
    upstream.script(delta("half "), gate, finish(), DONE)
    upstream.script(delta("whole"), finish(), DONE)
    models = {"openai_api_key": "sk-x", "openai_base_url": upstream.base_url}
    with running(settings_for(tmp_path, database_url=database_url, temporary_seconds=1, **models)) as server:
        ann = await Person.register(server.url)
        async with ann.tab() as tab:
            kept = await tab.send("kept")
            await tab.ended(kept["turn"])
            await tab.until(lambda: len(upstream.chats) == 2)
            live = await tab.send("slow", temporary=True)
            await tab.event("turn.status", turn=live["turn"], status="streaming")
            left = await tab.send("quick", temporary=True)
            await tab.ended(left["turn"])
            await tab.event("conversation.deleted", conversation=left["conversation"])
            assert len(tab.of_type("conversation.deleted")) == 1
            gate.open()
            assert (await tab.finished(live["turn"]))["status"] == "complete"
            await tab.event("conversation.deleted", conversation=live["conversation"])
            assert [row["id"] for row in (await tab.call("list"))["conversations"]] == [kept["conversation"]]


async def test_several_workers_forget_it_once(tmp_path: Path, database_url: str) -> None:
    """All of them look at the same moment, and each end is told of once; where something happens now nothing ends."""
    settings = settings_for(tmp_path, database_url=database_url)
    with running(settings) as server:
        ann = await Person.register(server.url)
        async with ann.tab() as tab:
            made = [await tab.send(f"{number}", temporary=True) for number in range(4)]
            for sent in made:
                await tab.ended(sent["turn"])
    database = Database(settings)
    before = now() + timedelta(seconds=60)

    def go_on(session: Session) -> int:
        session.get_one(Conversation, made[-1]["conversation"]).updated_at = before + timedelta(seconds=1)
        return session.get_one(User, ann.user["id"]).version

    try:
        version = await database.write(go_on)
        async with anyio.create_task_group() as tasks:
            for _ in range(4):
                worker = Conversations(database, Journal(database, MemoryEventLog()), draft_chars=1)
                tasks.start_soon(worker.forget_temporary, before)
        left = await database.read(lambda session: list(session.exec(select(Conversation.id))))
        assert left == [made[-1]["conversation"]]
        told = await database.read(lambda session: session.get_one(User, ann.user["id"]).version) - version
        assert told == 3
    finally:
        database.close()
