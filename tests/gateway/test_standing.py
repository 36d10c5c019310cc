"""A live answer as it stands: exactly what the log says of it, although the row may be behind or ahead."""

from __future__ import annotations

import pytest

from server.errors import Unavailable
from server.gateway.standing import up_to
from server.protocol.codes import Part
from tests.gateway.units import LOG, Bench, finished, message, started

pytestmark = pytest.mark.anyio


async def standing(
    bench: Bench, checkpoint: str, reasoning: str | None = None
) -> tuple[str, str | None, dict[Part, int]]:
    await bench.open()
    tail = await bench.log.follow(LOG, lambda: None)
    found = up_to(message(checkpoint, reasoning=reasoning), tail, tail.position.offset)
    return found.message.text, found.message.reasoning, dict(found.offsets)


@pytest.mark.parametrize("checkpoint", ["", "on", "one", "one two", "one two three", "one two three and more"])
async def test_the_log_decides_whatever_the_checkpoint_has(checkpoint: str) -> None:
    bench = Bench()
    await bench.append(finished("another", "u"), started())
    await bench.say("one", " two", " three")
    await bench.say("?", turn="u")
    assert await standing(bench, checkpoint) == ("one two three", None, {Part.ANSWER: 5, Part.REASONING: 2})


async def test_before_the_first_word_there_is_none() -> None:
    bench = Bench()
    await bench.append(started())
    assert await standing(bench, "ahead", "ahead") == ("", None, {Part.ANSWER: 1, Part.REASONING: 1})


async def test_a_run_goes_on_from_the_text_that_it_started_with() -> None:
    bench = Bench()
    await bench.say("one", " two")
    await bench.append(started(text="one two"))
    assert (await standing(bench, "one two three"))[0] == "one two"
    await bench.say(" three")
    assert (await standing(bench, "one two"))[0] == "one two three"


async def test_what_the_window_has_lost_stands_in_the_checkpoint() -> None:
    bench = Bench()
    await bench.say("hm", part=Part.REASONING)
    await bench.say("one 🌊")
    await bench.forget()
    await bench.say(" two")
    assert await standing(bench, "one 🌊", "hm") == ("one 🌊 two", "hm", {Part.ANSWER: 3, Part.REASONING: 0})


async def test_a_gap_between_the_checkpoint_and_the_window_is_not_closed_silently() -> None:
    bench = Bench()
    await bench.say("one", " two")
    await bench.forget()
    await bench.say(" three")
    with pytest.raises(Unavailable) as caught:
        await standing(bench, "one")
    assert caught.value.retry_after
