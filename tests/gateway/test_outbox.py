"""What leaves one socket, and in which order."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from server.gateway.feed import Feeds
from server.gateway.html import Renderer
from server.gateway.outbox import REPLIES, REPLY_CHARS, Outbox, SocketGone
from server.protocol.codes import Format, Part
from server.protocol.events import ConversationDeleted
from server.realtime.event_log import Wake, conversation_log, user_log
from server.realtime.event_log_memory import MemoryEventLog
from server.realtime.tail import Log, Tail
from tests.gateway.units import LOG, OWNER, SECONDS, Bench, Marker, Wire, attach, control, started

pytestmark = pytest.mark.anyio

OTHER = conversation_log(OWNER, "other")


@asynccontextmanager
async def running(outbox: Outbox) -> AsyncIterator[None]:
    writing = asyncio.create_task(outbox.run())
    try:
        yield
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        outbox.close()


async def test_a_blocked_socket_gets_one_long_delta() -> None:
    """And every other socket gets its own at once."""
    bench = Bench()
    slow, fast = Wire(opened=False), Wire()
    slow_box, fast_box = Outbox(bench.feeds, slow.send), Outbox(bench.feeds, fast.send)
    async with running(slow_box), running(fast_box):
        await attach(bench, slow_box)
        await attach(bench, fast_box)
        for number in range(1, 21):
            await bench.say("x")
            await fast.until(lambda: fast.frames[-1:] != [] and fast.frames[-1]["offset"] == number)  # noqa: B023
        assert slow.frames == []
        assert slow.waiting == 1
        slow.open()
        await slow.until(lambda: len(slow.frames) == 2)
        assert [frame["text"] for frame in slow.frames] == ["x", "x" * 19]
        assert len(fast.frames) == 20


async def test_a_blocked_socket_gets_one_render_of_all_that_is_new() -> None:
    bench = Bench()
    wire = Wire(opened=False)
    outbox = Outbox(bench.feeds, wire.send)
    async with running(outbox):
        following = await attach(bench, outbox, Format.HTML)
        await bench.append(started())
        await wire.until(lambda: wire.waiting == 1)
        for piece in ("one", " two", " three"):
            await bench.say(piece)
        rendered = following.feed.rendering(("t", Part.ANSWER))
        assert rendered is not None
        await rendered.settle()
        wire.open()
        await wire.until(lambda: len(wire.frames) == 2)
        assert (wire.frames[1]["blocks"], wire.frames[1]["offset"]) == (["<p>one two three</p>\n"], 4)


async def test_replies_leave_first() -> None:
    bench = Bench()
    wire = Wire(opened=False)
    outbox = Outbox(bench.feeds, wire.send)
    async with running(outbox):
        await attach(bench, outbox)
        await bench.append(control("a"))
        await wire.until(lambda: wire.waiting == 1)
        await bench.append(control("b"))
        outbox.reply(Marker())
        wire.open()
        await wire.until(lambda: len(wire.frames) == 3)
        assert wire.kinds == ["path.selected", "reply", "path.selected"]


async def test_while_a_command_is_carried_out_events_wait_for_its_reply() -> None:
    bench = Bench()
    wire = Wire()
    outbox = Outbox(bench.feeds, wire.send)
    async with running(outbox):
        await attach(bench, outbox)
        with outbox.holding(), outbox.holding():
            await bench.append(control())
            outbox.reply(Marker(id="of another command"))
            await wire.until(lambda: len(wire.frames) == 1)
            outbox.reply(Marker(id="of this one"))
        await wire.until(lambda: len(wire.frames) == 3)
        assert wire.kinds == ["reply", "reply", "path.selected"]


async def test_who_does_not_read_replies_is_not_read_from() -> None:
    bench = Bench()
    wire = Wire(opened=False)
    outbox = Outbox(bench.feeds, wire.send)
    for _ in range(REPLIES):
        await asyncio.wait_for(outbox.room(), SECONDS)
        outbox.reply(Marker())
    waiting = asyncio.create_task(outbox.room())
    async with running(outbox):
        await wire.until(lambda: wire.waiting == 1)
        assert not waiting.done()
        wire.open()
        await asyncio.wait_for(waiting, SECONDS)
        await wire.until(lambda: len(wire.frames) == REPLIES)


async def test_large_replies_count_by_their_size() -> None:
    bench = Bench()
    wire = Wire(opened=False)
    outbox = Outbox(bench.feeds, wire.send)
    for _ in range(2):
        outbox.reply(Marker(id="x" * REPLY_CHARS))
    waiting = asyncio.create_task(outbox.room())
    async with running(outbox):
        await wire.until(lambda: wire.waiting == 1)
        assert not waiting.done()
        wire.open()
        await asyncio.wait_for(waiting, SECONDS)


async def test_the_logs_take_turns() -> None:
    bench = Bench()
    wire = Wire(opened=False)
    outbox = Outbox(bench.feeds, wire.send)
    async with running(outbox):
        await attach(bench, outbox)
        await attach(bench, outbox, log=OTHER)
        await bench.append(*(control("a") for _ in range(3)))
        await bench.append(*(control("b") for _ in range(3)), log=OTHER)
        wire.open()
        await wire.until(lambda: len(wire.frames) == 6)
        assert [frame["leaf"] for frame in wire.frames] == ["a", "b"] * 3


async def test_opening_again_replaces_the_following() -> None:
    bench = Bench()
    wire = Wire(opened=False)
    outbox = Outbox(bench.feeds, wire.send)
    async with running(outbox):
        first = await attach(bench, outbox)
        await bench.say("a", "b")
        with outbox.holding():
            second = await attach(bench, outbox)
            outbox.reply(Marker())
        assert outbox.following(LOG) is second
        await bench.say("c")
        wire.open()
        await wire.until(lambda: len(wire.frames) == 2)
        assert [(frame["type"], frame.get("offset")) for frame in wire.frames] == [("reply", None), ("turn.delta", 3)]
        assert first.wake not in first.feed._wakes


async def test_after_the_end_of_a_conversation_nothing_of_it_follows() -> None:
    bench = Bench()
    wire = Wire(opened=False)
    outbox = Outbox(bench.feeds, wire.send)
    mine = user_log(OWNER)
    async with running(outbox):
        await attach(bench, outbox, None, mine)
        await attach(bench, outbox)
        await bench.append(ConversationDeleted(conversation="c"), log=mine)
        await bench.append(control())
        await bench.append(ConversationDeleted(conversation="another"), log=mine)
        wire.open()
        await wire.until(lambda: len(wire.frames) == 2)
        assert wire.kinds == ["conversation.deleted"] * 2
        assert outbox.following(LOG) is None


async def test_a_log_whose_place_is_lost_is_followed_no_more() -> None:
    bench = Bench()
    wire = Wire(opened=False)
    outbox = Outbox(bench.feeds, wire.send)
    async with running(outbox):
        await attach(bench, outbox)
        await attach(bench, outbox, log=OTHER)
        await bench.append(control("other"), log=OTHER)
        await wire.until(lambda: wire.waiting == 1)
        await bench.say("a")
        await bench.forget()
        await bench.append(control("other"), log=OTHER)
        wire.open()
        await wire.until(lambda: len(wire.frames) >= 2 and "reset" in wire.kinds)
        assert outbox.following(LOG) is None
        assert wire.frames[wire.kinds.index("reset")] == {"type": "reset", "conversation": "c"}


async def test_a_socket_that_is_gone_keeps_nothing_and_holds_up_nobody() -> None:
    """The writer ends; commands that the socket still brought find room, and what they follow is left at once."""
    bench = Bench()

    async def gone(_frame: str) -> None:
        raise SocketGone

    outbox = Outbox(bench.feeds, gone)
    following = await attach(bench, outbox)
    for _ in range(REPLIES):
        outbox.reply(Marker())
    await asyncio.wait_for(outbox.run(), SECONDS)
    await asyncio.wait_for(outbox.room(), SECONDS)
    outbox.reply(Marker())
    again = await attach(bench, outbox)
    assert outbox.following(LOG) is None
    for left in (following, again):
        assert left.feed.idle
    assert followers(bench.log) == 0


async def test_the_last_who_leaves_ends_the_feed() -> None:
    bench = Bench()
    one, two = (Outbox(bench.feeds, Wire().send) for _ in range(2))
    first = await attach(bench, one)
    await attach(bench, one, log=OTHER)
    second = await attach(bench, two)
    assert first.feed is second.feed
    assert followers(bench.log) == 2
    one.close()
    assert followers(bench.log) == 1
    two.leave(LOG)
    assert followers(bench.log) == 0
    assert (await attach(bench, two)).feed is not first.feed


async def test_whoever_goes_while_a_feed_begins_leaves_nothing_behind() -> None:
    class Slow(MemoryEventLog):
        """Has begun to follow when it waits."""

        begun = asyncio.Event()

        async def follow(self, log: Log, wake: Wake) -> Tail:
            tail = await super().follow(log, wake)
            self.begun.set()
            await asyncio.Event().wait()
            return tail

    log = Slow()
    await log.renew(OWNER, 0, instead_of=None)
    feeds = Feeds(log, Renderer())
    joining = asyncio.create_task(feeds.join(LOG, lambda: None, html=True))
    await log.begun.wait()
    joining.cancel()
    await asyncio.gather(joining, return_exceptions=True)
    assert followers(log) == 0


def followers(log: MemoryEventLog) -> int:
    return len(log.followed())
