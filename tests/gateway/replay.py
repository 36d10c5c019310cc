"""What a client knows: the frames of a socket folded, on top of what it held when it came."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from server.protocol.codes import Format, Part
from server.protocol.events import AnyFrame, Event, TurnDelta, TurnFinished, TurnRender, TurnStarted
from server.protocol.objects import Conversation, LiveTurn, Params
from server.protocol.replies import ConversationSnapshot
from server.transcript.fold import fold
from tests.fixtures.client import Frame

USER = "user"
"""The name of the user's log among the views; the others are named by their conversation."""
REPLACED = {"account.updated": "user", "models.updated": "models", "presets.updated": "presets"}
"""What an event tells as a whole."""
FINAL = ("complete", "stopped", "failed", "interrupted", "truncated")


@dataclass
class View:
    """One log as a client knows it. A state of None: it follows the log, but has never seen a snapshot of it."""

    epoch: str
    offset: int
    state: Any
    format: Format = Format.HTML
    whole: set[tuple[str, Part]] | None = None
    """After a recovery, the parts that have had their first render; None: blocks follow on those of before."""


@dataclass(frozen=True)
class Asked:
    """A command, and what was known of the log that it goes on with."""

    command: str
    fields: Frame
    held: View | None = None


@dataclass
class Client:
    """Folds the frames of one socket after another."""

    views: dict[str, View] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    """Logs that were reset and have not been opened anew."""
    _left: dict[str, View] = field(default_factory=dict)
    _deleted: set[str] = field(default_factory=set)
    _greeted: bool = False

    def arrive(self) -> None:
        """Another socket: nothing is followed on it yet, and what was followed before may be gone on with."""
        self._left |= self.views
        self.views, self._deleted, self._greeted = {}, set(), False
        self.lost.clear()

    def take(self, frame: Frame, asked: Mapping[str, Asked]) -> None:
        """The next frame of the socket, whose first must be ``hello``."""
        assert (frame["type"] == "hello") != self._greeted
        self._greeted = True
        if frame["type"] == "reply":
            self._reply(asked[frame["id"]], frame["data"])
        elif frame["type"] not in ("hello", "error"):
            self._event(frame)

    def place(self, name: str) -> View | None:
        """Where it left a log, on this socket or on an earlier one."""
        return self.views.get(name) or self._left.get(name)

    def way_to(self, name: str, format: str, *, resume: bool) -> Asked:
        """How to follow a log: from where it was left if that is known, in the format that it had; else from anew."""
        place = self.place(name)
        fields: Frame = {} if name == USER else {"conversation": name, "format": format}
        held = None
        if resume and place is not None and place.state is not None:
            held = replace(place)
            fields |= {"epoch": place.epoch, "offset": place.offset}
            fields |= {} if name == USER else {"format": str(place.format)}
        return Asked("sync" if name == USER else "open", fields, held)

    def forget(self, name: str) -> None:
        """Nothing of this log can be gone on with."""
        self.views.pop(name, None)
        self._left.pop(name, None)

    def _reply(self, asked: Asked, data: Frame) -> None:
        fields = asked.fields
        if asked.command in ("sync", "open"):
            self.lost.discard(fields.get("conversation", USER))
        match asked.command:
            case "sync":
                self.views[USER] = opened(asked, data)
            case "open":
                view = self.views[fields["conversation"]] = opened(asked, data)
                view.format = Format(fields["format"])
                if not data["recovered"]:
                    view.state = msgspec.convert(data["snapshot"], ConversationSnapshot)
            case "close":
                self.views.pop(fields["conversation"], None)
            case "send" if data["conversation"] not in (*self.views, *self._deleted):
                state = empty(data["conversation"]) if fields["conversation"] is None else None
                format = Format(fields["format"])
                self.views[data["conversation"]] = View(data["epoch"], data["offset"], state, format)

    def _event(self, frame: Frame) -> None:
        if frame["type"] == "reset":
            name = frame.get("conversation", USER)
            assert name in self.views, f"a reset of {name}, which is not followed"
            self.forget(name)
            self.lost.add(name)
            return
        event: Event = msgspec.convert(frame, AnyFrame)
        conversation = getattr(event, "conversation", None)
        name = conversation if is_of_conversation(frame) else USER
        assert isinstance(name, str)
        assert name not in self._deleted, f"{frame['type']} after the end of its conversation"
        view = self.views[name]
        check_place(view, event, whole=name == USER or view.format is Format.TEXT)
        if name == USER:
            view.state = fold_user(view.state, frame)
        elif view.state is not None:
            check_end(view, event)
            view.state = fold(view.state, event, view.format)
        view.offset = max(view.offset, event.offset)
        if frame["type"] == "conversation.deleted":
            self._deleted.add(frame["conversation"])
            self.views.pop(frame["conversation"], None)


def opened(asked: Asked, data: Frame) -> View:
    """From a snapshot, or on from what was held when it was asked for: what came since then comes again."""
    if not data["recovered"]:
        return View(data["epoch"], data["offset"], data["snapshot"])
    assert "snapshot" not in data
    assert asked.held is not None
    assert (data["epoch"], data["offset"]) == (asked.held.epoch, asked.held.offset)
    return replace(asked.held, whole=set())


def is_of_conversation(frame: Frame) -> bool:
    return frame["type"] in (
        "message.created",
        "turn.started",
        "turn.delta",
        "turn.render",
        "turn.finished",
        "message.updated",
        "path.selected",
    )


