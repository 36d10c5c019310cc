"""Several processes on one port: dealt out evenly, replaced when they die, replaced one by one in mid-answer."""

from __future__ import annotations

import asyncio
import itertools
import os
import signal
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import make_url, text
from websockets.exceptions import InvalidMessage

from server import db
from server.tables import new_id
from tests.fixtures.client import SECONDS, Frame, Person, Tab
from tests.fixtures.figures import figures
from tests.fixtures.redis import RedisServer
from tests.fixtures.server import ServerProcess
from tests.fixtures.upstream import DONE, Gate, Upstream, delta, finish

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.redis,
    pytest.mark.parametrize("database_url", [pytest.param("mysql", marks=pytest.mark.mysql)], indirect=True),
]


class Fleet(ServerProcess):
    def __init__(self, folder: Path, database_url: str, redis_url: str, upstream: Upstream) -> None:
        super().__init__(
            folder,
            PARLEY_WORKERS="2",
            PARLEY_DATABASE_URL=database_url,
            PARLEY_REDIS_URL=redis_url,
            PARLEY_REDIS_PREFIX=new_id(),
            PARLEY_DRAIN_SECONDS="60",
            PARLEY_BCRYPT_ROUNDS="4",
            OPENAI_API_KEY="sk-canary",
            OPENAI_BASE_URL=upstream.base_url,
        )
        self._engine = db.engine_of(make_url(database_url).set(drivername="mysql+pymysql"))

    def ask(self, question: str) -> list[tuple[str, ...]]:
        with self._engine.connect() as connection:
            return [tuple(map(str, row)) for row in connection.execute(text(question))]

    @property
    def processes(self) -> dict[str, int]:
        """Process ids, by the workers' ids."""
        return {worker: int(name.rpartition(":")[2]) for worker, name in self.ask("SELECT id, name FROM workers")}

    def __exit__(self, *error: object) -> None:
        super().__exit__(*error)
        self._engine.dispose()


@pytest.fixture
def fleet(tmp_path: Path, database_url: str, redis_server: RedisServer, upstream: Upstream) -> Iterator[Fleet]:
    with Fleet(tmp_path / "data", database_url, redis_server.url, upstream) as running:
        yield running


async def test_connections_are_dealt_out(fleet: Fleet) -> None:
    """Of 60 sockets each process has a good share; with one listener for both, one of them has nearly all."""
    ann = await Person.register(fleet.url)
    async with AsyncExitStack() as stack:
        for _ in range(60):
            await stack.enter_async_context(ann.tab(sync=False))
        shares = Counter(worker for (worker,) in fleet.ask("SELECT worker_id FROM presences"))
        told = await figures(fleet.url)
    assert len(shares) == 2
    assert min(shares.values()) >= 10  # fewer has a chance of one in ten million
    assert told["parley_connections"] == 60, "whichever process is asked answers for all"


@asynccontextmanager
async def connected(person: Person) -> AsyncIterator[Tab]:
    """As a client does it: what reached a process just before its death gets no answer, and is tried again."""
    async with AsyncExitStack() as stack:
        for _ in range(10):
            with suppress(InvalidMessage, ConnectionError):
                tab = await stack.enter_async_context(person.tab())
                break
        yield tab


async def test_a_process_that_is_killed_in_mid_answer(fleet: Fleet, upstream: Upstream) -> None:
    """Another one ends its turn, once, with all that anybody has seen; and a new process takes its place."""
    upstream.script(delta("one "), delta("two "), Gate(), finish(), DONE)
    ann = await Person.register(fleet.url)
    async with ann.tab() as asking:
        sent = await asking.send("Why?")
        await asking.until(lambda: asking.joined(sent["turn"]) == "one two ")
        (owner,) = fleet.ask(f"SELECT owner FROM messages WHERE id = '{sent['turn']}'")[0]
        before = fleet.processes
        os.kill(before[owner], signal.SIGKILL)
        async with connected(ann) as watching:
            opened = await watching.call("open", conversation=sent["conversation"], format="text")
            if opened["snapshot"]["live"]:
                assert opened["snapshot"]["live"][0]["text"] == "one two "
                message = await watching.finished(sent["turn"])
            else:
                message = opened["snapshot"]["messages"][-1]
    assert (message["status"], message["text"]) == ("interrupted", "one two ")
    async with asyncio.timeout(SECONDS):
        while len(set(fleet.processes.values()) - {before[owner]}) < 2:  # noqa: ASYNC110 -- nobody tells
            await asyncio.sleep(0.1)


