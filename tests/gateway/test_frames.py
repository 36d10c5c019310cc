"""Which frames stand for which entries: a reader gets what there is, in order, in as few frames as that allows."""

from __future__ import annotations

import pytest

from server.gateway import rendering
from server.gateway.following import DELTA_CHARS, LOOKAHEAD
from server.gateway.rendering import Drawn
from server.markdown import BlockStream, render_blocks
from server.protocol.codes import Format, Part
from server.realtime.tail import Position
from tests.gateway.units import Bench, control, finished, started

pytestmark = pytest.mark.anyio

Live = tuple[str, Part]
ANSWER: Live = ("t", Part.ANSWER)
REASONING: Live = ("t", Part.REASONING)


def drawn(text: str) -> Drawn:
    stream = BlockStream("t")
    stream.feed(text)
    return Drawn(stream, stream.render(), len(text))


@pytest.fixture
def slow_renders(monkeypatch: pytest.MonkeyPatch) -> None:
    """After its first one, a rendering waits for longer than any test."""
    monkeypatch.setattr(rendering, "ANSWER_SHARE", 1e-12)


async def test_neighbouring_deltas_are_one_frame() -> None:
    bench = Bench()
    reader = await bench.follow()
    await bench.say("one ", "two ", "three")
    (frame,) = reader.take()
    assert (frame["type"], frame["from"], frame["text"], frame["offset"]) == ("turn.delta", 0, "one two three", 3)
    assert reader.take() == []
    await bench.say("!")
    (frame,) = reader.take()
    assert (frame["from"], frame["text"], frame["offset"]) == (13, "!", 4)


async def test_a_delta_never_reaches_across_another_event() -> None:
    bench = Bench()
    reader = await bench.follow()
    await bench.say("a", "b")
    await bench.append(control())
    await bench.say("c", "d")
    frames = reader.take()
    assert [(frame["type"], frame["offset"], frame.get("text")) for frame in frames] == [
        ("turn.delta", 2, "ab"),
        ("path.selected", 3, None),
        ("turn.delta", 5, "cd"),
    ]
    assert [event.offset for event in reader.passed] == [3]


async def test_a_delta_is_of_one_turn_and_one_part() -> None:
    bench = Bench()
    reader = await bench.follow()
    await bench.say("a", part=Part.REASONING)
    await bench.say("b", "c")
    await bench.say("d", turn="u")
    assert [(frame["turn"], frame["part"], frame["text"]) for frame in reader.take()] == [
        ("t", "reasoning", "a"),
        ("t", "answer", "bc"),
        ("u", "answer", "d"),
    ]


async def test_a_reader_that_is_far_behind_gets_several_frames() -> None:
    bench = Bench()
    reader = await bench.follow()
    await bench.say(*["x"] * (LOOKAHEAD + 1))
    assert [len(frame["text"]) for frame in reader.take()] == [LOOKAHEAD, 1]


async def test_a_joined_delta_is_bounded() -> None:
    bench = Bench()
    reader = await bench.follow()
    await bench.say("a" * DELTA_CHARS, "b", "c" * (2 * DELTA_CHARS), "d")
    assert [len(frame["text"]) for frame in reader.take()] == [DELTA_CHARS, 1, 2 * DELTA_CHARS, 1]


@pytest.mark.parametrize("format", [Format.TEXT, Format.HTML, None])
async def test_a_reader_whose_place_is_gone_is_told_to_open_anew(format: Format | None) -> None:
    bench = Bench()
    reader = await bench.follow(format)
    await bench.say("a", "b")
    await bench.forget()
    (frame,) = reader.take()
    assert frame == {"type": "reset"} | ({} if format is None else {"conversation": "c"})
    assert reader.following.lost
    await bench.say("c")
    assert reader.take() == []


@pytest.mark.parametrize("place", [Position("another", 0), Position("another", 1)])
async def test_a_place_in_another_history_is_no_place(place: Position) -> None:
    bench = Bench()
    await bench.say("a", "b")
    reader = await bench.follow()
    reader.following.begin_after(place)
    assert [frame["type"] for frame in reader.take()] == ["reset"]


async def test_a_place_in_the_future_is_no_place() -> None:
    bench = Bench()
    reader = await bench.follow()
    reader.following.begin_after(Position(reader.feed.position.epoch, 1))
    assert [frame["type"] for frame in reader.take()] == ["reset"]


async def test_a_reader_that_comes_back_gets_what_it_missed() -> None:
    bench = Bench()
    await bench.say("a", "b", "c")
    reader = await bench.follow()
    assert reader.take() == []
    reader.following.begin_after(Position(reader.feed.position.epoch, 1))
    (frame,) = reader.take()
    assert (frame["from"], frame["text"], frame["offset"]) == (1, "bc", 3)