def check_place(view: View, event: Event, *, whole: bool) -> None:
    """Offsets grow strictly; only the first render after a recovery may stand where the client is already.

    ``whole``: every entry is told, if only as a part of a delta.
    """
    if isinstance(event, TurnStarted):
        view.whole = None
    if isinstance(event, TurnRender) and view.whole is not None and (event.turn, event.part) not in view.whole:
        view.whole.add((event.turn, event.part))
        assert event.keep == 0
    else:
        assert event.offset > view.offset, f"{event} came at {view.offset}"
        if whole and not isinstance(event, TurnDelta):
            assert event.offset == view.offset + 1, f"nothing was told between {view.offset} and {event}"


def check_end(view: View, event: Event) -> None:
    """Deltas join without gap or overlap; what was shown of a run is what is stored of it at its one end."""
    if isinstance(event, TurnDelta | TurnRender | TurnFinished):
        turn = event.message.id if isinstance(event, TurnFinished) else event.turn
        assert any(live.turn == turn for live in view.state.live), f"{event} of a run that is over"
    if isinstance(event, TurnDelta):
        assert view.format is Format.TEXT
        (live,) = (live for live in view.state.live if live.turn == event.turn)
        assert event.from_ == len(live.text if event.part is Part.ANSWER else live.reasoning)
    elif isinstance(event, TurnRender):
        assert view.format is Format.HTML
    elif isinstance(event, TurnFinished):
        for live in view.state.live:
            if live.turn != event.message.id:
                continue
            if view.format is Format.TEXT:
                assert (live.text, live.reasoning) == (event.message.text, event.message.reasoning or "")
            elif view.offset == event.offset - 1:  # who is late may be given the end without the blocks before it
                assert "".join(live.blocks or ()) == event.message.html
                assert "".join(live.reasoning_blocks or ()) == (event.message.reasoning_html or "")


def empty(conversation: str) -> ConversationSnapshot:
    """What there is of a conversation before its first event."""
    moment = datetime(2026, 1, 1, tzinfo=UTC)
    new = Conversation(
        id=conversation,
        title="",
        model=None,
        system_prompt="",
        params=Params(),
        pinned=False,
        archived=False,
        leaf=None,
        unread=False,
        created_at=moment,
        updated_at=moment,
    )
    return ConversationSnapshot(conversation=new, messages=[], next=None, live=[])


def fold_user(state: Frame, event: Frame) -> Frame:
    """The user's snapshot after an event. Nothing is changed in place."""
    state = dict(state)
    match event["type"]:
        case "conversation.created" | "conversation.updated":
            given = event["conversation"]
            others = [row for row in state["conversations"] if row["id"] != given["id"]]
            state["conversations"] = others if given["archived"] else [*others, given]
        case "conversation.deleted":
            gone = event["conversation"]
            state["conversations"] = [row for row in state["conversations"] if row["id"] != gone]
            state["drafts"] = [draft for draft in state["drafts"] if draft["conversation"] != gone]
        case "draft":
            others = [draft for draft in state["drafts"] if draft["conversation"] != event["conversation"]]
            told = {key: event[key] for key in ("conversation", "text")}
            state["drafts"] = [*others, told] if event["text"] else others
        case "turn.status":
            others = [live for live in state["live_turns"] if live["turn"] != event["turn"]]
            told = {key: event[key] for key in ("conversation", "turn", "status")}
            state["live_turns"] = others if event["status"] in FINAL else [*others, told]
        case "session.opened":
            state["sessions"] = [*state["sessions"], event["session"]]
        case "session.closed":
            state["sessions"] = [login for login in state["sessions"] if login["id"] != event["session"]]
        case "settings.updated":
            state["settings"] = {key: value for key, value in state["settings"].items() if key != event["key"]}
            if event["value"] is not None:
                state["settings"][event["key"]] = event["value"]
        case "folders.updated":
            state["folders"] = event["folders"]
            known = {folder["id"] for folder in event["folders"]}
            rows = state["conversations"]
            state["conversations"] = [
                row if row.get("folder") in known else {k: v for k, v in row.items() if k != "folder"} for row in rows
            ]
        case "account.updated" | "models.updated" | "presets.updated":
            key = REPLACED[event["type"]]
            state[key] = event[key]
        case other:
            raise AssertionError(f"the fold does not know {other}")
    return state


def compare(view: View, fresh: Frame) -> None:
    """What was folded, with a snapshot of the same place."""
    if isinstance(view.state, ConversationSnapshot):
        expected = msgspec.convert(fresh, ConversationSnapshot)
        held, there = (shown_of_conversation(state, view.format) for state in (view.state, expected))
    else:
        held, there = shown_of_user(view.state), shown_of_user(fresh)
    for key in held.keys() | there.keys():
        assert held.get(key) == there.get(key), f"{key} held: {held.get(key)}, and there: {there.get(key)}"


def shown_of_user(state: Frame) -> Frame:
    """What must be equal, without the order of rows, which a client makes for itself."""
    shown = dict(state)
    shown["conversations"] = [row for row in state["conversations"] if not row.get("temporary")]
    orders = (("conversations", "id"), ("live_turns", "turn"), ("sessions", "id"), ("drafts", "conversation"))
    for key, by in orders:
        shown[key] = sorted(shown[key], key=lambda row: row[by] or "")
    return shown


def shown_of_conversation(state: ConversationSnapshot, format: Format) -> Frame:
    """What must be equal. A conversation's title, times and marks travel in the user's log."""
    conversation = state.conversation
    return {
        "leaf": conversation.leaf,
        "live_turn": conversation.live_turn,
        "messages": msgspec.to_builtins(state.messages),
        "next": state.next,
        "live": sorted((_shown_live(live, format) for live in state.live), key=str),
    }


def _shown_live(live: LiveTurn, format: Format) -> Any:
    if format is Format.TEXT:
        return live.turn, live.text, live.reasoning
    # An answer that goes on begins as one block of all that there was, until its first render.
    return live.turn, "".join(live.blocks or ()), "".join(live.reasoning_blocks or ())
