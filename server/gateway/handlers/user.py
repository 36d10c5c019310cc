"""Commands about the user and what there is to use."""

from __future__ import annotations

from server.gateway.connection import Connection
from server.llm.base import ModelInfo
from server.protocol.commands import ListModels, Ping, SetDraft, SetSetting
from server.protocol.objects import Model
from server.protocol.replies import Done, Modelled


async def handle_ping(_connection: Connection, _command: Ping) -> Done:
    return Done()


async def handle_draft(connection: Connection, command: SetDraft) -> Done:
    services = connection.services
    await services.conversations.set_draft(connection.user.id, command.conversation, command.text, connection.id)
    return Done()


async def handle_settings(connection: Connection, command: SetSetting) -> Done:
    await connection.services.conversations.set_setting(connection.user.id, command.key, command.value)
    return Done()


async def handle_models(connection: Connection, _command: ListModels) -> Modelled:
    return Modelled(models=[as_model(model) for model in connection.services.catalog.models])


def as_model(model: ModelInfo) -> Model:
    return Model(
        id=model.id,
        name=model.name,
        provider=model.provider,
        context_tokens=model.context_tokens,
        demo=model.demo,
    )
