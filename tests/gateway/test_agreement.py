"""Whatever happens in whatever order, every tab knows what a fresh snapshot says.

A seed makes a sequence of what people do with several tabs and of what models answer. The server, its database, the
sockets and the models' endpoint are real; only the moments at which a model goes on are chosen here.
"""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import anyio
import pytest

from server.protocol.codes import Role, Status
from server.realtime.event_log import Entry, Outcome
from server.realtime.event_log_memory import MemoryEventLog
from tests.fixtures.client import Frame, Person, Refused, Tab
from tests.fixtures.server import Running, running, settings_for
from tests.fixtures.upstream import CHAT, DONE, Answer, Gate, Received, Step, Upstream, delta, finish, reasoning
from tests.gateway.replay import USER, Asked, Client, View, compare

pytestmark = pytest.mark.anyio

SEEDS = range(10)
STEPS = 45
UNBROKEN = (Status.COMPLETE, Status.TRUNCATED)
EXPECTED = ("busy", "conflict", "not_found")
"""Refusals that a sequence made at random must meet with."""
PIECES = (
    "# Tides\n\n",
    "The **moon** ",
    "pulls. ",
    "**注意：**后面",
    "潮汐 🌊🏝️ ",
    "\n\n```python\nprint(",
    "'x')\n```\n\n",
    "- one\n- two\n",
    "| a | b |\n|---|---|\n| 1 | 2 |\n\n",
    "[moon][1] ",
    "\n\n[1]: https://example.org\n\n",
    "$$x^2$$\n\n",
    "<script>alert(1)</script>",
    "\n\n",
    " ",
    "long words " * 60,
)


class Models(Upstream):
    """Answers that go on when they are told to. Titles come at once."""

    def __init__(self) -> None:
        super().__init__()
        self._seed = 0
        self._asked: Counter[str] = Counter()
        self._gates: list[Gate] = []
        self._free = False
        self._lock = threading.Lock()
        self.said: set[tuple[str, str]] = set()
        """Reasoning and text of all answers, as they are when nobody stops them."""
        self.went_on: set[tuple[str, str]] = set()
        """The same of those that went on with what had broken off: the new thoughts, and the whole text."""

    def begin(self, seed: int) -> None:
        with self._lock:
            self._seed, self._free = seed, False
            self._asked.clear()
            self._gates.clear()

    def go_on(self, random: Random) -> None:
        """One of the running answers says some more."""
        with self._lock:
            if self._gates:
                self._gates.pop(random.randrange(len(self._gates))).open()

    def run_free(self) -> None:
        """All answers run to their end, those of later requests too."""
        with self._lock:
            self._free = True
            for gate in self._gates:
                gate.open()

    def _answer(self, request: Received) -> Answer:
        if request.path != CHAT:
            return super()._answer(request)
        question = request.body["messages"][-1]["content"]
        if "title for this conversation" in question:
            return Answer((delta("A title"), finish(), DONE))
        self._asked[question] += 1
        random = Random(f"{self._seed} {question} {self._asked[question]}")
        thought, text = "", "."
        steps: list[Step] = []
        for _ in range(random.randrange(2, 8)):
            for piece in random.choices(PIECES, k=random.randrange(4)):
                if random.random() < 0.3:
                    steps.append(reasoning(piece))
                    thought += piece
                else:
                    steps.append(delta(piece))
                    text = f"{text[:-1]}{piece}."
            steps.append(self._gate())
        if "cut off" in question:
            self.went_on.add((thought, request.body["messages"][-2]["content"] + text))
        else:
            self.said.add((thought, text))
        return Answer((*steps, delta("."), finish(random.choice(("stop", "stop", "length"))), DONE))

    def _gate(self) -> Gate:
        gate = Gate()
        with self._lock:
            if self._free:
                gate.open()
            self._gates.append(gate)
        return gate


