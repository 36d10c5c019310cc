"""One part of an answer as blocks: one render at a time, none for nothing, and no failure that anybody waits for."""

from __future__ import annotations

import asyncio
import threading

import pytest

from server.gateway import html, rendering
from server.gateway.html import INLINE_CHARS, Renderer
from server.gateway.rendering import ANSWER_SHARE, THREAD_CHARS, WORKER_SHARE, Drawn, Pace, Rendering
from server.markdown import BlockStream, render_blocks
from server.protocol.codes import Format, Part, Status
from server.protocol.events import TurnDelta
from tests.gateway.units import SECONDS, Bench, control, finished, message, started

pytestmark = pytest.mark.anyio


class Text(BlockStream):
    """Shows its text as one block. Its renders are watched; after the first ``free`` they wait for ``gate``."""

    def __init__(self, *, tail: int = 0, free: int | None = None) -> None:
        super().__init__()
        self.text = ""
        self.renders = 0
        self.threads: set[int] = set()
        self.at_once = 0
        self.gate = threading.Event()
        self._free = free
        self._tail = tail
        self._inside = threading.Lock()

    def feed(self, text: str) -> None:
        self.text += text

    @property
    def tail_chars(self) -> int:
        return self._tail

    def render(self) -> tuple[str, ...]:
        if not self._inside.acquire(blocking=False):
            self.at_once += 1
            raise AssertionError("two renders of one text at once")
        with_this = self.text
        self.threads.add(threading.get_ident())
        if self._free is not None and self.renders >= self._free:
            assert self.gate.wait(SECONDS)
        self.renders += 1
        self._inside.release()
        return (with_this,)


class Watch:
    """A rendering, and a way to wait for what it shows."""

    def __init__(self, stream: BlockStream) -> None:
        self._changed = asyncio.Event()
        self.rendering = Rendering("t", Part.ANSWER, Drawn(stream, (), 0), 0, changed=self._changed.set, pace=Pace())
        self._chars = 0
        self._offset = 0

    def say(self, *texts: str) -> None:
        for text in texts:
            self._offset += 1
            delta = TurnDelta(
                conversation="c", turn="t", part=Part.ANSWER, from_=self._chars, text=text, offset=self._offset
            )
            self._chars += len(text)
            self.rendering.feed(delta)

    async def shows(self, offset: int) -> tuple[str, ...]:
        async with asyncio.timeout(SECONDS):
            while self.rendering.offset < offset:
                self._changed.clear()
                await self._changed.wait()
        return self.rendering.blocks


@pytest.fixture
def unpaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "ANSWER_SHARE", 1.0)
    monkeypatch.setattr(rendering, "WORKER_SHARE", 1.0)


