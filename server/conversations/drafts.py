"""What somebody has typed and not sent: plain functions of a database session."""

from __future__ import annotations

from sqlmodel import Session, col, select

from server.protocol import objects as wire
from server.protocol.events import DraftUpdated
from server.tables import Draft, now

MOST = 100
MOST_BYTES = 300_000
"""Drafts of one user, and their texts together, though one may be longer: every tab begins with all of them, in one
frame."""


def all_of(session: Session, user: str) -> list[wire.Draft]:
    return [wire.Draft(conversation=row.conversation_id, text=row.text) for row in _newest_first(session, user)]


def write(session: Session, user: str, conversation: str | None, text: str, connection: str) -> list[DraftUpdated]:
    """Keeps ``text`` in place of what was there; an empty one removes it. The oldest go where there are too many.

    Returns what changed. ``conversation`` is one of the user's, or None for one that does not exist yet.
    """
    row = session.get(Draft, (user, conversation or ""))
    if text == (row.text if row is not None else ""):
        return []
    if not text:
        session.delete(row)
    elif row is None:
        session.add(Draft(user_id=user, place=conversation or "", conversation_id=conversation, text=text))
    else:
        row.text, row.updated_at = text, now()
    session.flush()
    changed = [DraftUpdated(conversation=conversation, text=text, connection=connection)]
    taken = 0
    for number, kept in enumerate(_newest_first(session, user), 1):
        taken += len(kept.text.encode())
        if number > 1 and (number > MOST or taken > MOST_BYTES):
            session.delete(kept)
            changed.append(DraftUpdated(conversation=kept.conversation_id, text="", connection=connection))
    return changed


def _newest_first(session: Session, user: str) -> list[Draft]:
    query = select(Draft).where(Draft.user_id == user)
    return list(session.exec(query.order_by(col(Draft.updated_at).desc(), col(Draft.place))))
