"""A live answer as it stands for one feed, and the blocks that a follower begins with."""

from __future__ import annotations

from collections.abc import Mapping

from server.errors import Unavailable
from server.gateway.feed import Feed
from server.gateway.html import Live, draw
from server.gateway.rendering import Blocks
from server.protocol.objects import Message
from server.realtime.tail import Tail
from server.transcript import standing
from server.transcript.standing import Gap, Standing


def up_to(row: Message, tail: Tail, offset: int) -> Standing:
    """As of this entry of the log. Unavailable when something is missing between the last checkpoint and the window."""
    try:
        return standing.up_to_now(row, tail.after(tail.first - 1, max(0, offset - tail.first + 1)))
    except Gap:
        raise Unavailable("This answer cannot be shown before it is saved. Try again.", retry_after=1) from None


async def render(live: Standing, feed: Feed) -> Mapping[Live, Blocks]:
    """The blocks of both parts. From now on the feed renders what is to come."""
    blocks: dict[Live, Blocks] = {}
    for part, drawn in (await draw(live.message)).items():
        blocks[part] = drawn.blocks
        feed.render(part, drawn, live.offsets[part[1]])
    return blocks


async def blocks_of(row: Message | None, feed: Feed) -> Mapping[Live, Blocks]:
    """The same for what is live in the feed's conversation, if anything is."""
    return {} if row is None else await render(up_to(row, feed.tail, feed.position.offset), feed)
