"""Commands that begin an answer or end it."""

from __future__ import annotations

from server.errors import NotFound, Unavailable
from server.gateway.connection import Connection
from server.gateway.html import blank
from server.gateway.standing import blocks_of
from server.protocol.codes import Format, Part
from server.protocol.commands import Continue, Edit, Regenerate, Send, Stop
from server.protocol.replies import Begun, Done, Edited, Sent
from server.realtime.event_log import HistoryLost, conversation_log
from server.turns.service import Asked


async def handle_send(connection: Connection, command: Send) -> Sent:
    """A socket that follows the conversation already keeps its place and format."""
    asked = await connection.services.turns.send(connection.user.id, command, connection.id)
    if connection.outbox.following(conversation_log(connection.user.id, asked.conversation)) is None:
        try:
            await _follow(connection, asked, command.format)
        except NotFound:
            pass  # asked a second time, and deleted since: nothing of it follows
        except (HistoryLost, Unavailable):
            # What is committed is acknowledged; only the log cannot be followed, and the client is told so.
            connection.outbox.lose(asked.conversation)
    return Sent(
        conversation=asked.conversation,
        message=asked.message,
        turn=asked.turn,
        epoch=asked.position.epoch,
        offset=asked.position.offset,
    )


async def _follow(connection: Connection, asked: Asked, format: Format) -> None:
    log = conversation_log(connection.user.id, asked.conversation)
    async with connection.following(log, format) as following:
        feed = following.feed
        held = await connection.services.journal.recovers(feed.tail, asked.position)
        following.begin_after(asked.position)
        live = await connection.services.conversations.live(connection.user.id, asked.conversation)
        if format is Format.HTML and held:
            for part in Part:
                feed.render((asked.turn, part), blank(asked.turn, part), asked.position.offset)
            if live is not None and live.id != asked.turn:
                await blocks_of(live, feed)


async def handle_stop(connection: Connection, command: Stop) -> Done:
    await connection.services.turns.stop(connection.user.id, command.turn)
    return Done()


async def handle_regenerate(connection: Connection, command: Regenerate) -> Begun:
    return Begun(turn=await connection.services.turns.regenerate(connection.user.id, command))


async def handle_edit(connection: Connection, command: Edit) -> Edited:
    asked = await connection.services.turns.edit(connection.user.id, command)
    return Edited(message=asked.message, turn=asked.turn)


async def handle_continue(connection: Connection, command: Continue) -> Begun:
    return Begun(turn=await connection.services.turns.go_on(connection.user.id, command))
