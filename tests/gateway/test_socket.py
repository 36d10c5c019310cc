"""Bad input gets an answer, commands take effect in their order, and a broken line harms nobody."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.websockets import WebSocketDisconnect, WebSocketState

from server.gateway import connection as connections
from server.gateway.connection import BAD_FRAMES, SLOW_AT_ONCE, Connection
from server.gateway.feed import Feeds
from server.gateway.html import Renderer
from server.gateway.rates import Rates
from server.protocol.codes import CloseCode
from server.protocol.commands import Command
from server.realtime.event_log_memory import MemoryEventLog
from server.settings import Settings
from tests.fixtures.client import Frame, Person, Refused, Tab
from tests.fixtures.server import Running, running, settings_for
from tests.gateway.units import SECONDS, Marker

pytestmark = pytest.mark.anyio

NUMBERS = itertools.count(1)
FRAME_BYTES = 65_536


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(settings_for(tmp_path_factory.mktemp("socket"), frame_bytes=FRAME_BYTES)) as server:
        yield server


@pytest.fixture
async def person(house: Running) -> Person:
    return await Person.register(house.url, f"person{next(NUMBERS)}")


async def errors(tab: Tab, count: int) -> list[Frame]:
    def had() -> list[Frame]:
        return [frame for frame in tab.frames if frame["type"] == "error"]

    await tab.until(lambda: len(had()) >= count)
    return had()


@pytest.mark.parametrize(
    ("frame", "code", "request_id"),
    [
        (b"\x00\xff", "bad_frame", None),
        (b'{"type":"ping","id":"r"}', "bad_frame", None),
        ("", "bad_frame", None),
        ("not json", "bad_frame", None),
        ('{"type":"ping","id":"r"', "bad_frame", None),
        ("[" * 20_000, "bad_frame", None),
        ('{"type":"send","id":"r","conversation":null,"client_id":"c","text":"\\u0000"}', "bad_frame", "r"),
        ('{"type":"send","id":"r","conversation":null,"client_id":"c","text":"\\ud83c"}', "bad_frame", "r"),
        ('{"type":"nothing","id":"r"}', "unknown_type", "r"),
        ('{"type":"ping"}', "invalid", None),
        ('{"type":"ping","id":"r","more":1}', "invalid", "r"),
    ],
)
async def test_what_is_no_command_gets_an_error(person: Person, frame: str | bytes, code: str, request_id: str) -> None:
    """And the socket goes on."""
    async with person.tab() as tab:
        await tab.socket.send(frame)
        (error,) = await errors(tab, 1)
        assert (error["code"], error["id"]) == (code, request_id)
        assert await tab.call("ping") == {}


async def test_twenty_of_them_within_a_minute_end_the_socket(person: Person) -> None:
    async with person.tab() as tab:
        for _ in range(BAD_FRAMES - 1):
            await tab.socket.send("nonsense")
        await errors(tab, BAD_FRAMES - 1)
        assert await tab.call("ping") == {}
        await tab.socket.send("nonsense")
        assert await tab.closed() == CloseCode.PROTOCOL_VIOLATED


async def test_over_a_longer_time_they_do_not(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = itertools.count(0, connections.BAD_FRAMES_SECONDS / (BAD_FRAMES - 2))
    monkeypatch.setattr(connections, "monotonic", lambda: next(seconds))
    async with person.tab() as tab:
        for _ in range(2 * BAD_FRAMES):
            await tab.socket.send("nonsense")
        await errors(tab, 2 * BAD_FRAMES)
        assert await tab.call("ping") == {}


async def test_refused_commands_are_no_bad_frames(person: Person) -> None:
    async with person.tab() as tab:
        for _ in range(2 * BAD_FRAMES):
            with pytest.raises(Refused):
                await tab.call("open", conversation="nothing")
        assert await tab.call("ping") == {}


async def test_a_frame_beyond_the_limit_ends_the_socket(person: Person) -> None:
    async with person.tab() as tab:
        frame = json.dumps({"type": "ping", "id": "r"})
        await tab.socket.send(frame + " " * (FRAME_BYTES - len(frame)))
        await tab.reply("r")
        await tab.socket.send(frame + " " * (FRAME_BYTES + 1 - len(frame)))
        assert await tab.closed() == 1009


async def test_fragments_without_end_are_a_frame_beyond_the_limit(person: Person) -> None:
    async with person.tab() as tab:

        async def fragments() -> Any:
            for _ in range(FRAME_BYTES // 8192 + 1):
                yield " " * 8192
            await tab.closed()

        sending = asyncio.create_task(tab.socket.send(fragments()))
        assert await tab.closed() == 1009
        await asyncio.gather(sending, return_exceptions=True)


async def test_commands_take_effect_in_the_order_in_which_they_were_sent(person: Person) -> None:
    async with person.tab() as tab:
        for number in range(40):
            await tab.post("settings", key="n", value=number)
        await tab.call("ping")
        replies = [frame["id"] for frame in tab.frames if frame["type"] == "reply"]
        assert replies == sorted(replies, key=lambda request: int(request[1:]))
        await tab.until(lambda: len(tab.of_type("settings.updated")) == 40)
        assert [event["value"] for event in tab.of_type("settings.updated")] == list(range(40))
        assert (await tab.call("sync"))["snapshot"]["settings"] == {"n": 39}


async def test_every_command_has_one_answer_and_it_comes_before_its_events(person: Person) -> None:
    async with person.tab() as tab:
        for number in range(10):
            await tab.post("settings", key="n", value=number)
        await tab.until(lambda: len(tab.of_type("settings.updated")) == 10)
        answered = 0
        for frame in tab.frames[2:]:
            if frame["type"] == "reply":
                answered += 1
            else:
                assert frame["value"] < answered


async def test_what_was_sent_before_the_line_broke_takes_effect(person: Person) -> None:
    async with person.tab() as tab, person.tab() as other:
        for number in range(20):
            await tab.post("settings", key="n", value=number)
        await tab.socket.close()
        await other.event("settings.updated", value=19)


async def test_a_line_that_breaks_in_an_answer_is_no_error(person: Person, caplog: pytest.LogCaptureFixture) -> None:
    """Writing finds the socket gone while its last command is still being carried out."""
    async with person.tab() as other:
        for _ in range(5):
            async with person.tab() as tab:
                sent = await tab.send("/long")
                await tab.event("turn.delta", turn=sent["turn"])
                for number in range(20):
                    await tab.post("settings", key="n", value=number)
                tab.socket.transport.abort()
            await other.call("stop", turn=sent["turn"])
            assert await other.ended(sent["turn"]) in ("stopped", "complete")
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


class Line:
    """A socket as the framework gives it: what comes in is listed, what goes out may fail or never get through."""

    client_state = WebSocketState.CONNECTED

    def __init__(self, *frames: str, fails: Exception | None = None, stalled: bool = False) -> None:
        self._frames = list(frames)
        self._fails = fails
        self._stalled = stalled
        self.sent: list[Frame] = []
        self.tried_to_close: list[int] = []
        self._end = asyncio.Event()

    async def receive(self) -> dict[str, Any]:
        if self._frames:
            return {"type": "websocket.receive", "text": self._frames.pop(0)}
        await self._end.wait()
        return {"type": "websocket.disconnect", "code": 1006}

    async def send_text(self, frame: str) -> None:
        if self._stalled:
            await asyncio.Event().wait()
        if self._fails is not None:
            self._end.set()
            raise self._fails
        self.sent.append(json.loads(frame))

    async def close(self, code: int, _reason: str) -> None:
        self.tried_to_close.append(code)
        if self._stalled:
            await asyncio.Event().wait()

    def end(self) -> None:
        self._end.set()


def connect(line: Line) -> Connection:
    services = SimpleNamespace(feeds=Feeds(MemoryEventLog(), Renderer()))
    identity = SimpleNamespace(user=None, session=None)
    allowance = Rates(Settings(_env_file=None)).allowance("ann")  # type: ignore[call-arg]
    return Connection(cast(Any, line), cast(Any, identity), cast(Any, services), allowance)


@pytest.mark.parametrize("error", [WebSocketDisconnect(1006), RuntimeError("after sending 'websocket.close'")])
async def test_a_socket_that_takes_no_more_is_read_to_its_end(error: Exception) -> None:
    """It ends without an exception, whatever the server underneath says of it."""
    line = Line(*(f'{{"type":"ping","id":"{number}"}}' for number in range(200)), fails=error)
    connection = connect(line)
    done: list[str] = []

    async def dispatch(connection: Connection, command: Command) -> None:
        await asyncio.sleep(0)
        done.append(command.id)
        connection.outbox.reply(Marker())

    await asyncio.wait_for(connection.run(dispatch), SECONDS)
    assert len(done) == 200
    assert line.tried_to_close == []


async def test_who_has_stopped_reading_cannot_hold_up_its_own_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "FAREWELL_SECONDS", 0.01)
    connection = connect(line := Line(stalled=True))
    connection.outbox.reply(Marker())

    async def dispatch(_connection: Connection, _command: Command) -> None: ...

    running = asyncio.create_task(connection.run(dispatch))
    await asyncio.sleep(0)
    connection.close(CloseCode.UNAUTHENTICATED, "logged out")
    connection.close(CloseCode.CUT_OFF, "too late to change the reason")
    await asyncio.wait_for(running, SECONDS)
    assert line.tried_to_close == [CloseCode.UNAUTHENTICATED]
    assert connection.closed_by_us == CloseCode.UNAUTHENTICATED


async def test_a_socket_that_was_closed_before_it_ran_says_nothing_else() -> None:
    connection = connect(line := Line())
    connection.outbox.reply(Marker())
    connection.close(CloseCode.UNAUTHENTICATED, "logged out")

    async def dispatch(_connection: Connection, _command: Command) -> None: ...

    await asyncio.wait_for(connection.run(dispatch), SECONDS)
    assert (line.sent, line.tried_to_close) == ([], [CloseCode.UNAUTHENTICATED])


async def test_slow_commands_are_bounded_and_hold_up_no_others() -> None:
    line = Line()
    connection = connect(line)
    gate = asyncio.Event()
    ended = asyncio.Event()

    async def slow() -> None:
        await gate.wait()
        ended.set()

    async def dispatch(_connection: Connection, _command: Command) -> None: ...

    running = asyncio.create_task(connection.run(dispatch))
    await asyncio.sleep(0)
    assert [connection.spawn(slow) for _ in range(SLOW_AT_ONCE + 1)] == [True] * SLOW_AT_ONCE + [False]
    gate.set()
    await ended.wait()
    assert connection.spawn(slow)
    line.end()
    await asyncio.wait_for(running, SECONDS)