@dataclass
class Seat:
    """Somebody at a tab, and what the tab knows. Its sockets come and go."""

    person: Person
    client: Client = field(default_factory=Client)
    _tab: Tab | None = None
    _asked: dict[str, Asked] = field(default_factory=dict)
    _read: int = 0
    _stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def tab(self) -> Tab:
        assert self._tab is not None
        return self._tab

    async def arrive(self) -> None:
        self.client.arrive()
        self._asked, self._read = {}, 0
        self._tab = await self._stack.enter_async_context(self.person.tab(sync=False))

    async def leave(self) -> None:
        await self._stack.aclose()
        self.catch_up()

    async def ask(self, command: str, *, held: View | None = None, **fields: Any) -> Frame:
        request = await self.tab.post(command, **fields)
        self._asked[request] = Asked(command, fields, held)
        return await self.tab.reply(request)

    async def follow(self, name: str, format: str, *, resume: bool) -> Frame:
        """A log, from where it was left if that is known, in the format that it had then; else from a snapshot."""
        way = self.client.way_to(name, format, resume=resume)
        return await self.ask(way.command, held=way.held, **way.fields)

    def catch_up(self) -> dict[str, View]:
        for frame in self.tab.frames[self._read :]:
            self.client.take(frame, self._asked)
            self._read += 1
        return self.client.views

    def lists(self, conversation: str) -> bool:
        return any(row["id"] == conversation for row in self.catch_up()[USER].state["conversations"])

    async def reaches(self, name: str, offset: int) -> View:
        await self.tab.until(lambda: self.catch_up()[name].offset >= offset)
        return self.client.views[name]


