"""Asking otherwise, going on with what broke off, and choosing between branches: the same in every tab."""

from __future__ import annotations

from typing import Any

import anyio
import pytest

from tests.fixtures.client import Person, Refused, Tab
from tests.fixtures.server import Running
from tests.fixtures.upstream import DONE, DROP, Gate, Upstream, delta, finish, reasoning, usage

pytestmark = pytest.mark.anyio


async def rows_of(tab: Tab, conversation: str) -> list[dict[str, Any]]:
    snapshot = (await tab.call("open", conversation=conversation, format="text"))["snapshot"]
    rows: list[dict[str, Any]] = snapshot["messages"]
    assert snapshot["conversation"]["leaf"] == rows[-1]["id"]
    return rows


async def ids_of(tab: Tab, conversation: str) -> list[str]:
    return [row["id"] for row in await rows_of(tab, conversation)]


async def ask(tab: Tab, text: str, **fields: Any) -> dict[str, Any]:
    """In a new conversation that has its name: no model is asked for one."""
    sent = await tab.send(text, **fields)
    await tab.call("title", conversation=sent["conversation"], title="Mine")
    return sent


def says(upstream: Upstream, *answers: str) -> None:
    for answer in answers:
        upstream.script(delta(answer), finish(), DONE)


async def test_an_edited_question_is_a_branch(scripted: Running, upstream: Upstream) -> None:
    """Beside the old one, on the active path, with an answer of its own; the model reads nothing of the old branch."""
    says(upstream, "one", "a title", "two", "instead")
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab, ann.tab() as other:
        first = await tab.send("First?")
        await tab.finished(first["turn"])
        await tab.until(lambda: len(upstream.chats) == 2)
        conversation = first["conversation"]
        second = await tab.send("Second?", conversation)
        await tab.finished(second["turn"])
        await other.call("open", conversation=conversation)
        edited = await other.call("edit", message=second["message"], text="Otherwise?", client_id="e-1")
        answer = await tab.finished(edited["turn"])
        assert (answer["text"], answer["parent"]) == ("instead", edited["message"])
        created = next(event for event in tab.of_type("message.created") if event["message"]["text"] == "Otherwise?")
        assert created["message"]["siblings"] == [second["message"], edited["message"]]
        selected = await tab.event("path.selected", conversation=conversation)
        assert (selected["leaf"], selected["after"]) == (edited["message"], first["turn"])
        assert [message["content"] for message in upstream.chats[-1].body["messages"]] == [
            "First?",
            "one",
            "Otherwise?",
        ]
        assert await ids_of(tab, conversation) == [
            first["message"],
            first["turn"],
            edited["message"],
            edited["turn"],
        ]
        assert await other.call("edit", message=second["message"], text="Otherwise?", client_id="e-1") == edited
        with pytest.raises(Refused) as refused:
            await tab.call("edit", message=second["message"], text="Yet otherwise?", client_id="e-1")
        assert refused.value.code == "conflict"


async def test_the_first_question_edited_is_another_root(scripted: Running, upstream: Upstream) -> None:
    says(upstream, "one", "a title", "two")
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        first = await tab.send("First?")
        await tab.finished(first["turn"])
        edited = await tab.call("edit", message=first["message"], text="Second?", client_id="e")
        await tab.finished(edited["turn"])
        rows = await rows_of(tab, first["conversation"])
        assert [row["id"] for row in rows] == [edited["message"], edited["turn"]]
        assert rows[0]["siblings"] == [first["message"], edited["message"]]
        assert (await tab.event("path.selected"))["after"] is None


