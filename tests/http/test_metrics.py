"""`/metrics` of one process, on both kinds of database: each figure moves with what it tells of."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fixtures.client import Person, Refused
from tests.fixtures.figures import figures, grown
from tests.fixtures.server import Running, ServerProcess, running, settings_for
from tests.fixtures.upstream import DONE, HANG, Gate, Upstream, delta, finish
from tests.gateway.raw import raw_socket

pytestmark = pytest.mark.anyio


async def test_an_answer(scripted: Running, upstream: Upstream) -> None:
    """Sockets, live answers, how answers end, what commands come to, checkpoints."""
    gate = Gate()
    upstream.script(delta("one"), gate, finish(), DONE)
    ann = await Person.register(scripted.url)
    before = await figures(scripted.url)
    async with ann.tab() as tab:
        sent = await tab.send("Why?")
        await tab.event("turn.status", status="streaming")
        during = (await figures(scripted.url)).since(before)
        assert (during["parley_connections"], during["parley_live_turns"]) == (1, 1)
        assert during["parley_checkpoint_seconds_count"] == 1
        assert during["parley_first_words_seconds_count"] == 1
        gate.open()
        await tab.ended(sent["turn"])
        with pytest.raises(Refused):
            await tab.call("open", conversation="nowhere")
    await grown(scripted.url, "parley_log_lag_seconds_count", before)
    after = (await figures(scripted.url)).since(before)
    assert (after["parley_connections"], after["parley_live_turns"]) == (0, 0)
    assert after['parley_turns_total{status="complete"}'] == 1
    assert after['parley_commands_total{outcome="ok",type="send"}'] == 1
    assert after['parley_commands_total{outcome="not_found",type="open"}'] == 1
    assert after['parley_command_seconds_count{type="send"}'] == 1
    assert after['parley_database_seconds_count{kind="write"}'] >= 3
    assert after["parley_checkpoints_missed_total"] == after["parley_log_unreachable_total"] == 0


async def test_a_reader_that_is_cut_off(tmp_path: Path) -> None:
    with running(settings_for(tmp_path, ping_seconds=0.5)) as house:
        ann = await Person.register(house.url)
        before = await figures(house.url)
        async with raw_socket(house.socket_url, ann.token) as silent:
            await silent.greeted()
            silent.pause()
            after = await grown(house.url, 'parley_readers_dropped_total{reason="silent"}', before)
    assert after.since(before)['parley_readers_dropped_total{reason="silent"}'] == 1


async def test_what_a_crash_left(tmp_path: Path, upstream: Upstream) -> None:
    """With SQLite whoever starts next ends it."""
    upstream.script(delta("one"), HANG)
    models = {"OPENAI_API_KEY": "sk-canary", "OPENAI_BASE_URL": upstream.base_url}
    with ServerProcess(tmp_path / "data", **models) as server:
        before = await figures(server.url)
        assert before["parley_turns_reaped_total"] == 0
        assert 'parley_turns_total{status="interrupted"}' in before, "Prometheus would see no increase of it"
        ann = await Person.register(server.url)
        async with ann.tab() as tab:
            await tab.send("Why?")
            await tab.event("turn.status", status="streaming")
            server.kill()
        server.start()
        after = await figures(server.url)
    assert after["parley_turns_reaped_total"] == after['parley_turns_total{status="interrupted"}'] == 1
    assert (after["parley_connections"], after["parley_live_turns"]) == (0, 0)