class Room:
    """A person's tabs, all of which must come to know the same."""

    def __init__(self, person: Person, models: Models, seed: int) -> None:
        self.random = Random(seed)
        self.models = models
        self.seats = [Seat(person) for _ in range(3)]
        self.checker = Seat(person)
        self.sends: list[Frame] = []
        self.conversations: list[str] = []
        self.folders: list[str] = []
        self.presets: list[str] = []
        self.turns: list[str] = []
        self.messages: list[tuple[str, str]] = []
        """Conversation and message."""
        self._ids = itertools.count(1)

    async def step(self) -> None:
        """One thing that happens, or several at once."""
        random = self.random
        if random.random() < 0.1:
            await self._come_back(random.choice(self.seats))
            return
        async with asyncio.TaskGroup() as tasks:
            for seat in random.sample(self.seats, k=random.choice((1, 1, 2, 3))):
                tasks.create_task(self._try(self._act(seat)))
        for _ in range(random.randrange(4)):
            self.models.go_on(random)

    async def _try(self, act: Awaitable[object]) -> None:
        try:
            await act
        except Refused as refused:
            if refused.code not in EXPECTED:
                raise

    async def _come_back(self, seat: Seat) -> None:
        """A reload, or a cut line: everything that was followed is followed again, from its offset or from anew."""
        if self.random.random() < 0.5:
            seat.tab.socket.transport.abort()
        await seat.leave()
        names = list(seat.client.views)
        for _ in range(self.random.randrange(3)):
            self.models.go_on(self.random)
        await seat.arrive()
        for name in names:
            resume = name == USER or self.random.random() < 0.8
            await self._try(seat.follow(name, self._format(), resume=resume))

    def _act(self, seat: Seat) -> Awaitable[object]:
        random = self.random
        if not self.conversations or random.random() < 0.15:
            return self._send(seat, None)
        conversation = random.choice(self.conversations[-4:])
        home, message = random.choice(self.messages)
        turn = random.choice(self.turns)
        changes = random.choice(
            (
                {"pinned": random.random() < 0.5},
                {"archived": random.random() < 0.3},
                {"system_prompt": f"Be {random.random()}."},
                {"params": {"temperature": 0.5}},
                {"folder": random.choice([None, *self.folders])},
            )
        )
        acts: list[tuple[int, Callable[[], Awaitable[object]]]] = [
            (6, lambda: self._send(seat, conversation)),
            (2, lambda: seat.ask("send", **random.choice(self.sends))),
            (3, lambda: seat.ask("stop", turn=self.turns[-1])),
            (1, lambda: seat.ask("stop", turn=turn)),
            (4, lambda: self._regenerate(seat, turn)),
            (3, lambda: self._edit(seat, message)),
            (4, lambda: seat.ask("continue", turn=turn)),
            (4, lambda: seat.ask("select", message=message)),
            (2, lambda: self._draft(seat, random.choice((None, conversation)))),
            (2, lambda: seat.ask("title", conversation=conversation, title=f"Title {random.random()}")),
            (1, lambda: seat.ask("title", conversation=conversation)),
            (2, lambda: seat.ask("update", conversation=conversation, **changes)),
            (1, lambda: seat.ask("delete", conversations=[conversation])),
            (2, lambda: seat.ask("read", conversation=home, message=message)),
            (2, lambda: seat.ask("feedback", message=turn, value=random.choice((None, "good", "bad")), comment="why")),
            (1, lambda: self._folder(seat)),
            (1, lambda: self._preset(seat)),
            (1, lambda: seat.ask("settings", key=random.choice("abc"), value=random.choice((None, 1, "x")))),
            (4, lambda: seat.follow(conversation, self._format(), resume=random.random() < 0.5)),
            (1, lambda: seat.ask("close", conversation=conversation)),
            (1, lambda: seat.follow(USER, "", resume=random.random() < 0.5)),
        ]
        (act,) = random.choices([act for _, act in acts], [weight for weight, _ in acts])
        return act()

    async def _send(self, seat: Seat, conversation: str | None) -> None:
        fields: Frame = {
            "conversation": conversation,
            "text": f"Question {next(self._ids)}, **please**.",
            "client_id": f"c{next(self._ids)}",
            "format": self._format(),
        }
        if conversation is None and self.random.random() < 0.3:
            fields["temporary"] = True
        if conversation is not None and self.random.random() < 0.3:
            known = [message for home, message in self.messages if home == conversation]
            fields["parent"] = self.random.choice([None, *known])
        self.sends.append(fields)
        sent = await seat.ask("send", **fields)
        self.conversations.append(sent["conversation"])
        self.turns.append(sent["turn"])
        self.messages += [(sent["conversation"], sent["message"]), (sent["conversation"], sent["turn"])]

    async def _regenerate(self, seat: Seat, turn: str) -> None:
        again = await seat.ask("regenerate", turn=turn)
        self.turns.append(again["turn"])
        self.messages.append((self._home(turn), again["turn"]))

    async def _edit(self, seat: Seat, message: str) -> None:
        fields: Frame = {
            "message": message,
            "text": f"Otherwise {next(self._ids)}?",
            "client_id": f"e{next(self._ids)}",
        }
        edited = await seat.ask("edit", **fields)
        self.turns.append(edited["turn"])
        self.messages += [(self._home(message), edited["message"]), (self._home(message), edited["turn"])]

    async def _draft(self, seat: Seat, conversation: str | None) -> None:
        text = self.random.choice(("", "Half a", "Half a question 半个"))
        await seat.ask("draft", conversation=conversation, text=text)

    def _home(self, message: str) -> str:
        return next(home for home, known in self.messages if known == message)

    async def _folder(self, seat: Seat) -> None:
        """A new one, or another name for one, or its end."""
        name, end = f"Folder {next(self._ids)}", self.random.random() < 0.4
        if not self.folders or self.random.random() < 0.5:
            self.folders.append((await seat.ask("folder.create", name=name))["folder"]["id"])
        elif end:
            await seat.ask("folder.delete", folder=self.random.choice(self.folders))
        else:
            await seat.ask("folder.update", folder=self.random.choice(self.folders), name=name)

    async def _preset(self, seat: Seat) -> None:
        preset = self.random.choice([None, *self.presets])
        if preset is not None and self.random.random() < 0.4:
            await seat.ask("preset.delete", preset=preset)
            return
        saved = await seat.ask("preset.save", preset=preset, name=f"Prompt {next(self._ids)}", text="Say more.")
        self.presets.append(saved["preset"]["id"])

    def _format(self) -> str:
        return self.random.choice(("html", "text"))

    async def check(self) -> None:
        """What every tab holds of every log that it follows is what a fresh snapshot says."""
        for seat in self.seats:
            for name in list(seat.catch_up()):
                await self._check(seat, name)

    async def _check(self, seat: Seat, name: str) -> None:
        """The snapshot and the tab are compared at one offset: until both stand there, they are asked again."""
        for _ in range(100):
            if (view := seat.catch_up().get(name)) is None:
                return  # deleted meanwhile
            try:
                fresh = await self.checker.follow(name, str(view.format), resume=False)
            except Refused:
                await seat.tab.until(lambda: not seat.lists(name))
                seat.client.views.pop(name, None)  # it may have asked again what it had asked before the end
                return
            view = await seat.reaches(name, fresh["offset"])
            if view.offset == fresh["offset"]:
                assert view.epoch == fresh["epoch"]
                if view.state is not None:
                    compare(view, fresh["snapshot"])
                return
        raise AssertionError("the log never came to rest")

    async def end(self) -> None:
        """All answers have come to their end."""
        self.models.run_free()
        await self.checker.tab.until(lambda: not self.checker.catch_up()[USER].state["live_turns"])


