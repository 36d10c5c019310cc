"""Folders: a name under which somebody keeps conversations. A conversation is in one of them, or in none."""

from __future__ import annotations

from sqlmodel import Session

from server import tables
from server.conversations import objects, repository
from server.db import Database
from server.errors import Conflict, Invalid
from server.journal import Journal, Recorded
from server.protocol import objects as wire
from server.protocol.events import FoldersUpdated

FOLDERS_LIMIT = 200
"""Folders of one user, at most: every snapshot holds them all."""


class Folders:
    def __init__(self, db: Database, journal: Journal) -> None:
        self._db = db
        self._journal = journal

    async def create(self, user: str, name: str) -> wire.Folder:
        name = _tidy(name)

        def work(session: Session) -> Recorded[wire.Folder]:
            if len(repository.folders(session, user)) >= FOLDERS_LIMIT:
                raise Conflict(f"More than {FOLDERS_LIMIT} folders are not kept.", field="folder")
            row = tables.Folder(user_id=user, name=name)
            session.add(row)
            session.flush()
            return Recorded(objects.folder(row), [told(session, user)])

        return await self._journal.record(user, work)

    async def rename(self, user: str, folder: str, name: str) -> wire.Folder:
        name = _tidy(name)

        def work(session: Session) -> Recorded[wire.Folder]:
            row = repository.find_folder(session, user, folder)
            if row.name == name:
                return Recorded(objects.folder(row))
            row.name = name
            session.flush()
            return Recorded(objects.folder(row), [told(session, user)])

        return await self._journal.record(user, work)

    async def delete(self, user: str, folder: str) -> None:
        """Its conversations stay, and are in none. That the folder is gone says so of all of them."""

        def work(session: Session) -> Recorded[None]:
            session.delete(repository.find_folder(session, user, folder))
            repository.empty_folder(session, user, folder)
            session.flush()
            return Recorded(None, [told(session, user)])

        await self._journal.record(user, work)


def put_into(session: Session, row: tables.Conversation, name: str) -> bool:
    """Puts a new conversation into its user's folder of that name. Returns whether the folder had to be made.

    Where that would be one too many, the conversation is in none.
    """
    name = _tidy(name)
    known = repository.folders(session, row.user_id)
    folder = next((folder for folder in known if folder.name == name), None)
    made = folder is None and len(known) < FOLDERS_LIMIT
    if made:
        folder = tables.Folder(user_id=row.user_id, name=name)
        session.add(folder)
        session.flush()
    row.folder_id = folder.id if folder else None
    return made


def told(session: Session, user: str) -> FoldersUpdated:
    return FoldersUpdated(folders=[objects.folder(row) for row in repository.folders(session, user)])


def _tidy(name: str) -> str:
    words = " ".join(name.split())
    if not words:
        raise Invalid("A folder needs a name.", field="name")
    return words
