"""How turns begin, go on and end."""

from __future__ import annotations

from pathlib import Path

import anyio
import pytest
from sqlmodel import select

from server.db import Database
from server.tables import Message
from tests.fixtures.client import Person, Refused, Tab
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import DONE, DROP, Gate, Upstream, delta, finish, usage

pytestmark = pytest.mark.anyio


async def messages(tab: Tab, conversation: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = (await tab.call("open", conversation=conversation))["snapshot"]["messages"]
    return rows


async def test_stop_keeps_what_was_written_and_cuts_the_request(scripted: Running, upstream: Upstream) -> None:
    """From another tab; nothing follows the final event, and the endpoint notices."""
    gate = Gate()
    upstream.script(delta("half "), gate, delta("more"), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab, ann.tab() as other:
        sent = await tab.send("Why?")
        await tab.event("turn.delta")
        assert await other.call("stop", turn=sent["turn"]) == {}
        message = await tab.finished(sent["turn"])
        assert (message["status"], message["text"]) == ("stopped", "half ")
        assert await anyio.to_thread.run_sync(upstream.hung_up.wait, 10)
        gate.open()
        assert await other.call("stop", turn=sent["turn"]) == {}
        kinds = [event["type"] for event in tab.events if event.get("conversation") == sent["conversation"]]
        assert "turn.delta" not in kinds[kinds.index("turn.finished") :]


async def test_stop_before_the_first_word(scripted: Running, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(gate, delta("late"), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        assert await anyio.to_thread.run_sync(gate.reached.wait, 10)
        await tab.call("stop", turn=sent["turn"])
        message = await tab.finished(sent["turn"])
        assert (message["status"], message["text"], message["html"]) == ("stopped", "", "")
        gate.open()


async def test_regenerate_makes_a_sibling_on_the_active_path(scripted: Running, upstream: Upstream) -> None:
    """Nothing is overwritten; both list each other, and the model may be another one."""
    for words in ("first", "a title", "second"):
        upstream.script(delta(words), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        first = await tab.finished(sent["turn"])
        await tab.until(lambda: len(upstream.chats) == 2)
        again = await tab.call("regenerate", turn=sent["turn"], model="openai/large")
        second = await tab.finished(again["turn"])
        assert second["text"] == "second"
        assert second["model"] == "openai/large"
        assert second["parent"] == first["parent"]
        assert second["siblings"] == [first["id"], second["id"]]
        selected = await tab.event("path.selected", conversation=sent["conversation"])
        assert (selected["leaf"], selected["after"]) == (second["id"], sent["message"])
        rows = await messages(tab, sent["conversation"])
        assert [row["id"] for row in rows] == [sent["message"], second["id"]]
        page = await tab.call("history", conversation=sent["conversation"], before=first["id"])
        assert [row["id"] for row in page["messages"]] == [sent["message"]]


async def test_one_answer_at_a_time(scripted: Running, upstream: Upstream) -> None:
    gate = Gate()
    upstream.script(delta("half "), gate, finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        for name, fields in (
            ("send", {"conversation": sent["conversation"], "text": "and?", "client_id": "busy-1"}),
            ("regenerate", {"turn": sent["turn"], "client_id": "busy-2"}),
        ):
            with pytest.raises(Refused) as refused:
                await tab.call(name, **fields)
            assert refused.value.code == "busy"
        gate.open()
        await tab.finished(sent["turn"])
        await tab.event("conversation.updated")
        after = await tab.call("send", conversation=sent["conversation"], text="and?", client_id="busy-1")
        await tab.finished(after["turn"])


async def test_so_many_answers_at_once(scripted: Running, upstream: Upstream) -> None:
    gates = [Gate() for _ in range(scripted.settings.active_turns)]
    for gate in gates:
        upstream.script(delta("x"), gate, finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        for _ in gates:
            await tab.send("Why?")
        with pytest.raises(Refused) as refused:
            await tab.send("One more?")
        assert refused.value.code == "busy"
        for gate in gates:
            gate.open()


async def test_many_answers_share_a_checkpoint(scripted: Running, upstream: Upstream) -> None:
    """What each has written so far is stored, and each is its own."""
    gates = [Gate() for _ in range(4)]
    for number, gate in enumerate(gates):
        upstream.script(delta(f"answer {number}"), gate, finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        asked = [await tab.send(f"question {number}") for number in range(4)]
        for sent in asked:
            await tab.event("turn.status", turn=sent["turn"], status="streaming")
        database = Database(scripted.settings)
        rows = await database.read(lambda session: list(session.exec(select(Message.id, Message.text))))
        database.close()
        stored = dict(rows)
        for sent in asked:
            assert stored[sent["turn"]] == tab.joined(sent["turn"])
        assert sorted(stored[sent["turn"]] for sent in asked) == [f"answer {number}" for number in range(4)]
        for gate in gates:
            gate.open()


async def test_sending_again_has_no_second_effect(scripted: Running, upstream: Upstream) -> None:
    """The same ids on another socket, while it runs and after; one row, one request to the endpoint."""
    gate = Gate()
    upstream.script(delta("one "), gate, delta("two"), finish(), DONE)
    ann = await Person.register(scripted.url)
    ask = {"conversation": None, "text": "Why?", "client_id": "的-1", "format": "text"}
    async with ann.tab() as tab:
        first = await tab.call("send", **ask)
        await tab.event("turn.delta")
    async with ann.tab() as tab:
        assert await tab.call("send", **ask) == first
        gate.open()
        message = await tab.finished(first["turn"])
        assert tab.joined(first["turn"]) == message["text"] == "one two"
        again = await tab.call("send", **ask)
        assert (again["message"], again["turn"]) == (first["message"], first["turn"])
        with pytest.raises(Refused) as refused:
            await tab.call("send", **(ask | {"text": "Something else"}))
        assert refused.value.code == "conflict"
        assert len(tab.synced["snapshot"]["conversations"]) == 1
    asked = [chat for chat in upstream.chats if chat.body["messages"][-1]["content"] == "Why?"]
    assert len(asked) == 1


async def test_at_once_on_many_sockets(server: Running) -> None:
    ann = await Person.register(server.url)
    replies: list[dict[str, object]] = []

    async def ask() -> None:
        async with ann.tab() as tab:
            replies.append(await tab.call("send", conversation=None, text="Why?", client_id="same"))

    async with anyio.create_task_group() as tasks:
        for _ in range(8):
            tasks.start_soon(ask)
    assert len({(reply["conversation"], reply["message"], reply["turn"]) for reply in replies}) == 1


@pytest.mark.parametrize(
    ("steps", "status", "reason"),
    [
        ([delta("half"), DROP], "failed", "cut_off"),
        ([delta("half"), finish("length"), DONE], "truncated", None),
        ([delta("half"), finish("content_filter"), DONE], "failed", "filtered"),
        ([delta("half"), b"data: {]\n\n"], "failed", "garbled"),
    ],
)
async def test_an_endpoint_that_fails(
    scripted: Running, upstream: Upstream, steps: list[bytes], status: str, reason: str | None
) -> None:
    """One final event with a reason that a person can read; the text so far stays."""
    upstream.script(*steps)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        message = await tab.finished(sent["turn"])
        assert (message["status"], message["text"]) == (status, "half")
        assert message.get("error", {}).get("code") == reason
        assert "sk-canary" not in str(tab.frames)


@pytest.mark.parametrize(("status", "reason"), [(401, "auth"), (404, "model_not_found"), (429, "rate_limited")])
async def test_an_endpoint_that_refuses(scripted: Running, upstream: Upstream, status: int, reason: str) -> None:
    upstream.script_json({"error": {"message": "no: sk-canary-7f3a"}}, status)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        message = await tab.finished((await tab.send("Why?"))["turn"])
        assert message["status"] == "failed"
        assert message["error"]["code"] == reason
        assert "sk-canary" not in str(tab.frames)


async def test_a_model_with_a_long_name(tmp_path: Path, database_url: str, upstream: Upstream) -> None:
    """Servers of local models take paths and repositories for names."""
    name = "hf.co/" + "a-publisher-of-models/an-instruct-model-of-32B-parameters-" * 2 + "GGUF:Q4_K_M"
    upstream.models = [name]
    settings = settings_for(
        tmp_path, database_url=database_url, openai_api_key="sk-x", openai_base_url=upstream.base_url
    )
    with running(settings) as server:
        async with (await Person.register(server.url)).tab() as tab:
            model = tab.synced["snapshot"]["models"][0]["id"]
            assert model.endswith(name)
            sent = await tab.send("Why?", model=model)
            assert (await tab.finished(sent["turn"]))["model"] == model
            updated = await tab.call("update", conversation=sent["conversation"], model=model)
            assert updated["conversation"]["model"] == model


async def test_usage_is_stored(scripted: Running, upstream: Upstream) -> None:
    upstream.script(delta("yes"), finish(), usage(11, 1), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        message = await tab.finished((await tab.send("Why?"))["turn"])
        assert message["usage"] == {"prompt_tokens": 11, "completion_tokens": 1}


async def test_the_model_reads_the_path_and_the_prompt(scripted: Running, upstream: Upstream) -> None:
    """System prompt first, then the active path; a branch that was left is not part of it."""
    for words in ("one", "title", "two", "three"):
        upstream.script(delta(words), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("First?")
        await tab.finished(sent["turn"])
        await tab.until(lambda: len(upstream.chats) == 2)
        conversation = sent["conversation"]
        await tab.call("update", conversation=conversation, system_prompt="Be brief.", params={"temperature": 0.5})
        second = await tab.send("Second?", conversation)
        await tab.finished(second["turn"])
        beside = await tab.send("Instead?", conversation, parent=sent["turn"])
        await tab.finished(beside["turn"])
        body = upstream.chats[-1].body
        assert body["temperature"] == 0.5
        assert [(message["role"], message["content"]) for message in body["messages"]] == [
            ("system", "Be brief."),
            ("user", "First?"),
            ("assistant", "one"),
            ("user", "Instead?"),
        ]
        rows = await messages(tab, conversation)
        assert [row["text"] for row in rows] == ["First?", "one", "Instead?", "three"]
        assert rows[2]["siblings"] == [second["message"], beside["message"]]
        path = await tab.event("path.selected", leaf=beside["message"])
        assert path["after"] == sent["turn"]


async def test_the_personal_prompt_comes_first(scripted: Running, upstream: Upstream) -> None:
    """Also of a conversation that has none of its own; taken back, it is gone."""
    for words in ("one", "title", "two", "three"):
        upstream.script(delta(words), finish(), DONE)
    ann = await Person.register(scripted.url)
    async with ann.tab() as tab:

        async def prompt_of(text: str, conversation: str | None = None) -> tuple[str, list[str]]:
            sent = await tab.send(text, conversation)
            await tab.finished(sent["turn"])
            (body,) = (chat.body for chat in upstream.chats if chat.body["messages"][-1]["content"] == text)
            given = [message["content"] for message in body["messages"] if message["role"] == "system"]
            return sent["conversation"], given

        await tab.call("settings", key="system_prompt", value="我是安。")
        conversation, prompt = await prompt_of("First?")
        assert prompt == ["我是安。"]
        await tab.until(lambda: len(upstream.chats) == 2)
        await tab.call("update", conversation=conversation, system_prompt="Be brief.")
        assert (await prompt_of("Second?", conversation))[1] == ["我是安。\n\nBe brief."]
        await tab.call("settings", key="system_prompt", value=None)
        assert (await prompt_of("Third?", conversation))[1] == ["Be brief."]


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ({"text": "  \n"}, "invalid", "text"),
        ({"text": "x" * 100_001}, "too_large", "text"),
        ({"text": "x", "model": "no/such"}, "not_found", None),
        ({"text": "x", "client_id": ""}, "invalid", "client_id"),
        ({"text": "x", "attachments": ["a"]}, "invalid", "attachments"),
    ],
)
async def test_what_cannot_be_asked(server: Running, fields: dict[str, object], code: str, field: str | None) -> None:
    ann = await Person.register(server.url)
    async with ann.tab() as tab:
        with pytest.raises(Refused) as refused:
            await tab.call("send", **({"conversation": None, "client_id": "c"} | fields))
        assert (refused.value.code, refused.value.frame.get("field")) == (code, field)
        assert tab.events == []