@pytest.fixture
def broken_markdown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts with "boom" in them cannot be rendered."""
    feed = BlockStream.feed

    def fail(stream: BlockStream, text: str) -> None:
        if "boom" in text:
            raise RecursionError("boom")
        feed(stream, text)

    monkeypatch.setattr(BlockStream, "feed", fail)


async def test_the_first_words_are_shown_at_once() -> None:
    watch = Watch(stream := Text())
    watch.say("one")
    assert watch.rendering.blocks == ("one",)
    assert stream.threads == {threading.get_ident()}


async def test_what_comes_while_a_render_is_not_due_is_one_render(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "ANSWER_SHARE", 1e-12)
    watch = Watch(stream := Text())
    watch.say("one", " two", " three")
    assert (watch.rendering.blocks, watch.rendering.offset, watch.rendering.behind) == (("one",), 1, True)
    assert await watch.rendering.settle() == ("one two three",)
    assert (watch.rendering.offset, watch.rendering.behind, stream.renders) == (3, False, 2)


async def test_one_answer_leaves_the_loop_to_others() -> None:
    pace = Pace(lambda: 100.0)
    assert pace.after(0.01) == pytest.approx(100 + 0.01 * (1 / ANSWER_SHARE - 1))


async def test_all_answers_together_leave_it_too() -> None:
    """Each of many gets its turn; while they rest, nothing is held against them."""
    clock = [100.0]
    pace = Pace(lambda: clock[0])
    moments = [pace.after(0.01) for _ in range(100)]
    assert moments[-1] == pytest.approx(100 + 100 * 0.01 / WORKER_SHARE)
    assert moments == sorted(moments)
    clock[0] = 1000.0
    assert pace.after(0.01) == pytest.approx(1000 + 0.01 * (1 / ANSWER_SHARE - 1))


async def test_a_large_block_is_rendered_off_the_loop(unpaced: None) -> None:
    watch = Watch(stream := Text(tail=THREAD_CHARS, free=0))
    watch.say("one")
    watch.say(" two")
    assert watch.rendering.blocks == ()
    stream.gate.set()
    assert await watch.shows(2) == ("one two",)
    assert threading.get_ident() not in stream.threads


async def test_settling_waits_for_a_render_that_is_under_way(unpaced: None) -> None:
    watch = Watch(stream := Text(tail=THREAD_CHARS, free=0))
    watch.say("one")
    settling = asyncio.create_task(watch.rendering.settle())
    watch.say(" two")
    stream.gate.set()
    assert await settling == ("one two",)
    assert not watch.rendering.behind


async def test_one_text_is_never_rendered_twice_at_once() -> None:
    """A timer that was set while an earlier render ended does not start another beside the last one."""
    watch = Watch(stream := Text(tail=THREAD_CHARS, free=1))
    watch.say("one")
    watch.say(" two")
    threading.Timer(0.1, stream.gate.set).start()  # by then a timer that should not be would have gone off
    assert await watch.rendering.settle() == ("one two",)
    assert (stream.renders, stream.at_once) == (2, 0)


async def test_a_text_that_cannot_be_rendered_fails_alone(broken_markdown: None) -> None:
    """Whoever appends to the log does not notice, and whoever follows gets the end all the same."""
    bench = Bench()
    reader = await bench.follow(Format.HTML)
    await bench.append(started())
    await reader.ready()
    await bench.say("one ", "boom ", "two")
    await bench.append(control())
    await bench.append(finished("one boom <b>two"))
    await reader.ready()
    kinds = [(frame["type"], frame["offset"]) for frame in reader.take() if frame["type"] != "turn.render"]
    assert kinds == [("turn.started", 1), ("path.selected", 5), ("turn.finished", 6)]
    end = reader.feed.tail.after(5)[0]
    assert end.message.html == "<pre>one boom &lt;b&gt;two</pre>"  # type: ignore[attr-defined]


async def test_off_the_loop_it_fails_no_less_alone(broken_markdown: None) -> None:
    bench = Bench()
    reader = await bench.follow(Format.HTML)
    await bench.append(started())
    await reader.ready()
    text = "boom " * THREAD_CHARS
    await bench.say(text)
    await reader.until(lambda: reader.feed.rendering(("t", Part.ANSWER)) is None)
    await bench.append(finished(text))
    await reader.ready()
    assert [frame["type"] for frame in reader.take()] == ["turn.started", "turn.finished"]


async def test_an_entry_that_cannot_be_prepared_does_not_hold_up_the_others() -> None:
    class Broken(Renderer):
        async def fill(self, messages: object) -> None:
            raise OSError("no thread can be started")

    bench = Bench(Broken())
    reader = await bench.follow(Format.HTML)
    await bench.append(started())
    await bench.say("one")
    await bench.append(finished("one"))
    await reader.ready()
    assert [frame["type"] for frame in reader.take() if frame["type"] != "turn.render"] == [
        "turn.started",
        "turn.finished",
    ]


async def test_messages_get_the_html_of_both_texts() -> None:
    renderer = Renderer()
    answer = message("**a**", reasoning="b")
    empty = message("", id="u")
    await renderer.fill([answer, empty])
    assert (answer.html, answer.reasoning_html) == ("<p><strong>a</strong></p>\n", "<p>b</p>\n")
    assert (empty.html, empty.reasoning_html) == ("", None)


async def test_much_text_is_rendered_off_the_loop_in_one_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Many short messages are as much work as a long one."""
    threads: list[int] = []

    def watched(text: str, prefix: str) -> tuple[str, ...]:
        threads.append(threading.get_ident())
        return render_blocks(text, prefix)

    monkeypatch.setattr(html, "render_blocks", watched)
    renderer = Renderer()
    await renderer.fill([message("short")])
    assert threads == [threading.get_ident()]
    threads.clear()
    many = [message("x" * (INLINE_CHARS // 4), id=str(number)) for number in range(5)]
    await renderer.fill(many)
    assert len(threads) == 5
    assert set(threads).isdisjoint({threading.get_ident()})
    assert len(set(threads)) == 1
    threads.clear()
    await renderer.fill(many)
    assert threads == []


async def test_a_text_that_has_grown_is_another_text() -> None:
    renderer = Renderer()
    answer = message("one", status=Status.STOPPED)
    await renderer.fill([answer])
    answer.text = "one two"
    await renderer.fill([answer])
    assert answer.html == "<p>one two</p>\n"


async def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was not used for longest goes first."""
    monkeypatch.setattr(html, "CACHE_CHARS", 100)
    renderer = Renderer()
    for number in range(50):
        await renderer.fill([message("hot", id="hot"), message("x" * 20, id=str(number))])
    assert renderer._chars <= 100
    assert renderer._chars == sum(map(len, renderer._cache.values()))
    assert any(key[0] == "hot" for key in renderer._cache)
