"""The fold by itself: what one event does, what it leaves alone, and that nothing is changed in place."""

from __future__ import annotations

import copy
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from server.protocol.codes import Format, Part, Role, Status
from server.protocol.events import (
    ConversationDeleted,
    Event,
    MessageCreated,
    MessageUpdated,
    PathSelected,
    TurnDelta,
    TurnFinished,
    TurnRender,
    TurnStarted,
)
from server.protocol.objects import Conversation, LiveTurn, Message, Params
from server.protocol.replies import ConversationSnapshot
from server.transcript.fold import extend, fold

MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def message(id: str, parent: str | None, text: str = "", **more: Any) -> Message:
    role = Role.USER if id.startswith("q") else Role.ASSISTANT
    fields: dict[str, Any] = {"html": f"<p>{text}</p>" if text else "", "status": Status.COMPLETE, "siblings": [id]}
    return Message(
        id=id,
        conversation="c",
        parent=parent,
        role=role,
        text=text,
        attachments=[],
        created_at=MOMENT,
        **(fields | more),
    )


def state(*messages: Message, live: LiveTurn | None = None) -> ConversationSnapshot:
    conversation = Conversation(
        id="c",
        title="T",
        model=None,
        system_prompt="",
        params=Params(),
        pinned=False,
        archived=False,
        leaf=messages[-1].id if messages else None,
        live_turn=live.turn if live else None,
        unread=False,
        created_at=MOMENT,
        updated_at=MOMENT,
    )
    return ConversationSnapshot(
        conversation=conversation, messages=list(messages), next=None, live=[live] if live else []
    )


def delta(start: int, text: str, part: Part = Part.ANSWER, turn: str = "a") -> TurnDelta:
    return TurnDelta(conversation="c", turn=turn, part=part, from_=start, text=text)


def render(keep: int, *blocks: str, part: Part = Part.ANSWER) -> TurnRender:
    return TurnRender(conversation="c", turn="a", part=part, keep=keep, blocks=list(blocks))


LIVE = state(
    message("q", None, "?"),
    message("a", "q", status=Status.STREAMING),
    live=LiveTurn(turn="a", text="one", reasoning="hm", blocks=["<p>one</p>"], reasoning_blocks=["<p>hm</p>"]),
)


@pytest.mark.parametrize(
    "event",
    [
        MessageCreated(conversation="c", message=message("q2", "a", "?")),
        MessageUpdated(conversation="c", message=message("q", None, "!")),
        TurnStarted(conversation="c", message=message("a2", "a", status=Status.PENDING)),
        delta(3, " two"),
        render(1, "<p>two</p>"),
        TurnFinished(conversation="c", message=message("a", "q", "one")),
        PathSelected(conversation="c", leaf="q2", after=None, messages=[message("q2", None, "?")]),
        ConversationDeleted(conversation="c"),
    ],
)
@pytest.mark.parametrize("format", Format)
def test_nothing_is_changed_in_place(event: Event, format: Format) -> None:
    before, told = copy.deepcopy(LIVE), copy.deepcopy(event)
    fold(LIVE, event, format)
    assert before == LIVE
    assert event == told


def test_a_delta_of_another_turn_changes_nothing() -> None:
    assert fold(LIVE, delta(0, "x", turn="other"), Format.TEXT) is LIVE


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=12), st.text(max_size=12), st.integers(0, 16))
def test_what_overlaps_is_taken_once_and_a_gap_is_never_closed(known: str, text: str, start: int) -> None:
    """A delta is a stretch of one whole text; whatever its start, the result is a beginning of that text."""
    whole = (known + text)[: start + len(text)]
    grown = extend(LiveTurn(turn="a", text=known, reasoning=""), delta(start, whole[start:]))
    assert grown.text == (known if start > len(known) else max(known, whole, key=len))


def test_deltas_of_the_two_parts_do_not_meet() -> None:
    grown = fold(fold(LIVE, delta(3, "!"), Format.TEXT), delta(2, "?", Part.REASONING), Format.TEXT).live[0]
    assert (grown.text, grown.reasoning) == ("one!", "hm?")


def test_a_render_keeps_some_blocks_and_replaces_the_rest() -> None:
    live = fold(fold(LIVE, render(1, "b", "c"), Format.HTML), render(2, "d"), Format.HTML).live[0]
    assert live.blocks == ["<p>one</p>", "b", "d"]
    assert fold(LIVE, render(0), Format.HTML).live[0].blocks == []
    assert fold(LIVE, render(0, "x", part=Part.REASONING), Format.HTML).live[0].reasoning_blocks == ["x"]


def test_a_pending_answer_streams_from_its_first_word_on() -> None:
    begun = fold(
        state(message("q", None, "?")),
        TurnStarted(conversation="c", message=message("a", "q", status=Status.PENDING)),
        Format.TEXT,
    )
    assert [row.status for row in begun.messages] == [Status.COMPLETE, Status.PENDING]
    assert fold(begun, delta(0, "x"), Format.TEXT).messages[-1].status is Status.STREAMING


def test_the_end_brings_the_whole_message_and_frees_the_conversation() -> None:
    ended = fold(LIVE, TurnFinished(conversation="c", message=message("a", "q", "one two")), Format.TEXT)
    assert ended.live == []
    assert ended.conversation.live_turn is None
    assert (ended.messages[-1].text, ended.messages[-1].html) == ("one two", "<p>one two</p>")


def test_siblings_are_told_to_all_of_them() -> None:
    told = fold(
        LIVE, TurnStarted(conversation="c", message=message("b", "q", siblings=["a", "b"])), Format.TEXT
    ).messages
    assert [row.id for row in told] == ["q", "a"]
    assert told[-1].siblings == ["a", "b"]
