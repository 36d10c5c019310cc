"""Folders, and which conversations are in them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
from sqlmodel import Session, select

from server import db
from server.tables import Folder, User
from tests.fixtures.client import Person, Refused, Tab
from tests.fixtures.server import Running

pytestmark = pytest.mark.anyio


async def refusal(asked: Awaitable[object]) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        await asked
    return refused.value.code, refused.value.frame.get("field")


async def made(tab: Tab, name: str) -> str:
    folder: str = (await tab.call("folder.create", name=name))["folder"]["id"]
    return folder


async def talk(tab: Tab, text: str) -> str:
    sent = await tab.send(text)
    await tab.ended(sent["turn"])
    conversation: str = sent["conversation"]
    return conversation


async def ids(tab: Tab, **fields: object) -> list[str]:
    return [row["id"] for row in (await tab.call("list", **fields))["conversations"]]


async def test_another_tab_sees_them_made_renamed_and_deleted(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab, ann.tab() as other:
        assert tab.synced["snapshot"]["folders"] == []
        created = await tab.call("folder.create", name="  旅行\n 🌊 ")
        assert created["folder"]["name"] == "旅行 🌊"
        folder = created["folder"]["id"]
        second = await made(tab, "Work")
        await tab.call("folder.update", folder=folder, name="Travel")
        await tab.call("folder.update", folder=folder, name="Travel")
        await tab.call("folder.delete", folder=second)
        await other.until(lambda: len(other.of_type("folders.updated")) == 4)
        told = [[one["name"] for one in event["folders"]] for event in other.of_type("folders.updated")]
        assert told == [["旅行 🌊"], ["旅行 🌊", "Work"], ["Travel", "Work"], ["Travel"]]
        async with ann.tab() as new:
            assert new.synced["snapshot"]["folders"] == [{"id": folder, "name": "Travel"}]


async def test_moving_in_and_out(server: Running) -> None:
    """To move is no activity; what is in a folder that goes is in none, and loses nothing."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab, ann.tab() as other:
        one, two, three = [await talk(tab, text) for text in ("one", "two", "three")]
        folder = await made(tab, "Travel")
        before = {row["id"]: row["updated_at"] for row in (await tab.call("list"))["conversations"]}
        for conversation in (one, two):
            moved = (await tab.call("update", conversation=conversation, folder=folder))["conversation"]
            assert (moved["folder"], moved["updated_at"]) == (folder, before[conversation])
        assert await ids(tab, folder=folder) == [two, one]
        assert await ids(tab, folder=None) == [three]
        assert await ids(tab) == [three, two, one]
        page = await tab.call("list", folder=folder, limit=1)
        assert await ids(tab, folder=folder, before=page["next"]) == [one]

        out = (await tab.call("update", conversation=two, folder=None))["conversation"]
        assert "folder" not in out
        await tab.call("update", conversation=one, archived=True)
        assert await ids(tab, folder=folder) == []
        await tab.call("folder.delete", folder=folder)
        await other.event("folders.updated", folders=[])
        (kept,) = (await tab.call("list", archived=True))["conversations"]
        assert (kept["id"], kept.get("folder")) == (one, None)
        assert await ids(tab, folder=None) == [three, two]


async def test_what_is_no_folder_of_ones_own(server: Running) -> None:
    """A foreign one answers like one that does not exist."""
    ann, ben = await Person.register(server.url), await Person.register(server.url, "ben")
    async with ann.tab() as tab, ben.tab() as foreign:
        theirs = await made(foreign, "Ben's")
        conversation = await talk(tab, "question")
        asks: list[Callable[[str], Awaitable[object]]] = [
            lambda folder: tab.call("folder.update", folder=folder, name="x"),
            lambda folder: tab.call("folder.delete", folder=folder),
            lambda folder: tab.call("update", conversation=conversation, folder=folder),
            lambda folder: tab.call("list", folder=folder),
        ]
        for ask in asks:
            for folder in (theirs, "0" * 24):
                assert await refusal(ask(folder)) == ("not_found", "folder")
        await foreign.call("folder.delete", folder=theirs)
        assert tab.of_type("folders.updated") == []


async def test_names_and_numbers_have_limits(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        for name in ("", " \n", "x" * 81):
            assert await refusal(tab.call("folder.create", name=name)) == ("invalid", "name")
        await made(tab, "the first")
        with db.engine_for(server.settings) as engine, Session(engine) as session:
            owner = session.exec(select(User.id)).one()
            session.add_all(Folder(user_id=owner, name=f"{number}") for number in range(198))
            session.commit()
        await made(tab, "the last")
        assert await refusal(tab.call("folder.create", name="one more")) == ("conflict", "folder")
