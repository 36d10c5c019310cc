"""State and event give the new state: the twin of `client/src/transcript/fold.ts`. Both read `tests/transcripts`.

The state has the shape of a conversation's snapshot, and what comes out is what a fresh snapshot would hold: the
messages of the active path, and the live turns. A conversation's title, times and marks travel in the user's log and
are left alone. Nothing is changed in place.
"""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from server.protocol.codes import Format, Part, Status
from server.protocol.events import (
    Event,
    MessageCreated,
    MessageUpdated,
    PathSelected,
    TurnDelta,
    TurnFinished,
    TurnRender,
    TurnStarted,
)
from server.protocol.objects import LiveTurn, Message
from server.protocol.replies import ConversationSnapshot


def fold(state: ConversationSnapshot, event: Event, format: Format) -> ConversationSnapshot:
    match event:
        case MessageCreated():
            return _place(state, event.message)
        case MessageUpdated():
            return _share_siblings(_put(state, event.message), event.message)
        case TurnStarted():
            return _start(state, event.message, format)
        case TurnDelta():
            return _change_live(state, event.turn, lambda live: extend(live, event))
        case TurnRender():
            return _change_live(state, event.turn, lambda live: _redraw(live, event))
        case TurnFinished():
            return _finish(state, event.message)
        case PathSelected():
            return _select(state, event)
        case _:
            return state


def extend(live: LiveTurn, delta: TurnDelta) -> LiveTurn:
    """Appends what is new of a delta. One that starts beyond the end belongs to a text that is not held here."""
    text = live.text if delta.part is Part.ANSWER else live.reasoning
    known = len(text) - delta.from_
    if known < 0:
        return live
    grown = text + delta.text[known:]
    return replace(live, text=grown) if delta.part is Part.ANSWER else replace(live, reasoning=grown)


def _place(state: ConversationSnapshot, message: Message) -> ConversationSnapshot:
    """A new message goes to the end of the path, or stands beside it until the path is selected."""
    leaf = state.messages[-1].id if state.messages else None
    if any(held.id == message.id for held in state.messages):
        state = _put(state, message)
    elif message.parent == leaf:
        state = replace(
            state,
            conversation=replace(state.conversation, leaf=message.id),
            messages=[*state.messages, _row(state, message)],
        )
    return _share_siblings(state, message)


def _put(state: ConversationSnapshot, message: Message) -> ConversationSnapshot:
    rows = [_row(state, message) if held.id == message.id else held for held in state.messages]
    return replace(state, messages=rows)


def _row(state: ConversationSnapshot, message: Message) -> Message:
    """A live turn's text stands under `live` alone, so that there are no two truths of it; with words, it streams."""
    live = next((live for live in state.live if live.turn == message.id), None)
    if live is None:
        return message
    speaks = live.text or live.reasoning or live.blocks or live.reasoning_blocks
    status = Status.STREAMING if speaks and message.status is Status.PENDING else message.status
    return replace(message, text="", html="", reasoning=None, reasoning_html=None, status=status)


def _share_siblings(state: ConversationSnapshot, message: Message) -> ConversationSnapshot:
    """The list that came with one message holds for everyone in it."""
    siblings = message.siblings
    rows = [replace(held, siblings=siblings) if held.id in siblings else held for held in state.messages]
    return replace(state, messages=rows)


def _start(state: ConversationSnapshot, message: Message, format: Format) -> ConversationSnapshot:
    """The first run of a turn starts empty, a continued one from the text so far."""
    if format is Format.TEXT:
        live = LiveTurn(turn=message.id, text=message.text, reasoning=message.reasoning or "")
    else:
        live = LiveTurn(turn=message.id, text="", reasoning="")
        live.blocks = [message.html] if message.html else []
        live.reasoning_blocks = [message.reasoning_html] if message.reasoning_html else []
    others = [other for other in state.live if other.turn != message.id]
    conversation = replace(state.conversation, live_turn=message.id)
    return _place(replace(state, conversation=conversation, live=[*others, live]), message)


def _change_live(
    state: ConversationSnapshot, turn: str, change: Callable[[LiveTurn], LiveTurn]
) -> ConversationSnapshot:
    held = {live.turn: live for live in state.live}
    if turn not in held or (changed := change(held[turn])) is held[turn]:
        return state
    held[turn] = changed
    rows = [
        replace(row, status=Status.STREAMING) if row.id == turn and row.status is Status.PENDING else row
        for row in state.messages
    ]
    return replace(state, live=list(held.values()), messages=rows)


def _redraw(live: LiveTurn, render: TurnRender) -> LiveTurn:
    shown = (live.blocks if render.part is Part.ANSWER else live.reasoning_blocks) or []
    blocks = [*shown[: render.keep], *render.blocks]
    return replace(live, blocks=blocks) if render.part is Part.ANSWER else replace(live, reasoning_blocks=blocks)


def _finish(state: ConversationSnapshot, message: Message) -> ConversationSnapshot:
    conversation = state.conversation
    if conversation.live_turn == message.id:
        conversation = replace(conversation, live_turn=None)
    live = [other for other in state.live if other.turn != message.id]
    return _share_siblings(_put(replace(state, conversation=conversation, live=live), message), message)


def _select(state: ConversationSnapshot, event: PathSelected) -> ConversationSnapshot:
    """Where the new part does not follow on what is held, it is all that is held, and `history` has the rest."""
    common = next((index + 1 for index, row in enumerate(state.messages) if row.id == event.after), 0)
    first = event.messages[0] if event.messages else None
    joined = common > 0 and (first is None or first.parent == event.after)
    older = state.messages[:common] if joined else []
    missing = first.id if first is not None and first.parent is not None else None
    selected = replace(
        state,
        conversation=replace(state.conversation, leaf=event.leaf),
        messages=older + [_row(state, message) for message in event.messages],
        next=state.next if joined else missing,
    )
    for message in event.messages:
        selected = _share_siblings(selected, message)
    return selected
