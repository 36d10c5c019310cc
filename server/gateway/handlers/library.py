"""Commands about what a user keeps beside conversations."""

from __future__ import annotations

from server.gateway.connection import Connection
from server.protocol.commands import CreateFolder, DeleteFolder, DeletePreset, SavePreset, UpdateFolder
from server.protocol.replies import Done, Foldered, Saved


async def handle_folder_create(connection: Connection, command: CreateFolder) -> Foldered:
    return Foldered(folder=await connection.services.folders.create(connection.user.id, command.name))


async def handle_folder_update(connection: Connection, command: UpdateFolder) -> Foldered:
    folders = connection.services.folders
    return Foldered(folder=await folders.rename(connection.user.id, command.folder, command.name))


async def handle_folder_delete(connection: Connection, command: DeleteFolder) -> Done:
    await connection.services.folders.delete(connection.user.id, command.folder)
    return Done()


async def handle_preset_save(connection: Connection, command: SavePreset) -> Saved:
    return Saved(preset=await connection.services.presets.save(connection.user.id, command))


async def handle_preset_delete(connection: Connection, command: DeletePreset) -> Done:
    await connection.services.presets.delete(connection.user.id, command.preset)
    return Done()
