"""Two tabs, a third in text format, a reload in the middle: all end with exactly the stored text."""

from __future__ import annotations

from time import perf_counter

import anyio
import pytest

from tests.fixtures.client import Person, Refused
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, DROP, Gate, Upstream, delta, finish, reasoning

pytestmark = pytest.mark.anyio

MARKDOWN = "# Tides\n\nThe **moon** pulls.\n\n```python\nprint('潮汐 🌊')\n```\n\n- one\n- two\n\n**注意：**后面 done."


def pieces(text: str, size: int = 7) -> list[bytes]:
    return [delta(text[start : start + size]) for start in range(0, len(text), size)]


async def test_all_tabs_end_with_the_stored_text(scripted: Running, upstream: Upstream) -> None:
    """Two tabs, one in text format, one that comes in the middle, and one that reloads with its offset."""
    gate = Gate()
    steps = pieces(MARKDOWN)
    upstream.script(*steps[:6], gate, *steps[6:], finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as first, ann.tab() as second, ann.tab() as text:
        sent = await first.send("Why are there tides?", format="html")
        conversation, turn = sent["conversation"], sent["turn"]
        await second.event("conversation.created")
        await second.call("open", conversation=conversation)
        await text.call("open", conversation=conversation, format="text")
        await text.until(lambda: len(text.joined_from_snapshot(turn)) >= 42)
        async with ann.tab() as reloaded:
            snapshot = (await reloaded.call("open", conversation=conversation))["snapshot"]
            (live,) = snapshot["live"]
            assert MARKDOWN.startswith(live["text"])
            assert len(live["text"]) >= 42
            assert snapshot["messages"][-1]["text"] == ""
            assert snapshot["messages"][-1]["status"] == "streaming"
            gate.open()
            tabs = (first, second, text, reloaded)
            for tab in tabs:
                message = await tab.finished(turn)
                assert message["text"] == MARKDOWN
                assert message["status"] == "complete"
            assert text.joined_from_snapshot(turn) == MARKDOWN
            for tab in (first, second, reloaded):
                assert "".join(tab.blocks_from_snapshot(turn)) == message["html"]


async def test_coming_back_in_time_recovers_exactly_what_was_missed(scripted: Running, upstream: Upstream) -> None:
    gate = Gate()
    steps = pieces(MARKDOWN)
    upstream.script(*steps[:4], gate, *steps[4:], finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        turn = sent["turn"]
        await tab.until(lambda: len(tab.joined(turn)) >= 28)
        last = tab.of_type("turn.delta")[-1]["offset"]
    gate.open()
    async with ann.tab() as other:
        await other.call("open", conversation=sent["conversation"], format="text")
        await other.until(lambda: not other.last_opened["live"] or bool(other.of_type("turn.finished")))
    async with ann.tab() as back:
        opened = await back.call(
            "open", conversation=sent["conversation"], epoch=sent["epoch"], offset=last, format="text"
        )
        assert opened == {"epoch": sent["epoch"], "offset": last, "recovered": True}
        await back.finished(turn)
        offsets = [event["offset"] for event in back.of_type("turn.delta", "turn.finished")]
        assert offsets == sorted(set(offsets))
        assert offsets[0] > last
        joined = tab.joined(turn) + "".join(event["text"] for event in back.of_type("turn.delta"))
        assert joined == MARKDOWN


async def test_html_comes_back_with_a_whole_render(scripted: Running, upstream: Upstream) -> None:
    """A live turn starts with one render that keeps nothing, even when nothing is new."""
    gate = Gate()
    steps = pieces(MARKDOWN)
    upstream.script(*steps[:4], gate, *steps[4:], finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?", format="html")
        turn = sent["turn"]
        await tab.until(lambda: "pulls" in "".join(tab.blocks(turn)))
        last = tab.of_type("turn.render")[-1]["offset"]
        async with ann.tab() as back:
            opened = await back.call("open", conversation=sent["conversation"], epoch=sent["epoch"], offset=last)
            assert opened["recovered"] is True
            render = await back.event("turn.render")
            assert render["keep"] == 0
            assert render["blocks"] == tab.blocks(turn)
            gate.open()
            message = await back.finished(turn)
            assert "".join(back.blocks(turn)) == message["html"]


async def test_what_comes_back_in_html_comes_in_order(scripted: Running, upstream: Upstream) -> None:
    """Both parts are rendered anew, and no offset is lower than one before it or than the place named."""
    gate = Gate()
    upstream.script(reasoning("Let me think."), delta("Be"), gate, delta("cause."), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.until(lambda: tab.joined(sent["turn"]) == "Be")
        last = tab.of_type("turn.delta")[-1]["offset"]
        async with ann.tab() as back:
            await back.call("open", conversation=sent["conversation"], epoch=sent["epoch"], offset=last)
            await back.until(lambda: len(back.of_type("turn.render")) == 2)
            gate.open()
            message = await back.finished(sent["turn"])
            renders = back.of_type("turn.render")
            assert {render["part"] for render in renders[:2]} == {"answer", "reasoning"}
            offsets = [last, *(event["offset"] for event in back.of_type("turn.render", "turn.finished"))]
            assert offsets == sorted(offsets)
            assert "".join(back.blocks(sent["turn"])) == message["html"]
            assert "".join(back.blocks(sent["turn"], "reasoning")) == message["reasoning_html"]


@pytest.mark.parametrize("place", [{"epoch": "gone", "offset": 1}, {"epoch": None, "offset": 10**9}])
async def test_without_the_window_there_is_a_snapshot(server: Running, place: dict[str, object]) -> None:
    """Another epoch, an offset from the future: never a partial replay."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("hello")
        await tab.finished(sent["turn"])
        place = {"epoch": place["epoch"] or sent["epoch"], "offset": place["offset"]}
        opened = await tab.call("open", conversation=sent["conversation"], **place)
        assert opened["recovered"] is False
        assert [row["role"] for row in opened["snapshot"]["messages"]] == ["user", "assistant"]
        synced = await tab.call("sync", **place)
        assert synced["recovered"] is False


async def test_closing_ends_the_events_of_a_conversation(scripted: Running, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(delta("one "), gate, delta("two"), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab, ann.tab() as other:
        sent = await tab.send("Why?")
        await tab.event("turn.delta")
        await tab.call("close", conversation=sent["conversation"])
        seen = len(tab.of_type("turn.delta", "turn.finished"))
        gate.open()
        await tab.event("turn.status", status="complete")
        await tab.call("ping")
        assert len(tab.of_type("turn.delta", "turn.finished")) == seen
        assert (await other.event("turn.status", status="complete"))["turn"] == sent["turn"]


async def test_an_answer_says_how_long_was_thought(scripted: Running, upstream: Upstream) -> None:
    """From the first thought to the first word; in all runs together."""
    thinking, answering = Gate(), Gate()
    upstream.script(reasoning("Let me"), thinking, reasoning(" think."), delta("Be"), answering, DROP)
    upstream.script(reasoning("Hm."), thinking, delta("cause."), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        asked = perf_counter()
        sent = await tab.send("Why?")
        await tab.until(lambda: tab.joined(sent["turn"], "reasoning") == "Let me")
        seen = perf_counter()
        await anyio.sleep(0.05)  # it thinks for so long at least
        opened = perf_counter()
        thinking.open()
        await tab.until(lambda: tab.joined(sent["turn"]) == "Be")
        answered = perf_counter()
        answering.open()
        message = await tab.finished(sent["turn"])
        assert opened - seen <= message["reasoning_ms"] / 1000 + 0.001
        assert message["reasoning_ms"] / 1000 - 0.001 <= answered - asked

        await tab.call("continue", turn=sent["turn"])
        await tab.until(lambda: len(tab.of_type("turn.finished")) == 2)
        went_on = tab.of_type("turn.finished")[1]["message"]
        assert went_on["reasoning_ms"] >= message["reasoning_ms"]


async def test_reasoning_has_deltas_and_blocks_of_its_own(scripted: Running, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(reasoning("Let me "), gate, reasoning("think."), delta("Because."), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as text, ann.tab() as html:
        sent = await text.send("Why?")
        await html.event("conversation.created")
        await html.call("open", conversation=sent["conversation"])
        gate.open()
        message = await text.finished(sent["turn"])
        assert (message["text"], message["reasoning"]) == ("Because.", "Let me think.")
        assert text.joined(sent["turn"], "reasoning") == "Let me think."
        assert (await html.finished(sent["turn"]))["reasoning_html"] == "<p>Let me think.</p>\n"


async def test_the_same_socket_may_open_again_in_another_format(scripted: Running, upstream: Upstream) -> None:
    """`open` again replaces the following: nothing at or below the reply's offset comes after it."""
    gate = Gate()
    upstream.script(*pieces(MARKDOWN)[:9], gate, *pieces(MARKDOWN)[9:], finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.event("turn.delta")
        request = await tab.post("open", conversation=sent["conversation"])
        opened = await tab.reply(request)
        gate.open()
        await tab.finished(sent["turn"])
        at = next(index for index, frame in enumerate(tab.frames) if frame.get("id") == request)
        after = [frame for frame in tab.frames[at + 1 :] if frame.get("conversation") == sent["conversation"]]
        in_log = [frame for frame in after if frame["type"] in ("turn.delta", "turn.render", "turn.finished")]
        assert all(frame["type"] != "turn.delta" for frame in in_log)
        assert all(frame["offset"] > opened["offset"] for frame in in_log)


async def test_after_deletion_nothing_of_it_follows(scripted: Running, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(delta("one "), gate, delta("two"), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab, ann.tab() as other:
        sent = await tab.send("Why?")
        await tab.event("turn.delta")
        await other.call("delete", conversations=[sent["conversation"]])
        await tab.event("conversation.deleted", conversation=sent["conversation"])
        assert upstream.hung_up.wait(10)
        await tab.call("ping")
        kinds = [event["type"] for event in tab.events if event.get("conversation") == sent["conversation"]]
        assert kinds[-1] == "conversation.deleted"
        assert "turn.finished" in kinds
        with pytest.raises(Refused):
            await tab.call("open", conversation=sent["conversation"])
        gate.open()


async def test_a_new_tab_sees_what_runs(scripted: Running, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(delta("one "), gate, delta("two"), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.event("turn.status", status="streaming")
        async with ann.tab() as new:
            snapshot = new.synced["snapshot"]
            running = {"conversation": sent["conversation"], "turn": sent["turn"], "status": "streaming"}
            assert snapshot["live_turns"] == [running]
            assert snapshot["conversations"][0]["live_turn"] == sent["turn"]
            gate.open()
            ended = await new.event("turn.status", status="complete")
            assert ended["turn"] == sent["turn"]
            updated = [
                e for e in new.of_type("conversation.updated") if e["conversation"]["id"] == sent["conversation"]
            ]
            assert updated[0]["conversation"].get("live_turn") is None
            assert updated[0]["conversation"]["unread"] is True
