"""Following the logs: from where they were left, or from a snapshot."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import TypeVar

import msgspec
from sqlmodel import Session

from server.conversations.views import Sidebar, sidebar, transcript
from server.errors import Unavailable
from server.gateway.connection import Connection
from server.gateway.feed import Feed
from server.gateway.handlers.user import as_model
from server.gateway.html import Live
from server.gateway.pages import newest_that_fit
from server.gateway.rendering import Blocks
from server.gateway.standing import blocks_of, render, up_to
from server.protocol import codec
from server.protocol.codes import Format, Part, Status
from server.protocol.commands import Close, Open, Sync
from server.protocol.objects import LiveTurn, Message, User
from server.protocol.objects import Session as LoginSession
from server.protocol.replies import ConversationSnapshot, Done, Opened, Synced, UserSnapshot
from server.realtime.event_log import HistoryLost, conversation_log, user_log
from server.realtime.tail import Position
from server.transcript.standing import Standing

T = TypeVar("T")

TRIES = 3
"""Of following a log that begins anew meanwhile."""


async def handle_sync(connection: Connection, command: Sync) -> Synced:
    return await _again_when_lost(lambda: _sync(connection, command))


async def handle_open(connection: Connection, command: Open) -> Opened:
    # First of all whether the conversation is the user's: a log exists for every name that is followed.
    await connection.services.conversations.live(connection.user.id, command.conversation)
    return await _again_when_lost(lambda: _open(connection, command))


async def handle_close(connection: Connection, command: Close) -> Done:
    connection.outbox.leave(conversation_log(connection.user.id, command.conversation))
    return Done()


async def _again_when_lost(follow: Callable[[], Awaitable[T]]) -> T:
    """A log can begin anew under whoever is just about to follow it."""
    for _ in range(TRIES):
        with suppress(HistoryLost):
            return await follow()
    raise Unavailable("The live connection has to begin anew. Try again.", retry_after=1)


async def _sync(connection: Connection, command: Sync) -> Synced:
    services, user = connection.services, connection.user.id

    def read(session: Session) -> tuple[Sidebar, tuple[User, list[LoginSession]]]:
        return sidebar(session, user), services.accounts.account(session, user)

    async with connection.following(user_log(user), None) as following:
        left_at = _left_at(command)
        if left_at is not None and await services.journal.recovers(following.feed.tail, left_at):
            following.begin_after(left_at)
            return Synced(epoch=left_at.epoch, offset=left_at.offset, recovered=True)
        (listed, (account, sessions)), position = await services.journal.snapshot(following.feed.tail, read)
        following.begin_after(position)
        snapshot = UserSnapshot(
            user=account,
            conversations=listed.conversations,
            next=listed.next,
            drafts=listed.drafts,
            sessions=sessions,
            models=[as_model(model) for model in services.catalog.models],
            live_turns=listed.live_turns,
            settings=listed.settings,
            folders=listed.folders,
            presets=listed.presets,
            notices=[],
        )
        return Synced(epoch=position.epoch, offset=position.offset, recovered=False, snapshot=snapshot)


async def _open(connection: Connection, command: Open) -> Opened:
    services, user = connection.services, connection.user.id
    async with connection.following(conversation_log(user, command.conversation), command.format) as following:
        left_at = _left_at(command)
        if left_at is not None and await services.journal.recovers(following.feed.tail, left_at):
            following.begin_after(left_at)
            if command.format is Format.HTML:
                # Read only now: of a run that begins while it is followed, the feed has blocks by itself.
                row = await services.conversations.live(user, command.conversation)
                for part, shown in (await blocks_of(row, following.feed)).items():
                    if shown:
                        following.owe(part)
            return Opened(epoch=left_at.epoch, offset=left_at.offset, recovered=True)
        opened, blocks = await _snapshot(connection, command, following.feed)
        following.begin_after(Position(opened.epoch, opened.offset))
        for part, shown in blocks.items():
            following.show(part, shown)
        return opened


def _left_at(command: Sync | Open) -> Position | None:
    """Where the client left the log."""
    if command.epoch is None or command.offset is None:
        return None
    return Position(command.epoch, command.offset)


async def _snapshot(connection: Connection, command: Open, feed: Feed) -> tuple[Opened, Mapping[Live, Blocks]]:
    """The conversation as of one offset, and the blocks of its live answer that the client is given with it."""
    services, user = connection.services, connection.user.id
    seen, position = await services.journal.snapshot(
        feed.tail, lambda session: transcript(session, user, command.conversation)
    )
    live = None if seen.live is None else up_to(seen.live, feed.tail, position.offset)
    blocks: Mapping[Live, Blocks] = {}
    if live is not None and command.format is Format.HTML:
        blocks = await render(live, feed)
    rows = [_row(message, live) for message in seen.messages]
    await services.renderer.fill(rows)
    shown = [] if live is None else [_live_turn(live.message, blocks)]
    messages, cursor = newest_that_fit(rows, seen.next, taken=sum(map(codec.size, shown)))
    snapshot = ConversationSnapshot(conversation=seen.conversation, messages=messages, next=cursor, live=shown)
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
