"""What a model is given of a conversation that is too long for it, and what is said of that."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.client import Frame, Person, Tab
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import DONE, DROP, Gate, Upstream, delta, finish

pytestmark = pytest.mark.anyio

LONG = "many words " * 90
"""Three such questions do not fit."""


@pytest.fixture
def small(tmp_path: Path, database_url: str, upstream: Upstream) -> Iterator[Running]:
    """Whose models read 1,024 tokens."""
    models = {"openai_api_key": "sk-x", "openai_base_url": upstream.base_url, "context_tokens": 1024}
    with running(settings_for(tmp_path, database_url=database_url, **models)) as server:
        yield server


async def nth_end(tab: Tab, number: int) -> Frame:
    """The message of the so-and-so-many-th end that the tab has been told of."""
    await tab.until(lambda: len(tab.of_type("turn.finished")) >= number)
    message: Frame = tab.of_type("turn.finished")[number - 1]["message"]
    return message


async def test_an_answer_says_where_its_model_began_to_read(small: Running, upstream: Upstream) -> None:
    """Also one that was stopped, failed or went on; not while it is written, nor when nothing is left out."""
    for words in ("one", "title", "two"):
        upstream.script(delta(words), finish(), DONE)
    gate = Gate()
    upstream.script(delta("thr"), gate, finish(), DONE)
    upstream.script(delta("e"), DROP)
    upstream.script(delta("e"), finish(), DONE)
    ann = await Person.register(small.url)
    async with ann.tab() as tab:
        first = await tab.send(f"1 {LONG}")
        assert "context_start" not in await tab.finished(first["turn"])
        await tab.until(lambda: len(upstream.chats) == 2)
        second = await tab.send(f"2 {LONG}", first["conversation"])
        assert "context_start" not in await tab.finished(second["turn"])

        third = await tab.send(f"3 {LONG}", first["conversation"])
        await tab.event("turn.status", turn=third["turn"], status="streaming")
        async with ann.tab() as new:
            opened = await new.call("open", conversation=first["conversation"], format="text")
            assert "context_start" not in opened["snapshot"]["messages"][-1]
        await tab.call("stop", turn=third["turn"])
        stopped = await tab.finished(third["turn"])
        gate.open()
        asked = [message["content"][:1] for message in upstream.chats[-1].body["messages"]]
        assert asked == ["2", "t", "3"]
        assert (stopped["status"], stopped["context_start"]) == ("stopped", second["message"])

        for number, status in ((4, "failed"), (5, "complete")):
            await tab.call("continue", turn=third["turn"])
            ended = await nth_end(tab, number)
            assert (ended["status"], ended["context_start"]) == (status, second["message"])
        async with ann.tab() as new:
            opened = await new.call("open", conversation=first["conversation"], format="text")
            assert opened["snapshot"]["messages"][-1]["context_start"] == second["message"]
