"""A new version comes in while people are at work."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

import pytest

from tests.fixtures.client import Frame, Person
from tests.fixtures.server import ServerProcess
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [pytest.mark.anyio, pytest.mark.mysql]


async def test_a_rolling_restart_drops_no_token(
    tmp_path: Path, environment: dict[str, str], upstream: Upstream
) -> None:
    """SIGHUP to a fleet in the middle of an answer: tabs are told 1012, come back, and miss nothing."""
    gates = [Gate() for _ in range(2)]
    upstream.script(delta("one "), gates[0], delta("two "), gates[1], delta("three"), finish(), DONE)
    with ServerProcess(tmp_path / "fleet", **environment, PARLEY_WORKERS="2") as fleet:
        ann = await Person.register(fleet.url)
        async with ann.tab() as tab:
            sent = await tab.send("Why?")
            await tab.until(lambda: tab.joined(sent["turn"]) == "one ")
            fleet.send_signal(signal.SIGHUP)
            assert await tab.closed() == 1012
            known = tab.joined(sent["turn"])
            place: Frame = {"epoch": sent["epoch"], "offset": tab.of_type("turn.delta")[-1]["offset"]}
        gates[0].open()
        while True:  # for as long as processes are being replaced, a tab may be sent on again
            async with ann.tab() as tab:
                opened = await tab.call("open", conversation=sent["conversation"], format="text", **place)
                assert opened["recovered"] is True
                gates[1].open()
                done = asyncio.create_task(tab.finished(sent["turn"]))
                gone = asyncio.create_task(tab.closed())
                await asyncio.wait([done, gone], return_when=asyncio.FIRST_COMPLETED)
                gone.cancel()
                for event in tab.of_type("turn.delta"):
                    assert event["from"] == len(known)
                    known += event["text"]
                    place["offset"] = event["offset"]
                if done.done() and done.exception() is None:
                    break
                assert tab.close_code == 1012
                done.cancel()
        message = done.result()
        assert (message["status"], message["text"]) == ("complete", "one two three")
        assert known == message["text"]
