"""A live answer as it stands at one place of its log: what the log says, on top of the row's last checkpoint. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import msgspec

from server.protocol.codes import Part
from server.protocol.events import Event, TurnDelta, TurnStarted
from server.protocol.objects import Message


class Gap(Exception):
    """The log has forgotten something that no checkpoint has saved yet."""


@dataclass(frozen=True, slots=True)
class Standing:
    message: Message
    """The row with the text so far."""
    offsets: Mapping[Part, int]
    """The log entry up to which each part has its text; 0: one before the log's window."""


def texts(message: Message) -> dict[Part, str]:
    return {Part.ANSWER: message.text, Part.REASONING: message.reasoning or ""}


def up_to_now(row: Message, entries: Iterable[Event]) -> Standing:
    """``entries``: all that the log still has up to the place, oldest first. Raises Gap.

    A checkpoint may also be ahead, by words that are on their way to the log: those do not stand in it yet.
    """
    grown = {part: [text] for part, text in texts(row).items()}
    lengths = {part: len(text) for part, text in texts(row).items()}
    ends = dict(lengths)
    offsets = dict.fromkeys(Part, 0)
    for event in entries:
        if isinstance(event, TurnStarted) and event.message.id == row.id:
            ends = {part: len(text) for part, text in texts(event.message).items()}
            offsets = dict.fromkeys(Part, event.offset)
        elif isinstance(event, TurnDelta) and event.turn == row.id:
            if event.from_ > lengths[event.part]:
                raise Gap
            new = event.text[lengths[event.part] - event.from_ :]
            grown[event.part].append(new)
            lengths[event.part] += len(new)
            ends[event.part] = event.from_ + len(event.text)
            offsets[event.part] = event.offset
    text, reasoning = ("".join(grown[part])[: ends[part]] for part in (Part.ANSWER, Part.REASONING))
    return Standing(msgspec.structs.replace(row, text=text, reasoning=reasoning or None), offsets)
