"""Redis forgets everything while an answer is written. It holds nothing that is not stored elsewhere."""

from __future__ import annotations

from functools import partial

import pytest

from tests.fixtures.client import Frame, Person, Tab
from tests.fixtures.upstream import DONE, Gate, delta, finish
from tests.guarantees.conftest import Workers

pytestmark = [pytest.mark.anyio, pytest.mark.mysql, pytest.mark.redis]


def changed(tab: Tab, resets: int) -> bool:
    return bool(tab.of_type("turn.finished")) or resets != len(tab.of_type("reset"))


async def complete(tab: Tab, conversation: str) -> Frame:
    """The last answer there, when it is complete; whenever the tab is told to open anew, it does."""
    resets = -1
    while True:
        if resets != len(tab.of_type("reset")):
            resets = len(tab.of_type("reset"))
            opened = await tab.call("open", conversation=conversation, format="text")
            if opened["snapshot"]["messages"][-1]["status"] == "complete":
                answer: Frame = opened["snapshot"]["messages"][-1]
                return answer
        await tab.until(partial(changed, tab, resets))
        if ends := tab.of_type("turn.finished"):
            message: Frame = ends[-1]["message"]
            return message


async def test_all_tabs_agree_after_a_flush(workers: Workers) -> None:
    """The answer is complete on each worker, and what is asked next goes its usual way."""
    gates = [Gate(), Gate()]
    workers.upstream.script(delta("one "), gates[0], delta("two "), gates[1], delta("three"), finish(), DONE)
    ann = await Person.register(workers.first.url)
    there = await Person.log_in(workers.second.url)
    async with ann.tab() as here, there.tab() as beyond:
        sent = await here.send("Why?")
        await beyond.call("open", conversation=sent["conversation"], format="text")
        await beyond.until(lambda: beyond.joined_from_snapshot(sent["turn"]) == "one ")
        workers.redis("FLUSHALL")
        for gate in gates:
            gate.open()
        for tab in (here, beyond):
            answer = await complete(tab, sent["conversation"])
            assert (answer["status"], answer["text"]) == ("complete", "one two three")
        again = await beyond.send("And now?", sent["conversation"])
        assert (await beyond.finished(again["turn"]))["status"] == "complete"
