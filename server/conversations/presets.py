"""Presets: prompts that somebody keeps under a name, to be sent again."""

from __future__ import annotations

from sqlmodel import Session, col, select

from server import tables
from server.db import Database
from server.errors import Conflict, Invalid, NotFound, TooLarge
from server.journal import Journal, Recorded
from server.protocol import objects as wire
from server.protocol.commands import SavePreset
from server.protocol.events import PresetsUpdated

PRESETS_LIMIT = 200
"""Presets of one user, at most."""
PRESETS_BYTES = 256 * 1024
"""Of all their texts together: every snapshot holds them."""


class Presets:
    def __init__(self, db: Database, journal: Journal) -> None:
        self._db = db
        self._journal = journal

    async def save(self, user: str, command: SavePreset) -> wire.Preset:
        """A new one, or the one that is named with another name and text."""
        name = " ".join(command.name.split())
        if not name:
            raise Invalid("A prompt needs a name.", field="name")
        if not command.text.strip():
            raise Invalid("There is nothing in it.", field="text")

        def work(session: Session) -> Recorded[wire.Preset]:
            row = tables.Preset(user_id=user) if command.preset is None else _find(session, user, command.preset)
            if (row.name, row.text) == (name, command.text):
                return Recorded(_object(row))
            row.name, row.text = name, command.text
            session.add(row)
            session.flush()
            kept = all_of(session, user)
            if len(kept) > PRESETS_LIMIT:
                raise Conflict(f"More than {PRESETS_LIMIT} prompts are not kept.", field="preset")
            if sum(len(preset.text.encode()) for preset in kept) > PRESETS_BYTES:
                raise TooLarge(f"All prompts together may hold {PRESETS_BYTES // 1024} KiB.", field="text")
            return Recorded(_object(row), [PresetsUpdated(presets=kept)])

        return await self._journal.record(user, work)

    async def delete(self, user: str, preset: str) -> None:
        def work(session: Session) -> Recorded[None]:
            session.delete(_find(session, user, preset))
            session.flush()
            return Recorded(None, [PresetsUpdated(presets=all_of(session, user))])

        await self._journal.record(user, work)


def all_of(session: Session, user: str) -> list[wire.Preset]:
    """Oldest first."""
    query = select(tables.Preset).where(tables.Preset.user_id == user)
    rows = session.exec(query.order_by(col(tables.Preset.created_at), col(tables.Preset.id)))
    return [_object(row) for row in rows]


def _find(session: Session, user: str, preset: str) -> tables.Preset:
    found = session.get(tables.Preset, preset)
    if found is None or found.user_id != user:
        raise NotFound("There is no such prompt.", field="preset")
    return found


def _object(row: tables.Preset) -> wire.Preset:
    return wire.Preset(id=row.id, name=row.name, text=row.text)