async def test_blocks_instead_of_deltas() -> None:
    """A render keeps the blocks that are as they were, and replaces the rest."""
    bench = Bench()
    reader = await bench.follow(Format.HTML)
    await bench.append(started())
    await reader.ready()
    assert [frame["type"] for frame in reader.take()] == ["turn.started"]
    await bench.say("# One\n\n", "two")
    await reader.until(lambda: reader.feed.rendering(ANSWER).offset == 3)  # type: ignore[union-attr]
    (frame,) = reader.take()
    assert (frame["type"], frame["part"], frame["keep"], frame["offset"]) == ("turn.render", "answer", 0, 3)
    assert frame["blocks"] == list(render_blocks("# One\n\ntwo", "t"))
    await bench.say(" three")
    await reader.until(lambda: reader.feed.rendering(ANSWER).offset == 4)  # type: ignore[union-attr]
    (frame,) = reader.take()
    assert (frame["keep"], frame["blocks"]) == (1, ["<p>two three</p>\n"])


async def test_a_later_definition_lowers_what_is_kept() -> None:
    bench = Bench()
    reader = await bench.follow(Format.HTML)
    await bench.append(started())
    await reader.ready()
    shown: list[str] = []
    text = ""
    for piece in ("# One\n\n", "[two][x]\n\n", "three\n\n", "[x]: https://example.org\n"):
        text += piece
        await bench.say(piece)
        await reader.until(lambda: reader.feed.rendering(ANSWER).offset == reader.feed.ready)  # type: ignore[union-attr]
        for frame in reader.take():
            if frame["type"] == "turn.render":
                shown[frame["keep"] :] = frame["blocks"]
        assert shown == list(render_blocks(text, "t"))
    assert frame["keep"] == 0


async def test_the_last_render_comes_before_the_end_however_far_it_is_behind(slow_renders: None) -> None:
    """The end does not wait for a render's turn, and its HTML is what was shown."""
    bench = Bench()
    reader = await bench.follow(Format.HTML)
    await bench.append(started())
    await reader.ready()
    await bench.say("one", " two", " three")
    reader.take()
    assert reader.take() == []
    await bench.append(finished("one two three"))
    await reader.ready()
    render, end = reader.take()
    assert (render["type"], render["offset"], render["blocks"]) == ("turn.render", 4, ["<p>one two three</p>\n"])
    assert (end["type"], end["message"]["html"]) == ("turn.finished", "<p>one two three</p>\n")


async def test_what_is_behind_a_render_waits_for_it(slow_renders: None) -> None:
    """An event is not sent before the text that stands before it is shown."""
    bench = Bench()
    reader = await bench.follow(Format.HTML)
    await bench.append(started())
    await reader.ready()
    await bench.say("one")
    assert [frame["type"] for frame in reader.take()] == ["turn.started", "turn.render"]
    await bench.say(" two")
    await bench.append(control())
    assert reader.take() == []
    rendered = reader.feed.rendering(ANSWER)
    assert rendered is not None
    assert rendered.behind
    await rendered.settle()
    assert [(frame["type"], frame["offset"]) for frame in reader.take()] == [("turn.render", 3), ("path.selected", 4)]


async def test_a_render_never_holds_what_comes_after_another_event() -> None:
    """A reader that is behind a control event skips the render that is past it, and gets it after that event."""
    bench = Bench()
    reader = await bench.follow(Format.HTML)
    await bench.append(started())
    await reader.ready()
    reader.take()
    await bench.say("one")
    await bench.append(control())
    await bench.say(" two")
    await reader.until(lambda: reader.feed.rendering(ANSWER).offset == 4)  # type: ignore[union-attr]
    assert [(frame["type"], frame["offset"]) for frame in reader.take()] == [("path.selected", 3), ("turn.render", 4)]


async def test_the_parts_are_rendered_apart() -> None:
    bench = Bench()
    reader = await bench.follow(Format.HTML)
    await bench.append(started())
    await reader.ready()
    reader.take()
    await bench.say("hm", part=Part.REASONING)
    await bench.say("so")
    assert [(frame["part"], frame["blocks"], frame["offset"]) for frame in reader.take()] == [
        ("reasoning", ["<p>hm</p>\n"], 2),
        ("answer", ["<p>so</p>\n"], 3),
    ]


async def test_a_run_begins_with_blocks_of_its_own() -> None:
    bench = Bench()
    reader = await bench.follow(Format.HTML)
    await bench.append(started())
    await bench.say("one")
    await bench.append(finished("one"), started("u"))
    await reader.ready()
    reader.take()
    await bench.say("two", turn="u")
    (frame,) = reader.take()
    assert (frame["turn"], frame["keep"], frame["blocks"]) == ("u", 0, ["<p>two</p>\n"])
    assert reader.feed.rendering(ANSWER) is None


