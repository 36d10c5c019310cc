"""Commands that begin an answer or end it."""

from __future__ import annotations

from server.gateway.connection import Connection
from server.gateway.html import id_prefix
from server.markdown import BlockStream
from server.protocol.codes import Format, Part
from server.protocol.commands import Regenerate, Send, Stop
from server.protocol.replies import Done, Regenerated, Sent
from server.realtime.event_log import conversation_log


async def handle_send(connection: Connection, command: Send) -> Sent:
    """A socket that follows the conversation already keeps its place and format."""
    asked = await connection.services.turns.send(connection.user.id, command)
    log = conversation_log(asked.conversation)
    if connection.outbox.following(log) is None:
        async with connection.following(log, command.format) as following:
            following.begin_after(asked.position)
            if command.format is Format.HTML and following.feed.tail.holds(asked.position):
                for part in Part:
                    stream = BlockStream(id_prefix(asked.turn, part))
                    following.feed.render((asked.turn, part), stream, (), asked.position.offset)
    return Sent(
        conversation=asked.conversation,
        message=asked.message,
        turn=asked.turn,
        epoch=asked.position.epoch,
        offset=asked.position.offset,
    )


async def handle_stop(connection: Connection, command: Stop) -> Done:
    await connection.services.turns.stop(connection.user.id, command.turn)
    return Done()


async def handle_regenerate(connection: Connection, command: Regenerate) -> Regenerated:
    return Regenerated(turn=await connection.services.turns.regenerate(connection.user.id, command))
