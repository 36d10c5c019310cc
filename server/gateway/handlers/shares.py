"""Commands about links under which anybody sees a conversation."""

from __future__ import annotations

from server.gateway.connection import Connection
from server.protocol.commands import CreateShare, DeleteShare, ListShares
from server.protocol.replies import Done, Shared, SharesListed


async def handle_create(connection: Connection, command: CreateShare) -> Shared:
    share = await connection.services.shares.create(connection.user.id, command.conversation, command.expires_in)
    return Shared(share=share)


async def handle_list(connection: Connection, command: ListShares) -> SharesListed:
    return SharesListed(shares=await connection.services.shares.list(connection.user.id, command.conversation))


async def handle_delete(connection: Connection, command: DeleteShare) -> Done:
    await connection.services.shares.delete(connection.user.id, command.share)
    return Done()
