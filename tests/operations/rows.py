"""Rows that are hard to carry, and all rows of a database to be compared."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlmodel import Session, SQLModel

from server import db, migrations
from server.operations import backup
from server.protocol.codes import AccountRole, Role, Status
from server.search import index
from server.settings import Settings
from server.tables import Conversation, LoginSession, Message, Setting, TitleSource, User, now

LONG = '长文🦜 with "quotes", \\ and\nlines\t' * 4000
"""More than 100 KB."""
AWKWARD = [
    *("", " ", "null", "\\N", "0", "'; DROP TABLE users; --"),
    *("\x00", "\x1f\x7f\u2028", "\ufeff", "‮מ", "e\u0301", "𠮷野家", "👩\u200d👩\u200d👧"),
]


def fill(settings: Settings, name: str = "安") -> None:
    """Migrates, and adds a person with a conversation."""
    with db.engine_for(settings) as engine:
        migrations.upgrade(engine)
        with Session(engine) as session, session.begin():
            user = User(
                email=f"{name}@例子.org", username=name, username_key=name, password_hash="$2b$", role=AccountRole.ADMIN
            )
            session.add(user)
            session.flush()
            session.add(Setting(user_id=user.id, key="theme", value={"深": [None, 1.5, True, "🌙"]}))
            session.add(Setting(user_id=user.id, key="nothing", value=None))
            session.add(LoginSession(user_id=user.id, device="火狐 🦊", expires_at=now()))
            talk = Conversation(
                user_id=user.id, title="天气 ☔", title_source=TitleSource.PERSON, params={"top_p": 0.1}
            )
            session.add(talk)
            session.flush()
            index.put_title(session, talk)
            for text in (LONG, *AWKWARD):
                message = Message(
                    conversation_id=talk.id, parent_id=talk.leaf_id, role=Role.USER, text=text, status=Status.COMPLETE
                )
                session.add(message)
                talk.leaf_id = message.id
                index.put_message(session, talk, message)


def contents(settings: Settings) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables, as the program reads them."""
    with db.engine_for(settings) as engine, engine.connect() as connection:
        return {
            table.name: sorted((tuple(row) for row in connection.execute(select(table))), key=repr)
            for table in SQLModel.metadata.sorted_tables
        }


def saved(settings: Settings, path: Path) -> Path:
    with db.engine_for(settings) as engine:
        backup.save(engine, path)
    return path


def edited(path: Path, edit: Callable[[list[str]], None], *, summed: bool = True) -> Path:
    """A copy whose lines were changed; ``summed``: with a checksum that is right again."""
    lines = gzip.decompress(path.read_bytes()).decode().removesuffix("\n").split("\n")
    edit(lines)
    if summed:
        body = "".join(f"{line}\n" for line in lines[:-1])
        rows = sum(line.startswith("[") for line in lines)
        lines[-1] = json.dumps({"end": {"rows": rows, "sha256": sha256(body.encode()).hexdigest()}})
    copy = path.with_name("edited")
    copy.write_bytes(gzip.compress("".join(f"{line}\n" for line in lines).encode()))
    return copy
