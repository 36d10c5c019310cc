"""Which handler carries out which command: one table."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from functools import partial
from time import perf_counter
from typing import Any

import structlog

from server import metrics
from server.errors import Busy, Forbidden, ParleyError, RateLimited
from server.gateway.connection import Connection
from server.gateway.handlers import conversations, library, logs, shares, turns, user
from server.protocol import commands
from server.protocol.codes import AccountRole, CloseCode, ErrorCode
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
    commands.Edit: turns.handle_edit,
    commands.Continue: turns.handle_continue,
    commands.Select: conversations.handle_select,
    commands.SetTitle: conversations.handle_title,
    commands.List: conversations.handle_list,
    commands.History: conversations.handle_history,
    commands.Search: conversations.handle_search,
    commands.Update: conversations.handle_update,
    commands.Delete: conversations.handle_delete,
    commands.Read: conversations.handle_read,
    commands.SetDraft: user.handle_draft,
    commands.CreateShare: shares.handle_create,
    commands.ListShares: shares.handle_list,
    commands.DeleteShare: shares.handle_delete,
    commands.GiveFeedback: conversations.handle_feedback,
    commands.SetSetting: user.handle_settings,
    commands.CreateFolder: library.handle_folder_create,
    commands.UpdateFolder: library.handle_folder_update,
    commands.DeleteFolder: library.handle_folder_delete,
    commands.SavePreset: library.handle_preset_save,
    commands.DeletePreset: library.handle_preset_delete,
    commands.ListModels: user.handle_models,
}

COST = 10
"""Points of a command's rate (`rates`), where nothing else is said."""
COSTS: dict[type[Command], int] = {
    commands.Ping: 1,
    commands.Sync: 25,
    commands.Open: 25,
    commands.History: 25,
    commands.Send: 50,
    commands.Regenerate: 50,
    commands.Edit: 50,
    commands.Continue: 50,
}
SLOW: dict[type[Command], Callable[[Any], bool]] = {
    commands.SetTitle: lambda command: command.title is None,
    commands.Search: lambda _: True,
}
"""Which commands may be answered later than those that follow them, and when they are."""
SLOW_COST = 50
"""Points of any of them."""


async def dispatch(connection: Connection, command: Command) -> None:
    """Carries a command out, one after another. A slow one goes on beside those that follow it."""
    wait = connection.allowance.take(_cost(command))
    if wait > 0:
        _hold_up(connection, command, wait)
    elif not _slow(command):
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
    return type(command) in SLOW and SLOW[type(command)](command)


def _cost(command: Command) -> int:
    return SLOW_COST if _slow(command) else COSTS.get(type(command), COST)


def _hold_up(connection: Connection, command: Command, wait: float) -> None:
    words = f"Too many requests at once. Try again in {math.ceil(wait)} s."
    _refuse(connection, command, RateLimited(words, retry_after=math.ceil(wait * 100) / 100))
    metrics.COMMANDS.labels(str(command.__struct_config__.tag), RateLimited.code).inc()
    if not connection.allowance.refuse():
        connection.close(CloseCode.RATE_LIMITED, "far too many requests")


def _refuse(connection: Connection, command: Command, error: ParleyError) -> None:
    code = ErrorCode(error.code)
    frame = Error.of(command.id, code, error.message, field=error.field, retry_after=error.retry_after)
    connection.outbox.reply(frame)
