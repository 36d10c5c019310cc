"""Pages of messages that a frame can carry."""

from __future__ import annotations

from server.protocol import codec
from server.protocol.objects import Message

PAGE_BYTES = 1_000_000
"""Of the messages of one frame, which stays under 1 MiB; a single message may be longer."""


def newest_that_fit(messages: list[Message], cursor: str | None, taken: int = 0) -> tuple[list[Message], str | None]:
    """The end of ``messages``, with the cursor for those before it; ``taken`` bytes of the frame are taken already."""
    for index in reversed(range(len(messages))):
        taken += codec.size(messages[index])
        if taken > PAGE_BYTES and index + 1 < len(messages):
            return messages[index + 1 :], messages[index + 1].id
    return messages, cursor
