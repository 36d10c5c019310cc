"""Pages of messages that a frame can carry."""

from __future__ import annotations

from server.protocol import codec
from server.protocol.objects import Message

PAGE_BYTES = 1_000_000
"""Of the messages of one frame, which stays under 1 MiB; a single message may be longer."""


def around_that_fit(messages: list[Message], cursor: str | None, around: str) -> tuple[list[Message], str | None]:
    """The same with one message in it: half of the frame, at most, is for those after it."""
    place = next(index for index, message in enumerate(messages) if message.id == around)
    taken, end = 0, place + 1
    for message in messages[end:]:
        size = codec.size(message)
        if taken + size > PAGE_BYTES // 2:
            break
        taken, end = taken + size, end + 1
    before, cursor = newest_that_fit(messages[: place + 1], cursor, taken=taken)
    return [*before, *messages[place + 1 : end]], cursor


def newest_that_fit(messages: list[Message], cursor: str | None, taken: int = 0) -> tuple[list[Message], str | None]:
    """The end of ``messages``, with the cursor for those before it; ``taken`` bytes of the frame are taken already."""
    for index in reversed(range(len(messages))):
        taken += codec.size(messages[index])
        if taken > PAGE_BYTES and index + 1 < len(messages):
            return messages[index + 1 :], messages[index + 1].id
    return messages, cursor
