"""A live answer as it stands in the log: what the log says, on top of the row's last checkpoint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

from server.errors import Unavailable
from server.gateway.feed import Feed
from server.gateway.html import Live, draw, texts
from server.gateway.rendering import Blocks
from server.protocol.codes import Part
from server.protocol.events import TurnDelta, TurnStarted
from server.protocol.objects import Message
from server.realtime.event_log import Tail


@dataclass(frozen=True, slots=True)
class Standing:
    message: Message
    """The row with the text so far."""
    offsets: Mapping[Part, int]
    """The log entry up to which each part has its text; 0: one before the log's window."""


def up_to_now(row: Message, tail: Tail) -> Standing:
    """Unavailable when the window has moved past the checkpoint, and something between the two is missing.

    A checkpoint may also be ahead, by words that are on their way to the log: those do not stand in it yet.
    """
    grown = {part: [text] for part, text in texts(row).items()}
    lengths = {part: len(text) for part, text in texts(row).items()}
    ends = dict(lengths)
    offsets = dict.fromkeys(Part, 0)
    for event in tail.after(tail.first - 1):
        if isinstance(event, TurnStarted) and event.message.id == row.id:
            ends = {part: len(text) for part, text in texts(event.message).items()}
            offsets = dict.fromkeys(Part, event.offset)
        elif isinstance(event, TurnDelta) and event.turn == row.id:
            if event.from_ > lengths[event.part]:
                raise Unavailable("This answer cannot be shown before it is saved. Try again.", retry_after=1)
            new = event.text[lengths[event.part] - event.from_ :]
            grown[event.part].append(new)
            lengths[event.part] += len(new)
            ends[event.part] = event.from_ + len(event.text)
            offsets[event.part] = event.offset
    text, reasoning = ("".join(grown[part])[: ends[part]] for part in (Part.ANSWER, Part.REASONING))
    return Standing(msgspec.structs.replace(row, text=text, reasoning=reasoning or None), offsets)


async def render(live: Standing, feed: Feed) -> Mapping[Live, Blocks]:
    """The blocks of both parts. From now on the feed renders what is to come."""
    blocks: dict[Live, Blocks] = {}
    for part, drawn in (await draw(live.message)).items():
        blocks[part] = drawn.blocks
        feed.render(part, drawn, live.offsets[part[1]])
    return blocks


async def blocks_of(row: Message | None, feed: Feed) -> Mapping[Live, Blocks]:
    """The same for what is live in the feed's conversation, if anything is."""
    return {} if row is None else await render(up_to_now(row, feed.tail), feed)
