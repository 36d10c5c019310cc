"""Prompts that somebody keeps."""

from __future__ import annotations

import pytest

from tests.fixtures.client import Person, Refused
from tests.fixtures.server import Running

pytestmark = pytest.mark.anyio


async def test_another_tab_sees_them_kept_changed_and_deleted(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab, ann.tab() as other:
        assert tab.synced["snapshot"]["presets"] == []
        first = (await tab.call("preset.save", name=" 翻译\n成英文 ", text="把下面的文字翻译成英文：\n\n"))["preset"]
        assert (first["name"], first["text"]) == ("翻译 成英文", "把下面的文字翻译成英文：\n\n")
        second = (await tab.call("preset.save", name="Brief", text="Be brief. 🌊"))["preset"]
        changed = (await tab.call("preset.save", preset=first["id"], name="To English", text="Translate:"))["preset"]
        assert changed == {"id": first["id"], "name": "To English", "text": "Translate:"}
        assert (await tab.call("preset.save", preset=first["id"], name="To English", text="Translate:"))[
            "preset"
        ] == changed
        await tab.call("preset.delete", preset=second["id"])
        await other.until(lambda: len(other.of_type("presets.updated")) == 4)
        told = [event["presets"] for event in other.of_type("presets.updated")]
        assert told == [[first], [first, second], [changed, second], [changed]]
        async with ann.tab() as new:
            assert new.synced["snapshot"]["presets"] == [changed]


async def test_what_is_no_preset_of_ones_own(server: Running) -> None:
    """A foreign one answers like one that does not exist."""
    ann, ben = await Person.register(server.url), await Person.register(server.url, "ben")
    async with ann.tab() as tab, ben.tab() as foreign:
        theirs = (await foreign.call("preset.save", name="Ben's", text="x"))["preset"]
        for preset in (theirs["id"], "0" * 24):
            for name, fields in (("preset.save", {"name": "n", "text": "t"}), ("preset.delete", {})):
                with pytest.raises(Refused) as refused:
                    await tab.call(name, preset=preset, **fields)
                assert (refused.value.code, refused.value.frame["field"]) == ("not_found", "preset")
        async with ben.tab() as again:
            assert again.synced["snapshot"]["presets"] == [theirs]


@pytest.mark.parametrize(
    ("name", "text", "field"),
    [("", "x", "name"), (" \n", "x", "name"), ("n" * 81, "x", "name"), ("n", "", "text"), ("n", " ", "text"),
     ("n", "x" * 16_001, "text")],
)  # fmt: skip
async def test_what_cannot_be_kept(server: Running, name: str, text: str, field: str) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        with pytest.raises(Refused) as refused:
            await tab.call("preset.save", name=name, text=text)
        assert (refused.value.code, refused.value.frame["field"]) == ("invalid", field)


async def test_there_is_room_for_so_many_and_so_much(server: Running) -> None:
    """What is refused leaves nothing behind."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        large = "的" * 16_000
        for number in range(5):
            await tab.call("preset.save", name=f"{number}", text=large)
        with pytest.raises(Refused) as refused:
            await tab.call("preset.save", name="one more", text=large)
        assert (refused.value.code, refused.value.frame["field"]) == ("too_large", "text")
        for request in [await tab.post("preset.save", name=f"{number}", text="x") for number in range(195)]:
            await tab.reply(request)
        with pytest.raises(Refused) as refused:
            await tab.call("preset.save", name="one more", text="x")
        assert (refused.value.code, refused.value.frame["field"]) == ("conflict", "preset")
        async with ann.tab() as new:
            assert len(new.synced["snapshot"]["presets"]) == 200
