"""One connection's place in one log, and the frames that bring it forward."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec import UNSET, UnsetType

from server.gateway.feed import Feed
from server.gateway.html import Live
from server.gateway.rendering import Rendering
from server.protocol import codec
from server.protocol.codes import Format
from server.protocol.events import Event, Reset, TurnDelta, TurnFinished, TurnRender, TurnStarted
from server.realtime.tail import Position

LOOKAHEAD = 512
"""Entries looked at for one frame: a reader that is further behind gets several."""
DELTA_CHARS = 200_000
"""Of one conflated delta, so that its frame stays under 1 MiB in any script."""


class Following:
    """There is no queue: the log holds what is to come, and ``offset`` says how much of it was sent.

    When the socket can take more, neighbouring deltas of one part make one frame, or one render of all there is; any
    other event is a frame of its own. A slow reader so gets fewer and longer frames.
    """

    def __init__(self, feed: Feed, format: Format | None, wake: Callable[[], None]) -> None:
        self.feed = feed
        self.offset = feed.position.offset
        """Of the last entry that was sent, or that the client has by other means."""
        self.format = format
        """None for a user's log, which has no deltas."""
        self.wake = wake
        self.lost = False
        """Whether the log no longer holds what comes next."""
        self._epoch = feed.position.epoch
        self._shown: dict[Live, Sequence[str]] = {}
        self._owed: list[Live] = []

    def begin_after(self, position: Position) -> None:
        """The client has everything up to here. If the log has not, it is told to open anew."""
        self.offset = position.offset
        self._epoch = position.epoch

    def show(self, live: Live, blocks: Sequence[str]) -> None:
        """The client has these blocks, from a snapshot."""
        self._shown[live] = blocks

    def owe(self, live: Live) -> None:
        """The client comes back and has no blocks that we know of: it gets a whole render, even if nothing is new."""
        self._owed.append(live)

    def next(self, passed: Callable[[Event], None]) -> str | None:
        """The next frame, or None while there is none. ``passed`` is told of every event but deltas."""
        while not self.lost:
            if frame := self._pay():
                return frame
            if not self.feed.tail.holds(Position(self._epoch, self.offset)):
                self.lost = True
                return codec.encode(Reset(conversation=self._conversation()))
            visible = min(LOOKAHEAD, self.feed.ready - self.offset)
            if visible <= 0:
                return None
            entries = self.feed.tail.after(self.offset, visible)
            event = entries[0]
            if not isinstance(event, TurnDelta):
                self.offset = event.offset
                if isinstance(event, TurnStarted | TurnFinished):
                    self._shown.clear()
                passed(event)
                return self.feed.encoded(event)
            run = _run(event, entries)
            if self.format is Format.TEXT:
                return self._joined(run)
            rendering = self.feed.rendering((event.turn, event.part))
            last = run[-1].offset
            if rendering is None or rendering.offset > last:
                # Nobody renders this turn any more, or its blocks are past an event that has to come first: what
                # follows, a render or the finished message, holds this text as well.
                self.offset = last
                continue
            if rendering.offset <= self.offset:
                return None
            return self._render(rendering)
        return None

    def _pay(self) -> str | None:
        for live in list(self._owed):
            rendering = self.feed.rendering(live)
            if rendering is not None and rendering.offset < self.offset and rendering.behind:
                continue  # it may lack words that the client has
            self._owed.remove(live)
            if rendering is not None and rendering.offset <= self.offset:
                return self._render(rendering)
        return None

    def _render(self, rendering: Rendering) -> str:
        live = (rendering.turn, rendering.part)
        shown, blocks = self._shown.get(live, ()), rendering.blocks
        keep = 0
        for old, new in zip(shown, blocks, strict=False):
            if old != new:
                break
            keep += 1
        self._shown[live] = blocks
        self.offset = max(self.offset, rendering.offset)
        return codec.encode(
            TurnRender(
                conversation=self.feed.log.conversation or "",
                turn=rendering.turn,
                offset=self.offset,  # what lies between is of another part: frames of one log leave in order
                part=rendering.part,
                keep=keep,
                blocks=list(blocks[keep:]),
            )
        )

    def _joined(self, run: Sequence[TurnDelta]) -> str:
        first, last = run[0], run[-1]
        self.offset = last.offset
        if first is last:
            return self.feed.encoded(first)
        return codec.encode(
            TurnDelta(
                conversation=first.conversation,
                turn=first.turn,
                offset=last.offset,
                part=first.part,
                from_=first.from_,
                text="".join(delta.text for delta in run),
            )
        )

    def _conversation(self) -> str | UnsetType:
        return UNSET if self.format is None else self.feed.log.conversation or UNSET


def _run(first: TurnDelta, entries: Sequence[Event]) -> list[TurnDelta]:
    """``first`` and its neighbours of the same turn and part."""
    run: list[TurnDelta] = []
    chars = 0
    for event in entries:
        if not isinstance(event, TurnDelta) or (event.turn, event.part) != (first.turn, first.part):
            break
        chars += len(event.text)
        if run and chars > DELTA_CHARS:
            break
        run.append(event)
    return run
