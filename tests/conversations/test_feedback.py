"""What somebody thinks of an answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fixtures.client import Person, Refused
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = pytest.mark.anyio


async def test_it_is_told_to_other_tabs_and_kept(server: Running) -> None:
    """The last one counts as a whole; said twice it is told once; taken back it is gone, with its comment."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab, ann.tab() as other:
        sent = await tab.send("Why?")
        message = await tab.finished(sent["turn"])
        await other.call("open", conversation=sent["conversation"], format="text")
        said: list[tuple[dict[str, Any], dict[str, Any] | None]] = [
            ({"value": "bad", "comment": "  太长了 🌊 "}, {"value": "bad", "comment": "太长了 🌊"}),
            ({"value": "bad", "comment": "太长了 🌊"}, {"value": "bad", "comment": "太长了 🌊"}),
            ({"value": "good", "comment": " "}, {"value": "good"}),
            ({"value": None, "comment": "nothing"}, None),
        ]
        for fields, feedback in said:
            assert await tab.call("feedback", message=sent["turn"], **fields) == {}
            async with ann.tab() as new:
                opened = await new.call("open", conversation=sent["conversation"], format="text")
                assert opened["snapshot"]["messages"][-1].get("feedback") == feedback
        await other.until(lambda: len(other.of_type("message.updated")) == 3)
        told = [event["message"] for event in other.of_type("message.updated")]
        assert [row.get("feedback") for row in told] == [said[0][1], said[2][1], None]
        assert told[-1] == message


async def test_what_is_no_answer_of_ones_own(server: Running) -> None:
    ann, ben = await Person.register(server.url), await Person.register(server.url, "ben")
    async with ann.tab() as tab, ben.tab() as foreign:
        sent = await tab.send("Why?")
        await tab.finished(sent["turn"])
        for asking, message, code in (
            (tab, sent["message"], "invalid"),
            (tab, "0" * 24, "not_found"),
            (foreign, sent["turn"], "not_found"),
        ):
            with pytest.raises(Refused) as refused:
                await asking.call("feedback", message=message, value="good")
            assert refused.value.code == code
        for fields in ({"value": "nice"}, {"value": "good", "comment": "x" * 2001}):
            with pytest.raises(Refused) as refused:
                await tab.call("feedback", message=sent["turn"], **fields)
            assert refused.value.code == "invalid"


async def test_a_running_answer_has_to_end_first(scripted: Running, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(delta("half "), gate, finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.event("turn.delta")
        with pytest.raises(Refused) as refused:
            await tab.call("feedback", message=sent["turn"], value="good")
        assert refused.value.code == "conflict"
        gate.open()
        await tab.finished(sent["turn"])
        await tab.call("feedback", message=sent["turn"], value="good")