@pytest.fixture(scope="module")
def models() -> Iterator[Models]:
    with Models.running() as models:
        yield models


@pytest.fixture(scope="module")
def far_log() -> Iterator[None]:
    """An append takes its time, as it does over a network: there is a while between a commit and its events."""
    announce = MemoryEventLog.announce

    async def late(log: MemoryEventLog, user: str, version: int, entries: Sequence[Entry]) -> Outcome:
        with anyio.CancelScope(shield=True):
            await asyncio.sleep(0.004)
        return await announce(log, user, version, entries)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(MemoryEventLog, "announce", late)
        yield


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, models: Models, far_log: None) -> Iterator[Running]:
    folder = tmp_path_factory.mktemp("agreement")
    with running(settings_for(folder, openai_api_key="sk-canary", openai_base_url=models.base_url)) as server:
        yield server


@asynccontextmanager
async def room(house: Running, models: Models, seed: int) -> AsyncIterator[Room]:
    models.begin(seed)
    made = Room(await Person.register(house.url, f"person{seed}"), models, seed)
    for seat in (*made.seats, made.checker):
        await seat.arrive()
        await seat.follow(USER, "", resume=False)
    try:
        yield made
    finally:
        models.run_free()
        for seat in (*made.seats, made.checker):
            await seat.leave()


@pytest.mark.parametrize("seed", SEEDS)
async def test_an_old_snapshot_and_the_events_are_a_fresh_snapshot(house: Running, models: Models, seed: int) -> None:
    """In the middle of answers and at their end. What was shown of each run is what is stored of it, to the character.

    Offsets grow strictly; a tab that comes back by its offset gets exactly what it missed; nothing of a deleted
    conversation follows its end.
    """
    async with room(house, models, seed) as tabs:
        for number in range(1, STEPS + 1):
            await tabs.step()
            if number % 9 == 0:
                await tabs.check()
        await tabs.end()
        await tabs.check()
        for seat in tabs.seats:
            for name, view in seat.client.views.items():
                rows = view.state.messages if name != USER and view.state is not None else ()
                ended = [row for row in rows if row.role is Role.ASSISTANT and row.status in UNBROKEN]
                for row in ended:
                    thought, text = row.reasoning or "", row.text
                    went_on = any(text == whole and thought.endswith(new) for new, whole in models.went_on)
                    assert went_on or (thought, text) in models.said
