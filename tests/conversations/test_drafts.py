"""What is typed and not sent: kept, and the same in every tab."""

from __future__ import annotations

import pytest

from server.conversations import drafts
from tests.fixtures.client import Person, Refused
from tests.fixtures.server import Running

pytestmark = pytest.mark.anyio


async def test_a_draft_is_seen_elsewhere_and_kept(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab, ann.tab() as other:
        sent = await tab.send("question")
        await tab.ended(sent["turn"])
        here = sent["conversation"]
        assert await tab.call("draft", conversation=here, text="半") == {}
        assert await tab.call("draft", conversation=here, text="半个") == {}
        assert await tab.call("draft", conversation=None, text="new") == {}
        event = await other.event("draft", text="半个")
        assert (event["conversation"], event["connection"]) == (here, tab.hello["connection"])
        async with ann.tab() as new:
            kept = {draft["conversation"]: draft["text"] for draft in new.synced["snapshot"]["drafts"]}
            assert kept == {here: "半个", None: "new"}
        await tab.call("draft", conversation=None, text="")
        await other.event("draft", conversation=None, text="")
        seen = len(other.events)
        await tab.call("draft", conversation=here, text="半个")
        await other.call("ping")
        assert other.events[seen:] == []
        async with ann.tab() as new:
            assert [draft["conversation"] for draft in new.synced["snapshot"]["drafts"]] == [here]


async def test_sending_clears_it(server: Running) -> None:
    """In its own place, and in every tab."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab, ann.tab() as other:
        await tab.call("draft", conversation=None, text="question")
        sent = await tab.send("question")
        cleared = await other.event("draft", text="")
        assert (cleared["conversation"], cleared["connection"]) == (None, tab.hello["connection"])
        await tab.ended(sent["turn"])
        await tab.call("draft", conversation=sent["conversation"], text="more")
        await tab.call("draft", conversation=None, text="another")
        more = await tab.send("more", sent["conversation"])
        await other.event("draft", conversation=sent["conversation"], text="")
        await tab.ended(more["turn"])
        async with ann.tab() as new:
            assert new.synced["snapshot"]["drafts"] == [{"conversation": None, "text": "another"}]


async def test_a_draft_goes_with_its_conversation(server: Running) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("question")
        await tab.ended(sent["turn"])
        await tab.call("draft", conversation=sent["conversation"], text="more")
        await tab.call("delete", conversations=[sent["conversation"]])
        async with ann.tab() as new:
            assert new.synced["snapshot"]["drafts"] == []


async def test_only_so_much_is_kept(server: Running) -> None:
    """The oldest go, and every tab is told; one that is too long is refused."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab, ann.tab() as other:
        made = []
        for number in range(3):
            sent = await tab.send(f"question {number}")
            await tab.ended(sent["turn"])
            made.append(sent["conversation"])
            await tab.call("draft", conversation=made[-1], text="汉" * (drafts.MOST_BYTES // 6))
        await other.event("draft", conversation=made[0], text="")
        with pytest.raises(Refused) as refused:
            await tab.call("draft", conversation=None, text="x" * 100_001)
        assert (refused.value.code, refused.value.frame["field"]) == ("too_large", "text")
        async with ann.tab() as new:
            kept = [draft["conversation"] for draft in new.synced["snapshot"]["drafts"]]
            assert sorted(kept) == sorted(made[1:])