async def test_whoever_reads_text_has_nothing_rendered() -> None:
    bench = Bench()
    reader = await bench.follow(Format.TEXT)
    await bench.append(started())
    await reader.ready()
    await bench.say("one")
    assert reader.feed.rendering(ANSWER) is None


async def test_one_rendering_for_all_who_look() -> None:
    bench = Bench()
    readers = [await bench.follow(Format.HTML) for _ in range(3)]
    await bench.append(started())
    await readers[0].ready()
    await bench.say("one")
    shown = [reader.take()[-1]["blocks"] for reader in readers]
    assert shown == [["<p>one</p>\n"]] * 3
    feed = readers[0].feed
    assert all(reader.feed is feed for reader in readers)
    for reader in readers[:2]:
        bench.feeds.leave(feed, reader.wake)
    assert feed.rendering(ANSWER) is not None
    bench.feeds.leave(feed, readers[2].wake)
    assert feed.rendering(ANSWER) is None


async def test_who_comes_back_gets_all_blocks_although_nothing_is_new() -> None:
    bench = Bench()
    await bench.append(started())
    await bench.say("one")
    reader = await bench.follow(Format.HTML)
    await reader.ready()
    reader.following.owe(ANSWER)
    (frame,) = reader.take()
    assert (frame["type"], frame["keep"], frame["blocks"], frame["offset"]) == (
        "turn.render",
        0,
        ["<p>one</p>\n"],
        2,
    )


async def test_who_comes_back_is_not_shown_less_than_it_has(slow_renders: None) -> None:
    """A rendering that is behind what the client has read is not sent before it has caught up."""
    bench = Bench()
    other = await bench.follow(Format.HTML)
    await bench.append(started())
    await other.ready()
    await bench.say("one", " two")
    reader = await bench.follow(Format.HTML)
    reader.following.owe(ANSWER)
    assert reader.take() == []
    rendered = reader.feed.rendering(ANSWER)
    assert rendered is not None
    await rendered.settle()
    (frame,) = reader.take()
    assert (frame["keep"], frame["blocks"], frame["offset"]) == (0, ["<p>one two</p>\n"], 3)


async def test_blocks_of_now_are_not_replaced_by_those_of_entries_still_on_their_way() -> None:
    """Somebody opens while the window is being prepared: the start of the run comes up when its blocks are here."""
    bench = Bench()
    await bench.append(started())
    await bench.say("one ", "two ", "three")
    reader = await bench.follow(Format.HTML)
    reader.feed.render(ANSWER, drawn("one two three"), 4)
    assert reader.feed.ready < 4
    await reader.ready()
    rendered = reader.feed.rendering(ANSWER)
    assert rendered is not None
    assert (rendered.offset, rendered.blocks) == (4, ("<p>one two three</p>\n",))
    await bench.say("!")
    (frame,) = reader.take()
    assert frame["blocks"] == ["<p>one two three!</p>\n"]


async def test_newer_blocks_take_the_place_of_those_that_are_behind(slow_renders: None) -> None:
    bench = Bench()
    other = await bench.follow(Format.HTML)
    await bench.append(started())
    await other.ready()
    await bench.say("one", " two")
    other.feed.render(ANSWER, drawn("one two"), 3)
    assert other.take()[-1]["blocks"] == ["<p>one two</p>\n"]


async def test_words_that_are_known_already_are_not_shown_twice() -> None:
    """Blocks may be drawn from a checkpoint that was ahead of the log."""
    bench = Bench()
    reader = await bench.follow(Format.HTML)
    await bench.say("one")
    reader.feed.render(ANSWER, drawn("one two"), 1)
    await bench.say(" two", " three")
    await reader.until(lambda: reader.feed.rendering(ANSWER).offset == 3)  # type: ignore[union-attr]
    assert reader.take()[-1]["blocks"] == ["<p>one two three</p>\n"]


async def test_blocks_with_a_gap_are_not_shown() -> None:
    """Rather none until the end, whose message has them all."""
    bench = Bench()
    reader = await bench.follow(Format.HTML)
    await bench.say("one", " two")
    reader.feed.render(ANSWER, drawn(""), 1)
    await bench.say(" three")
    assert reader.feed.rendering(ANSWER) is None
    await bench.append(finished("one two three"))
    await reader.ready()
    (frame,) = reader.take()
    assert (frame["type"], frame["message"]["html"]) == ("turn.finished", "<p>one two three</p>\n")
