"""Whatever is done to them: the log in memory and the log on Redis give the same answers and hold the same entries.

Epochs and keys are random. They are compared by their order of appearance: each log has its own names for the first
epoch that it mentions, the second, and so on.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from server.protocol.codes import Part
from server.protocol.events import Event
from server.realtime.event_log import (
    EventLog,
    HistoryLost,
    Ledger,
    Outcome,
    RunKey,
    Speech,
    conversation_log,
    user_log,
)
from server.realtime.event_log_memory import MemoryEventLog
from server.realtime.redis_service import RedisService
from server.realtime.tail import Log, Position, Tail
from server.tables import new_id
from tests.fixtures.redis import RedisServer
from tests.realtime.units import delta, finished, ignore, started, status

pytestmark = [pytest.mark.anyio, pytest.mark.redis]

LOGS = 3
VERSIONS = range(12)


@dataclass
class Witness:
    """One of the two logs, and what somebody has seen of it."""

    log: EventLog
    owner: str
    names: dict[str, int] = field(default_factory=dict)
    ledgers: list[Ledger | None] = field(default_factory=lambda: [None])
    epochs: dict[int, list[str]] = field(default_factory=dict)
    tails: dict[int, Tail] = field(default_factory=dict)
    versions: int = 0
    chars: dict[int, int] = field(default_factory=dict)
    """How long the answer in each log is taken to be."""

    def name(self, random: str) -> int:
        return self.names.setdefault(random, len(self.names))

    def place(self, log: int) -> Log:
        return user_log(self.owner) if log == 0 else conversation_log(self.owner, f"c{log}")

    def run(self, log: int, number: int) -> RunKey:
        return RunKey(self.place(log), f"t{log}", number)

    def seen(self, log: int, position: Position) -> tuple[int, int]:
        epochs = self.epochs.setdefault(log, [])
        if position.epoch not in epochs:
            epochs.append(position.epoch)
        return self.name(position.epoch), position.offset

    async def state(self) -> list[Any]:
        """Everything that followers can see, with the tails at their ends."""
        state: list[Any] = []
        for log, tail in list(self.tails.items()):
            try:
                ledger = await self.log.catch_up(tail)
            except HistoryLost:
                del self.tails[log]
                self.log.unfollow(self.place(log), ignore)
                state.append((log, "lost"))
                continue
            entries = list(tail.after(tail.first - 1))
            places = [tail.place_of(version).offset for version in VERSIONS]
            state.append((log, tail.lost, self.seen(log, tail.position), self.name(ledger.key), ledger.version))
            state.append(([_plain(entry, log) for entry in entries], places))
        return state


def _plain(event: Event, log: int) -> Any:
    return log, msgspec.to_builtins(event)


Act = Callable[[Witness], Any]


@st.composite
def announcements(draw: st.DrawFn) -> Act:
    ahead = draw(st.sampled_from([0, 0, 0, 0, 1, -1, -2]))
    logs = draw(st.lists(st.integers(0, LOGS - 1), min_size=1, max_size=3))

    async def act(witness: Witness) -> Any:
        version = witness.versions + ahead + len(logs)
        entries = [(witness.place(log), status(number)) for number, log in enumerate(logs)]
        outcome = await witness.log.announce(witness.owner, version, entries)
        if outcome is Outcome.DONE:
            witness.versions = max(version, witness.versions)
        return outcome

    return act


@st.composite
def appendings(draw: st.DrawFn) -> Act:
    kinds = ["noise", "begins", "begins", "ends"]
    what = draw(st.lists(st.tuples(st.integers(0, LOGS - 1), st.sampled_from(kinds)), min_size=1, max_size=3))
    number = draw(st.integers(1, 2))

    async def act(witness: Witness) -> Any:
        entries: list[tuple[Log, Event]] = []
        for log, kind in what:
            run = witness.run(log, number)
            if kind == "begins":
                witness.chars[log] = 2
                entries.append((run.log, started(run, "ab", "c")))
            else:
                entries.append((run.log, finished(run) if kind == "ends" else delta("noise")))
        await witness.log.append(entries)

    return act


@st.composite
def writings(draw: st.DrawFn) -> Act:
    """Mostly right ones: for the run that is live, in the present epoch, where the text ends."""
    speeches = draw(
        st.lists(
            st.tuples(
                st.integers(0, LOGS - 1),
                st.sampled_from([1, 1, 1, 2]),
                st.sampled_from([-1, -1, -1, -1, -2, None]),
                st.sampled_from([0, 0, 0, 0, 1, -1]),
                st.lists(st.sampled_from(["x", "yz", "🌊", ""]), min_size=1, max_size=2),
            ),
            min_size=1,
            max_size=3,
            unique_by=lambda speech: speech[0],
        )
    )

    async def act(witness: Witness) -> Any:
        made = []
        for log, number, which, off, words in speeches:
            epochs = ["unknown", "unknown", *witness.epochs.get(log, [])]
            start = max(0, witness.chars.get(log, 0) + off)
            deltas = []
            for text in words:
                deltas.append(delta(text, start, turn=f"t{log}"))
                start += len(text)
            made.append(Speech(witness.run(log, number), "never" if which is None else epochs[which], deltas))
        outcomes = await witness.log.write(made)
        for outcome, (log, *_, words) in zip(outcomes, speeches, strict=True):
            if outcome is Outcome.DONE:
                witness.chars[log] = witness.chars.get(log, 0) + len("".join(words))
        return outcomes

    return act


@st.composite
def renewals(draw: st.DrawFn) -> Act:
    which = draw(st.sampled_from([-1, -1, -2, 0]))
    version = draw(st.sampled_from([0, 0, 1, -1]))

    async def act(witness: Witness) -> Any:
        held = await witness.log.ledger(witness.owner)
        known = [None, *witness.ledgers, held]
        await witness.log.renew(witness.owner, max(0, witness.versions + version), known[which])
        after = await witness.log.ledger(witness.owner)
        witness.ledgers.append(after)
        if after is None:
            return None
        witness.versions = after.version
        return witness.name(after.key), after.version

    return act


@st.composite
def one_log(draw: st.DrawFn) -> Act:
    log = draw(st.integers(0, LOGS - 1))
    what = draw(st.sampled_from(["follow", "follow", "follow", "unfollow", "position", "resume", "resume", "seize"]))
    number, chars = draw(st.sampled_from([1, 1, 2])), draw(st.integers(0, 3))

    async def act(witness: Witness) -> Any:
        place, run = witness.place(log), witness.run(log, number)
        try:
            match what:
                case "follow":
                    witness.tails[log] = tail = await witness.log.follow(place, ignore)
                    return witness.seen(log, tail.position), tail.first
                case "unfollow":
                    witness.tails.pop(log, None)
                    witness.log.unfollow(place, ignore)
                    return sorted(str(followed) for followed in witness.log.followed())
                case "position":
                    return witness.seen(log, await witness.log.position(place))
                case "resume":
                    position = await witness.log.resume(run, {Part.ANSWER: chars, Part.REASONING: 1})
                    witness.chars[log] = chars
                    return witness.seen(log, position)
                case "seize":
                    return [_plain(entry, log) for entry in await witness.log.seize(run)]
        except HistoryLost:
            return "lost"

    return act


ACTS = st.one_of(announcements(), appendings(), writings(), writings(), renewals(), one_log(), one_log())


@pytest.fixture
async def service(redis_server: RedisServer) -> AsyncIterator[RedisService]:
    async with RedisService(redis_server.url, new_id()) as service:
        yield service


async def begin(witness: Witness) -> None:
    """Everything is followed, and has a live run."""
    await witness.log.renew(witness.owner, 0, instead_of=None)
    for log in range(LOGS):
        witness.tails[log] = await witness.log.follow(witness.place(log), ignore)
        await witness.log.append([(witness.place(log), started(witness.run(log, 1)))])


@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(acts=st.lists(ACTS, min_size=10, max_size=40), known=st.sampled_from([True, True, True, False]))
async def test_the_logs_agree(service: RedisService, acts: list[Act], known: bool) -> None:
    owner = new_id()
    memory, redis = Witness(MemoryEventLog(), owner), Witness(service.event_log, owner)
    if known:
        for witness in (memory, redis):
            await begin(witness)
    for act in acts:
        assert await act(memory) == await act(redis)
        assert await memory.state() == await redis.state()
    for witness in (memory, redis):
        for log in list(witness.tails):
            witness.log.unfollow(witness.place(log), ignore)
