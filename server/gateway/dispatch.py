"""Which handler carries out which command: one table."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter
from typing import Any

import structlog

from server import metrics
from server.errors import Busy, Forbidden, ParleyError
from server.gateway.connection import Connection
from server.gateway.handlers import conversations, logs, turns, user
from server.protocol import commands
from server.protocol.codes import AccountRole, ErrorCode
from server.protocol.commands import Command
from server.protocol.replies import Data, Error, Reply

log = structlog.get_logger(__name__)

Handler = Callable[[Connection, Any], Awaitable[Data]]

HANDLERS: dict[type[Command], Handler] = {
    commands.Ping: user.handle_ping,
    commands.Sync: logs.handle_sync,
    commands.Open: logs.handle_open,
    commands.Close: logs.handle_close,
    commands.Send: turns.handle_send,
    commands.Stop: turns.handle_stop,
    commands.Regenerate: turns.handle_regenerate,
    commands.SetTitle: conversations.handle_title,
    commands.List: conversations.handle_list,
    commands.History: conversations.handle_history,
    commands.Update: conversations.handle_update,
    commands.Delete: conversations.handle_delete,
    commands.Read: conversations.handle_read,
    commands.SetSetting: user.handle_settings,
    commands.ListModels: user.handle_models,
}


async def dispatch(connection: Connection, command: Command) -> None:
    """Carries a command out, one after another. A slow one goes on beside those that follow it."""
    if not _slow(command):
        with connection.outbox.holding():
            await respond(connection, command)
    elif not connection.spawn(partial(respond, connection, command)):
        _refuse(connection, command, Busy("Too much is being worked on for this tab already. Try again in a moment."))


async def respond(connection: Connection, command: Command) -> None:
    """Exactly one reply or error."""
    kind, outcome = str(command.__struct_config__.tag), "ok"
    began = perf_counter()
    try:
        if connection.user.role is AccountRole.PENDING and not isinstance(command, commands.Ping):
            raise Forbidden("This account waits for an admin to admit it.")  # noqa: TRY301
        data = await HANDLERS[type(command)](connection, command)
    except ParleyError as error:
        outcome = error.code
        _refuse(connection, command, error)
    except Exception:
        outcome = ErrorCode.INTERNAL
        log.exception("command.failed", command=kind)
        words = "Something went wrong inside the server; its log says what. Try again."
        connection.outbox.reply(Error(id=command.id, code=ErrorCode.INTERNAL, message=words))
    else:
        connection.outbox.reply(Reply(id=command.id, data=data))
    metrics.COMMANDS.labels(kind, outcome).inc()
    metrics.COMMAND_SECONDS.labels(kind).observe(perf_counter() - began)


def _slow(command: Command) -> bool:
    return isinstance(command, commands.SetTitle) and command.title is None


def _refuse(connection: Connection, command: Command, error: ParleyError) -> None:
    code = ErrorCode(error.code)
    frame = Error.of(command.id, code, error.message, field=error.field, retry_after=error.retry_after)
    connection.outbox.reply(frame)
