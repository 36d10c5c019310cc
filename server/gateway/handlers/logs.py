"""Following the logs: from where they were left, or from a snapshot."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from server.gateway.connection import Connection
from server.gateway.feed import Feed
from server.gateway.handlers.user import as_model
from server.gateway.html import Live
from server.gateway.pages import newest_that_fit
from server.gateway.rendering import Blocks
from server.gateway.standing import Standing, blocks_of, render, up_to_now
from server.protocol import codec
from server.protocol.codes import Format, Part, Status
from server.protocol.commands import Close, Open, Sync
from server.protocol.objects import LiveTurn, Message
from server.protocol.replies import ConversationSnapshot, Done, Opened, Synced, UserSnapshot
from server.realtime.event_log import Position, Tail, conversation_log, user_log


async def handle_sync(connection: Connection, command: Sync) -> Synced:
    services, user = connection.services, connection.user.id
    async with connection.following(user_log(user), None) as following:
        left_at = _left_at(following.feed.tail, command)
        if left_at is None:
            async with services.journal.quiet(user):
                sidebar = await services.conversations.sidebar(user)
                account, sessions = await services.accounts.account(user)
                position = following.feed.position
            following.begin_after(position)
        else:
            following.begin_after(left_at)
    if left_at is not None:
        return Synced(epoch=left_at.epoch, offset=left_at.offset, recovered=True)
    snapshot = UserSnapshot(
        user=account,
        conversations=sidebar.conversations,
        next=sidebar.next,
        drafts=[],
        sessions=sessions,
        models=[as_model(model) for model in services.catalog.models],
        live_turns=sidebar.live_turns,
        settings=sidebar.settings,
        notices=[],
    )
    return Synced(epoch=position.epoch, offset=position.offset, recovered=False, snapshot=snapshot)


async def handle_open(connection: Connection, command: Open) -> Opened:
    # First of all whether the conversation is the user's: a log exists for every name that is followed.
    await connection.services.conversations.live(connection.user.id, command.conversation)
    async with connection.following(conversation_log(command.conversation), command.format) as following:
        left_at = _left_at(following.feed.tail, command)
        if left_at is not None:
            following.begin_after(left_at)
            if command.format is Format.HTML:
                # Read only now: of a run that begins while it is followed, the feed has blocks by itself.
                row = await connection.services.conversations.live(connection.user.id, command.conversation)
                for part, shown in (await blocks_of(row, following.feed)).items():
                    if shown:
                        following.owe(part)
            opened = Opened(epoch=left_at.epoch, offset=left_at.offset, recovered=True)
        else:
            opened, blocks = await _snapshot(connection, command, following.feed)
            following.begin_after(Position(opened.epoch, opened.offset))
            for part, shown in blocks.items():
                following.show(part, shown)
    return opened


async def handle_close(connection: Connection, command: Close) -> Done:
    connection.outbox.leave(conversation_log(command.conversation))
    return Done()


def _left_at(tail: Tail, command: Sync | Open) -> Position | None:
    """Where the client left the log, if all that came since is still there."""
    if command.epoch is None or command.offset is None:
        return None
    position = Position(command.epoch, command.offset)
    return position if tail.holds(position) else None


async def _snapshot(connection: Connection, command: Open, feed: Feed) -> tuple[Opened, Mapping[Live, Blocks]]:
    """The conversation as of one offset, and the blocks of its live answer that the client is given with it."""
    services, user = connection.services, connection.user.id
    async with services.journal.quiet(user):
        transcript = await services.conversations.transcript(user, command.conversation)
        position = feed.position
        live = None if transcript.live is None else up_to_now(transcript.live, feed.tail)
    blocks: Mapping[Live, Blocks] = {}
    if live is not None and command.format is Format.HTML:
        blocks = await render(live, feed)
    rows = [_row(message, live) for message in transcript.messages]
    await services.renderer.fill(rows)
    shown = [] if live is None else [_live_turn(live.message, blocks)]
    messages, cursor = newest_that_fit(rows, transcript.next, taken=sum(map(codec.size, shown)))
    snapshot = ConversationSnapshot(conversation=transcript.conversation, messages=messages, next=cursor, live=shown)
    return Opened(epoch=position.epoch, offset=position.offset, recovered=False, snapshot=snapshot), blocks


def _row(message: Message, live: Standing | None) -> Message:
    """What there is of a live answer stands under ``live``, and only there; it streams from its first word on."""
    if live is None or message.id != live.message.id:
        return message
    status = Status.STREAMING if live.message.text or live.message.reasoning else Status.PENDING
    return msgspec.structs.replace(message, text="", reasoning=None, status=status)


def _live_turn(live: Message, blocks: Mapping[Live, Blocks]) -> LiveTurn:
    turn = LiveTurn(turn=live.id, text=live.text, reasoning=live.reasoning or "")
    if blocks:
        turn.blocks = list(blocks[live.id, Part.ANSWER])
        turn.reasoning_blocks = list(blocks[live.id, Part.REASONING])
    return turn
