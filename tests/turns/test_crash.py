"""What a crash costs, with a real process and a real SIGKILL."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.fixtures.client import Person
from tests.fixtures.server import ServerProcess
from tests.fixtures.upstream import DONE, HANG, Gate, Upstream, delta, finish

pytestmark = pytest.mark.anyio


async def test_kill_9_in_the_middle_of_an_answer(tmp_path: Path, upstream: Upstream) -> None:
    """Every acknowledged message is stored; the answer is `interrupted`, with the text of its last checkpoint."""
    gate = Gate()
    upstream.script(delta("first "), delta("words "), gate, finish(), DONE)
    server = ServerProcess(tmp_path, OPENAI_API_KEY="sk-canary", OPENAI_BASE_URL=upstream.base_url)
    with server:
        ann = await Person.register(server.url)
        async with ann.tab() as tab:
            sent = await tab.send("Why?")
            await tab.event("turn.status", status="streaming")
            server.kill()
            await tab.closed()
        gate.open()
        server.start()
        ann = await Person.log_in(server.url)
        async with ann.tab() as tab:
            snapshot = tab.synced["snapshot"]
            assert snapshot["live_turns"] == []
            assert snapshot["conversations"][0]["id"] == sent["conversation"]
            opened = await tab.call(
                "open", conversation=sent["conversation"], epoch=sent["epoch"], offset=sent["offset"]
            )
            assert opened["recovered"] is False
            question, answer = opened["snapshot"]["messages"]
            assert (question["id"], question["text"]) == (sent["message"], "Why?")
            assert (answer["id"], answer["status"]) == (sent["turn"], "interrupted")
            assert answer["error"]["code"] == "server_restarted"
            assert "first words ".startswith(answer["text"])
            assert answer["text"]
            upstream.script(delta("all of it"), finish(), DONE)
            again = await tab.call("regenerate", turn=sent["turn"])
            assert (await tab.finished(again["turn"]))["text"] == "all of it"


async def test_every_acknowledged_message_survives(tmp_path: Path) -> None:
    """Killed right after the last of many acknowledgements."""
    with ServerProcess(tmp_path) as server:
        ann = await Person.register(server.url)
        acknowledged = {}
        async with ann.tab() as tab:
            for number in range(8):
                text = f"question {number}"
                acknowledged[(await tab.send(text))["conversation"]] = text
            server.kill()
        server.start()
        ann = await Person.log_in(server.url)
        async with ann.tab() as tab:
            stored = {row["id"]: row for row in tab.synced["snapshot"]["conversations"]}
            for conversation, text in acknowledged.items():
                opened = await tab.call("open", conversation=conversation)
                first, answer = opened["snapshot"]["messages"]
                assert first["text"] == text
                assert answer["status"] in ("interrupted", "complete")
                assert "live_turn" not in stored[conversation]


async def test_sigterm_lets_answers_come_to_their_end(tmp_path: Path, upstream: Upstream) -> None:
    """Sockets are told 1012 at once; the process ends with the last answer, and with status 0."""
    gate = Gate()
    upstream.script(delta("first "), gate, delta("words "), delta("and last"), finish(), DONE)
    models = {"OPENAI_API_KEY": "sk-canary", "OPENAI_BASE_URL": upstream.base_url}
    server = ServerProcess(tmp_path, **models, PARLEY_DRAIN_SECONDS="60")
    with server:
        ann = await Person.register(server.url)
        async with ann.tab() as tab:
            sent = await tab.send("Why?")
            await tab.until(lambda: tab.joined(sent["turn"]) == "first ")
            server.send_signal(signal.SIGTERM)
            assert await tab.closed() == 1012
        gate.open()
        assert server.wait() == 0
        server.start()
        ann = await Person.log_in(server.url)
        async with ann.tab() as tab:
            opened = await tab.call("open", conversation=sent["conversation"])
            answer = opened["snapshot"]["messages"][-1]
            assert (answer["status"], answer["text"]) == ("complete", "first words and last")


@pytest.mark.parametrize("signals", [[signal.SIGINT], [signal.SIGTERM, signal.SIGTERM]])
async def test_ctrl_c_or_asking_twice_waits_for_no_answer(
    tmp_path: Path, upstream: Upstream, signals: list[signal.Signals]
) -> None:
    """The answer is stored as far as it came."""
    upstream.script(delta("first "), HANG)
    models = {"OPENAI_API_KEY": "sk-canary", "OPENAI_BASE_URL": upstream.base_url}
    server = ServerProcess(tmp_path, **models, PARLEY_DRAIN_SECONDS="3600")
    with server:
        ann = await Person.register(server.url)
        async with ann.tab() as tab:
            sent = await tab.send("Why?")
            await tab.until(lambda: tab.joined(sent["turn"]) == "first ")
            for one in signals:
                server.send_signal(one)
                assert await tab.closed() == 1012
        assert server.wait() == 0
        server.start()
        ann = await Person.log_in(server.url)
        async with ann.tab() as tab:
            opened = await tab.call("open", conversation=sent["conversation"])
            answer = opened["snapshot"]["messages"][-1]
            assert (answer["status"], answer["text"]) == ("interrupted", "first ")


async def test_whoever_takes_too_long_is_interrupted(tmp_path: Path, upstream: Upstream) -> None:
    """The time for coming to an end is over; the answer is stored as far as it came."""
    gate = Gate()
    upstream.script(delta("first "), delta("words "), gate, finish(), DONE)
    models = {"OPENAI_API_KEY": "sk-canary", "OPENAI_BASE_URL": upstream.base_url}
    server = ServerProcess(tmp_path, **models, PARLEY_DRAIN_SECONDS="0.1")
    with server:
        ann = await Person.register(server.url)
        async with ann.tab() as tab:
            sent = await tab.send("Why?")
            await tab.until(lambda: tab.joined(sent["turn"]) == "first words ")
            server.terminate()
            assert await tab.closed() == 1012
        gate.open()
        server.start()
        ann = await Person.log_in(server.url)
        async with ann.tab() as tab:
            opened = await tab.call("open", conversation=sent["conversation"])
            answer = opened["snapshot"]["messages"][-1]
            assert (answer["status"], answer["text"]) == ("interrupted", "first words ")
