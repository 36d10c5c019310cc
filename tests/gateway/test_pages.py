"""No frame grows beyond 1 MiB, unless a single message does."""

from __future__ import annotations

import pytest

from server.gateway.pages import PAGE_BYTES, around_that_fit, newest_that_fit
from tests.fixtures.client import Person
from tests.fixtures.server import Running
from tests.gateway.units import message

pytestmark = pytest.mark.anyio

THIRD = "汉" * (PAGE_BYTES // 10)
"""Three bytes each."""


def ids(count: int) -> list[str]:
    return [str(number) for number in range(count)]


def test_a_short_page_stays_as_it_is() -> None:
    rows = [message("x", id=name) for name in ids(50)]
    assert newest_that_fit(rows, "before") == (rows, "before")
    assert newest_that_fit([], None) == ([], None)


def test_of_a_long_page_the_newest_stay() -> None:
    """And its cursor leads to those before them."""
    rows = [message(THIRD, id=name) for name in ids(10)]
    assert newest_that_fit(rows, None) == (rows[-3:], "7")
    assert newest_that_fit(rows, "before", taken=PAGE_BYTES // 3) == (rows[-2:], "8")


def test_the_last_message_is_always_there() -> None:
    rows = [message("x", id="0"), message(THIRD * 5, id="1")]
    assert newest_that_fit(rows, None) == (rows[1:], "1")
    assert newest_that_fit(rows[1:], "before", taken=2 * PAGE_BYTES) == (rows[1:], "before")


def test_a_page_around_a_message_has_it() -> None:
    """However long those after it are; they get half of the frame, and those before it the rest."""
    rows = [message(THIRD, id=name) for name in ids(10)]
    assert around_that_fit(rows, None, "4") == (rows[3:6], "3")
    assert around_that_fit(rows, "before", "0") == (rows[:2], "before")
    assert around_that_fit(rows, None, "9") == (rows[-3:], "7")
    short = [message("x", id=name) for name in ids(9)]
    assert around_that_fit(short, "before", "4") == (short, "before")


async def test_what_a_snapshot_leaves_out_is_history(server: Running) -> None:
    ann = await Person.register(server.url)
    questions = [str(number) + "汉" * 90_000 for number in range(5)]
    async with ann.tab() as tab:
        conversation = None
        for question in questions:
            sent = await tab.send(question, conversation)
            conversation = sent["conversation"]
            await tab.finished(sent["turn"])
        snapshot = (await tab.call("open", conversation=conversation))["snapshot"]
        rows, cursor = snapshot["messages"], snapshot["next"]
        assert 2 <= len(rows) < 10
        while cursor is not None:
            page = await tab.call("history", conversation=conversation, before=cursor)
            assert page["messages"]
            rows, cursor = page["messages"] + rows, page["next"]
        assert [row["text"] for row in rows if row["role"] == "user"] == questions
        assert [row["parent"] for row in rows] == [None, *(row["id"] for row in rows[:-1])]