async def test_select_goes_to_where_one_was(server: Running) -> None:
    """Below the chosen message the path that was active last goes on, in every tab and after a reload."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab, ann.tab() as other:
        first = await tab.send("First?")
        await tab.finished(first["turn"])
        conversation = first["conversation"]
        second = await tab.send("Second?", conversation)
        await tab.finished(second["turn"])
        beside = await tab.call("edit", message=second["message"], text="Beside?", client_id="e")
        await tab.finished(beside["turn"])
        again = await tab.call("regenerate", turn=beside["turn"])
        await tab.finished(again["turn"])
        left = [first["message"], first["turn"], second["message"], second["turn"]]
        right = [first["message"], first["turn"], beside["message"], again["turn"]]
        assert await ids_of(tab, conversation) == right

        await other.call("open", conversation=conversation)
        assert await other.call("select", message=second["message"]) == {}
        selected = await tab.event("path.selected", leaf=second["turn"])
        assert (selected["after"], [row["id"] for row in selected["messages"]]) == (first["turn"], left[2:])
        assert await ids_of(other, conversation) == left
        assert (await other.event("conversation.updated"))["conversation"]["id"] == conversation

        await tab.call("select", message=beside["turn"])
        assert await ids_of(tab, conversation) == [*right[:3], beside["turn"]]
        await tab.call("select", message=left[2])
        await tab.call("select", message=beside["message"])
        assert await ids_of(tab, conversation) == [*right[:3], beside["turn"]]

        seen = len(tab.events)
        await tab.call("select", message=first["message"])
        await tab.call("ping")
        assert tab.events[seen:] == []
        async with ann.tab() as new:
            assert await ids_of(new, conversation) == [*right[:3], beside["turn"]]


async def test_select_while_an_answer_is_written(scripted: Running, upstream: Upstream) -> None:
    """It goes on beside the path that is looked at, and its end is told."""
    gate = Gate()
    says(upstream, "one", "a title")
    upstream.script(delta("two "), gate, delta("three"), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        first = await tab.send("First?")
        await tab.finished(first["turn"])
        again = await tab.call("regenerate", turn=first["turn"])
        await tab.event("turn.delta", turn=again["turn"])
        await tab.call("select", message=first["turn"])
        snapshot = (await tab.call("open", conversation=first["conversation"], format="text"))["snapshot"]
        assert [row["id"] for row in snapshot["messages"]] == [first["message"], first["turn"]]
        assert [(live["turn"], live["text"]) for live in snapshot["live"]] == [(again["turn"], "two ")]
        with pytest.raises(Refused) as refused:
            await tab.send("More?", first["conversation"])
        assert refused.value.code == "busy"
        gate.open()
        assert (await tab.finished(again["turn"]))["text"] == "two three"
        assert await ids_of(tab, first["conversation"]) == [first["message"], first["turn"]]


@pytest.mark.parametrize("format", ["text", "html"])
async def test_an_answer_goes_on(scripted: Running, upstream: Upstream, format: str) -> None:
    """The same message, from where it broke off: deltas count on, the model reads what there is, usage is the sum."""
    upstream.script(delta("The moon "), usage(10, 2), DROP)
    upstream.script(delta("pulls the "), finish("length"), usage(12, 3), DONE)
    upstream.script(delta("sea."), finish(), usage(15, 1), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await ask(tab, "Why?", format=format)
        broken = await tab.finished(sent["turn"])
        assert (broken["status"], broken["text"]) == ("failed", "The moon ")
        assert await tab.call("continue", turn=sent["turn"], client_id="on") == {"turn": sent["turn"]}
        await tab.until(lambda: len(tab.of_type("turn.finished")) == 2)
        assert await tab.call("continue", turn=sent["turn"], client_id="on") == {"turn": sent["turn"]}
        second = tab.of_type("turn.finished")[1]["message"]
        assert (second["status"], second["text"]) == ("truncated", "The moon pulls the ")
        assert "error" not in second
        started = tab.of_type("turn.started")[1]
        assert (started["run"], started["message"]["text"]) == (2, "The moon ")
        assert (started["message"]["status"], "error" in started["message"]) == ("streaming", False)
        asked = [message["content"] for message in upstream.chats[-1].body["messages"]]
        assert asked[:2] == ["Why?", "The moon "]
        assert len(asked) == 3

        await tab.call("continue", turn=sent["turn"])
        await tab.until(lambda: len(tab.of_type("turn.finished")) == 3)
        whole = tab.of_type("turn.finished")[2]["message"]
        assert (whole["status"], whole["text"]) == ("complete", "The moon pulls the sea.")
        assert whole["usage"] == {"prompt_tokens": 27, "completion_tokens": 4}
        assert whole["id"] == sent["turn"]
        if format == "text":
            assert tab.joined(sent["turn"]) == whole["text"]
        else:
            first_of_run = next(
                render
                for render in tab.of_type("turn.render")
                if render["offset"] > tab.of_type("turn.started")[2]["offset"]
            )
            assert first_of_run["keep"] == 0
            assert "".join(tab.blocks(sent["turn"])) == whole["html"]
        with pytest.raises(Refused) as refused:
            await tab.call("continue", turn=sent["turn"])
        assert refused.value.code == "conflict"


async def test_going_on_thinks_anew(scripted: Running, upstream: Upstream) -> None:
    upstream.script(reasoning("Hm."), delta("half "), DROP)
    upstream.script(reasoning("Ah."), reasoning(" So."), delta("whole"), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await ask(tab, "Why?")
        await tab.finished(sent["turn"])
        await tab.call("continue", turn=sent["turn"])
        await tab.until(lambda: len(tab.of_type("turn.finished")) == 2)
        message = tab.of_type("turn.finished")[1]["message"]
        assert (message["reasoning"], message["text"]) == ("Hm.\n\nAh. So.", "half whole")
        assert tab.joined(sent["turn"], "reasoning") == message["reasoning"]


async def test_who_comes_while_it_goes_on(scripted: Running, upstream: Upstream) -> None:
    """Gets the text so far as that of a live answer, and then the rest."""
    gate = Gate()
    upstream.script(delta("half "), DROP)
    upstream.script(gate, delta("whole"), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab, ann.tab() as other:
        sent = await ask(tab, "Why?")
        await tab.finished(sent["turn"])
        await tab.call("continue", turn=sent["turn"])
        assert await anyio.to_thread.run_sync(gate.reached.wait, 10)
        snapshot = (await other.call("open", conversation=sent["conversation"], format="text"))["snapshot"]
        assert [(live["turn"], live["text"]) for live in snapshot["live"]] == [(sent["turn"], "half ")]
        assert (snapshot["messages"][-1]["status"], snapshot["messages"][-1]["text"]) == ("streaming", "")
        gate.open()
        message = await other.finished(sent["turn"])
        assert other.joined_from_snapshot(sent["turn"]) == message["text"] == "half whole"


async def test_an_answer_without_a_word_is_asked_anew(scripted: Running, upstream: Upstream) -> None:
    upstream.script_json({"error": {"message": "no"}}, 500)
    says(upstream, "whole")
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await ask(tab, "Why?")
        await tab.finished(sent["turn"])
        await tab.call("continue", turn=sent["turn"])
        await tab.until(lambda: len(tab.of_type("turn.finished")) == 2)
        assert tab.of_type("turn.started")[1]["message"]["status"] == "pending"
        message = tab.of_type("turn.finished")[1]["message"]
        assert (message["status"], message["text"]) == ("complete", "whole")
        assert [said["content"] for said in upstream.chats[1].body["messages"]] == ["Why?"]


async def test_an_answer_that_was_whole(scripted: Running, upstream: Upstream) -> None:
    """It was stopped after its last word: where a model has nothing to add, it is complete."""
    gate = Gate()
    upstream.script(delta("All of it."), gate, finish(), DONE)
    upstream.script(finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await ask(tab, "Why?")
        await tab.event("turn.delta")
        await tab.call("stop", turn=sent["turn"])
        await tab.finished(sent["turn"])
        await tab.call("continue", turn=sent["turn"])
        await tab.until(lambda: len(tab.of_type("turn.finished")) == 2)
        message = tab.of_type("turn.finished")[1]["message"]
        assert (message["status"], message["text"], message.get("error")) == ("complete", "All of it.", None)


async def test_an_answer_on_another_branch_goes_on_there(scripted: Running, upstream: Upstream) -> None:
    """And its path becomes the active one."""
    upstream.script(delta("half "), DROP)
    says(upstream, "beside", "whole")
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await ask(tab, "Why?")
        await tab.finished(sent["turn"])
        again = await tab.call("regenerate", turn=sent["turn"])
        await tab.finished(again["turn"])
        await tab.call("continue", turn=sent["turn"])
        selected = await tab.event("path.selected", leaf=sent["turn"])
        assert selected["after"] == sent["message"]
        await tab.until(lambda: len(tab.of_type("turn.finished")) == 3)
        assert (await rows_of(tab, sent["conversation"]))[-1]["text"] == "half whole"


async def test_what_cannot_go_on(scripted: Running, upstream: Upstream) -> None:
    """A question, a whole answer, one that the conversation has left behind, one that is being written."""
    gate = Gate()
    upstream.script(delta("half"), DROP)
    upstream.script(delta("on "), gate, finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        first = await ask(tab, "Why?")
        await tab.finished(first["turn"])
        second = await tab.send("And?", first["conversation"])
        await tab.event("turn.delta", turn=second["turn"])
        with pytest.raises(Refused) as refused:
            await tab.call("continue", turn=second["turn"])
        assert refused.value.code == "busy"
        gate.open()
        await tab.ended(second["turn"])
        for turn in (first["message"], first["turn"], second["turn"]):
            with pytest.raises(Refused) as refused:
                await tab.call("continue", turn=turn)
            assert refused.value.code == "conflict"
        with pytest.raises(Refused) as refused:
            await tab.call("edit", message=first["turn"], text="x", client_id="x")
        assert refused.value.code == "conflict"
        for text, code in (("  ", "invalid"), ("x" * 100_001, "too_large")):
            with pytest.raises(Refused) as refused:
                await tab.call("edit", message=first["message"], text=text, client_id="y")
            assert refused.value.code == code


async def test_a_stop_of_the_run_before_does_not_end_the_next(scripted: Running, upstream: Upstream) -> None:
    """The answer stops twice, and goes on in between."""
    gates = [Gate(), Gate(), Gate()]
    for number, gate in enumerate(gates):
        upstream.script(delta(f"{number} "), gate, finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await ask(tab, "Why?")
        for number in (1, 2):
            await tab.until(lambda number=number: tab.joined(sent["turn"]).count(" ") == number)  # type: ignore[misc]
            await tab.call("stop", turn=sent["turn"])
            await tab.until(lambda number=number: len(tab.of_type("turn.finished")) == number)  # type: ignore[misc]
            assert tab.of_type("turn.finished")[-1]["message"]["status"] == "stopped"
            await tab.call("continue", turn=sent["turn"])
        gates[2].open()
        await tab.until(lambda: len(tab.of_type("turn.finished")) == 3)
        message = tab.of_type("turn.finished")[-1]["message"]
        assert (message["status"], message["text"]) == ("complete", "0 1 2 ")


async def test_a_page_around_a_message(server: Running) -> None:
    """Of the path through it, which stays unselected; with cursors for what is older."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("question 0")
        await tab.ended(sent["turn"])
        conversation, path = sent["conversation"], [sent["message"], sent["turn"]]
        for number in range(1, 6):
            sent = await tab.send(f"question {number}", conversation)
            await tab.ended(sent["turn"])
            path += [sent["message"], sent["turn"]]
        edited = await tab.call("edit", message=path[0], text="another", client_id="e")
        await tab.ended(edited["turn"])

        async def around(message: str, limit: int) -> tuple[list[str], str | None]:
            page = await tab.call("history", conversation=conversation, around=message, limit=limit)
            return [row["id"] for row in page["messages"]], page["next"]

        assert await around(path[4], 5) == (path[2:7], path[2])
        assert await around(path[0], 5) == (path[:5], None)
        assert await around(path[11], 5) == (path[7:], path[7])
        assert await around(path[11], 100) == (path, None)
        assert await around(edited["message"], 1) == ([edited["message"]], None)
        assert await ids_of(tab, conversation) == [edited["message"], edited["turn"]]
        for fields in ({}, {"before": path[3], "around": path[3]}):
            with pytest.raises(Refused) as refused:
                await tab.call("history", conversation=conversation, **fields)
            assert refused.value.code == "invalid"


async def test_a_long_path_that_is_selected_comes_as_its_end(server: Running) -> None:
    """Fifty messages, as a snapshot has them; the first one's parent says that there are more."""
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        sent = await tab.send("question 0")
        await tab.ended(sent["turn"])
        first = sent
        for number in range(1, 27):
            sent = await tab.send(f"question {number}", first["conversation"])
            await tab.ended(sent["turn"])
        edited = await tab.call("edit", message=first["message"], text="another", client_id="e")
        await tab.ended(edited["turn"])
        await tab.call("select", message=first["message"])
        selected = await tab.event("path.selected", leaf=sent["turn"])
        assert len(selected["messages"]) == 50
        assert selected["after"] is None
        assert selected["messages"][0]["parent"] is not None
        snapshot = (await tab.call("open", conversation=first["conversation"], format="text"))["snapshot"]
        assert [row["id"] for row in snapshot["messages"]] == [row["id"] for row in selected["messages"]]