async def test_replacing_all_processes_in_the_middle_of_answers(fleet: Fleet, upstream: Upstream) -> None:
    """In the middle of fifty, SIGHUP shows nothing to anyone: no error, and not a character lost or doubled."""
    gates = [Gate() for _ in range(50)]
    for number, gate in enumerate(gates):
        upstream.script(delta(f"{number} before "), gate, delta("during "), delta("after 🌊"), finish(), DONE)
    people = [await Person.register(fleet.url, f"person{number}") for number in range(len(gates))]
    before = set(fleet.processes.values())
    async with asyncio.TaskGroup() as tasks:
        reading = []
        for person in people:
            begun = asyncio.Event()
            reading.append(tasks.create_task(read_to_the_end(person, begun)))
            await begun.wait()
        fleet.send_signal(signal.SIGHUP)
        async with asyncio.timeout(2 * SECONDS):
            while not fleet.ask("SELECT id FROM workers WHERE draining"):  # noqa: ASYNC110 -- nobody tells
                await asyncio.sleep(0.05)
        for gate in gates:
            gate.open()
    texts = sorted(task.result() for task in reading)
    assert texts == sorted(f"{number} before during after 🌊" for number in range(len(gates)))
    async with asyncio.timeout(2 * SECONDS):
        while before & set(fleet.processes.values()):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def read_to_the_end(person: Person, begun: asyncio.Event) -> str:
    """As a client does it: told 1012 it connects anew and goes on from its place. Returns the text of all deltas."""
    words = ""
    place: Frame = {}
    sent: Frame = {}
    while True:
        async with person.tab() as tab:
            if not sent:
                sent = await tab.send("Why?")
                place = {"epoch": sent["epoch"], "offset": sent["offset"]}
            else:
                opened = await tab.call("open", conversation=sent["conversation"], format="text", **place)
                assert opened["recovered"], "the log still has it"
            async for event in events_of(tab, sent["conversation"]):
                place["offset"] = event["offset"]
                if event["type"] == "turn.delta":
                    assert event["from"] == len(words)
                    words += event["text"]
                    begun.set()
                elif event["type"] == "turn.finished":
                    assert (event["message"]["status"], event["message"]["text"]) == ("complete", words)
                    return words
            assert await tab.closed() == 1012


async def events_of(tab: Tab, conversation: str) -> AsyncIterator[Frame]:
    """Until the socket is closed. The answers are held until a new process serves, which takes its time to start."""
    for taken in itertools.count():
        await tab.until(partial(has_more, tab, taken), seconds=4 * SECONDS)
        if len(tab.frames) == taken:
            return
        frame = tab.frames[taken]
        if frame.get("conversation") == conversation and "offset" in frame and frame["type"] in FOLLOWED:
            yield frame


def has_more(tab: Tab, taken: int) -> bool:
    return tab.close_code is not None or len(tab.frames) > taken


FOLLOWED = ("message.created", "turn.started", "turn.delta", "turn.finished", "message.updated", "path.selected")


async def test_nobody_outlives_the_one_that_looks_after_them(fleet: Fleet) -> None:
    processes = fleet.processes
    fleet.kill()
    async with asyncio.timeout(SECONDS):
        while any(map(alive, processes.values())):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


def alive(process: int) -> bool:
    try:
        return "Z" not in Path(f"/proc/{process}/stat").read_text().split()[2]
    except FileNotFoundError:
        return False
