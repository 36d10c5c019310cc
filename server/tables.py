"""SQLModel tables, nothing else. The same on SQLite and on MariaDB or MySQL."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    DDL,
    JSON,
    BigInteger,
    Boolean,
    Dialect,
    Enum,
    Index,
    Integer,
    String,
    Text,
    TypeDecorator,
    event,
    text,
)
from sqlalchemy.dialects import mysql
from sqlalchemy.types import DateTime, TypeEngine
from sqlmodel import Field, SQLModel

from server.protocol.codes import AccountRole, Role, Status

SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class UtcDateTime(TypeDecorator[datetime]):
    """Microseconds, in UTC: aware in Python, without a zone in the database."""

    impl = DateTime
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.DATETIME(fsp=6))
        return dialect.type_descriptor(DateTime())

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


def ascii_column(length: int) -> TypeEngine[str]:
    """Text of ours that is compared to the letter: MySQL's usual collations take "a" and "A" for the same."""
    exact = mysql.VARCHAR(length, charset="ascii", collation="ascii_bin")
    return String(length).with_variant(exact, "mysql", "mariadb")


def exact_column(length: int) -> TypeEngine[str]:
    """Text of a person that is compared to the letter."""
    exact = mysql.VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin")
    return String(length).with_variant(exact, "mysql", "mariadb")


def enum_column(values: type[StrEnum], name: str) -> Enum:
    """Stored as its value, held to the list by a CHECK."""
    return Enum(
        values,
        native_enum=False,
        create_constraint=True,
        length=16,
        name=name,
        values_callable=lambda members: [member.value for member in members],
    )


ID = ascii_column(24)
LONG_TEXT = Text().with_variant(mysql.LONGTEXT(), "mysql", "mariadb")
"""MySQL's TEXT ends at 64 KB, which an answer can pass."""
ASCII_TEXT = Text().with_variant(mysql.LONGTEXT(charset="ascii", collation="ascii_bin"), "mysql", "mariadb")
COUNTED = BigInteger().with_variant(Integer(), "sqlite")
"""A number that the database gives, each higher than those before."""


def new_id() -> str:
    """96 random bits in hexadecimal: neither to be guessed nor to be counted."""
    return secrets.token_hex(12)


def now() -> datetime:
    return datetime.now(UTC)


class User(SQLModel, table=True):
    __tablename__ = "users"

    id: str = Field(default_factory=new_id, sa_type=ID, primary_key=True)
    email: str = Field(sa_type=exact_column(254), unique=True)
    """In lower case."""
    username: str = Field(sa_type=exact_column(40))
    username_key: str = Field(sa_type=exact_column(80), unique=True)
    """The name with case and compatibility forms folded: what must be unique."""
    password_hash: str = Field(sa_type=ascii_column(60))
    role: AccountRole = Field(sa_type=enum_column(AccountRole, "role"))
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    version: int = Field(default=0, sa_type=BigInteger, sa_column_kwargs={"server_default": text("0")})
    """Of all that the user's logs tell of: each event makes a new one."""
    unannounced: bool = Field(
        default=False, sa_type=Boolean, index=True, sa_column_kwargs={"server_default": text("0")}
    )
    """Set with ``version``, and taken back a moment after the log has been told of it."""


class LoginSession(SQLModel, table=True):
    """A device that is logged in: a family of refresh tokens. Logging out deletes it.

    Or a personal API token, which a program shows instead of logging in: it has no refresh tokens.
    """

    __tablename__ = "login_sessions"

    id: str = Field(default_factory=new_id, sa_type=ID, primary_key=True)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", sa_type=ID, index=True)
    device: str = Field(sa_type=String(120))
    """What a browser calls itself; what a person calls a token."""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    """Moves on with every refresh. A token that does not expire has the last day of the calendar."""
    token_hash: str | None = Field(default=None, sa_type=ascii_column(64), index=True, unique=True)
    """Of a personal API token: SHA-256 in hexadecimal. None: a browser."""
    last_seen_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """About when it was used last, see `accounts.sessions`."""


class RefreshToken(SQLModel, table=True):
    __tablename__ = "refresh_tokens"

    token_hash: str = Field(sa_type=ascii_column(64), primary_key=True)
    """SHA-256 in hexadecimal: the token itself is stored nowhere."""
    session_id: str = Field(foreign_key="login_sessions.id", ondelete="CASCADE", sa_type=ID, index=True)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    spent_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Worker(SQLModel, table=True):
    """A process that serves. What it owns is its own only while it gives signs of life."""

    __tablename__ = "workers"

    id: str = Field(default_factory=new_id, sa_type=ID, primary_key=True)
    name: str = Field(sa_type=String(120))
    """Host and process id, for people."""
    started_at: datetime = Field(sa_type=UtcDateTime)
    beat_at: datetime = Field(sa_type=UtcDateTime)
    """The last sign of life. Like ``started_at`` by the database's clock, which is the same for all."""
    draining: bool = False


class Presence(SQLModel, table=True):
    """An open socket: which devices are here."""

    __tablename__ = "presences"

    id: str = Field(sa_type=ID, primary_key=True)
    """The connection's."""
    session_id: str = Field(foreign_key="login_sessions.id", ondelete="CASCADE", sa_type=ID, index=True)
    worker_id: str = Field(sa_type=ID, index=True)
    """Without a foreign key: what a dead worker leaves has to be told before it goes."""


class TitleSource(StrEnum):
    WORDS = "words"
    """The first words of the conversation, until there is something better."""
    MODEL = "model"
    PERSON = "person"
    """Never overwritten by a model."""


class Folder(SQLModel, table=True):
    """Where somebody keeps conversations."""

    __tablename__ = "folders"

    id: str = Field(default_factory=new_id, sa_type=ID, primary_key=True)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", sa_type=ID, index=True)
    name: str = Field(sa_type=String(80))
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Conversation(SQLModel, table=True):
    """``leaf_id`` and ``live_turn_id`` name messages without a foreign key: the two tables would need each other."""

    __tablename__ = "conversations"
    __table_args__ = (
        Index("ix_conversations_user_id_updated_at_id", "user_id", "updated_at", "id"),
        Index("ix_conversations_user_id_folder_id_updated_at_id", "user_id", "folder_id", "updated_at", "id"),
        Index("ix_conversations_temporary_updated_at", "temporary", "updated_at"),
    )

    id: str = Field(default_factory=new_id, sa_type=ID, primary_key=True)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", sa_type=ID)
    title: str = Field(sa_type=String(200))
    title_source: TitleSource = Field(sa_type=enum_column(TitleSource, "title_source"))
    model: str | None = Field(default=None, sa_type=String(200))
    system_prompt: str = Field(default="", sa_type=LONG_TEXT)
    params: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    pinned: bool = False
    archived: bool = False
    folder_id: str | None = Field(default=None, sa_type=ID)
    """Without a foreign key, which SQLite could add to the table only by copying it."""
    temporary: bool = Field(default=False, sa_type=Boolean, sa_column_kwargs={"server_default": text("0")})
    """Listed nowhere, and deleted some time after its last activity."""
    leaf_id: str | None = Field(default=None, sa_type=ID)
    live_turn_id: str | None = Field(default=None, sa_type=ID)
    """Set while an answer is pending or streaming: what makes a second one ``busy``."""
    unread: bool = False
    failed: bool = Field(default=False, sa_type=Boolean, sa_column_kwargs={"server_default": text("0")})
    """Whether the answer that is unread failed."""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Message(SQLModel, table=True):
    """One node of the tree. ``parent_id`` has no foreign key: InnoDB cascades only 15 levels deep within one table."""

    __tablename__ = "messages"
    __table_args__ = (
        Index("ix_messages_conversation_id_parent_id", "conversation_id", "parent_id"),
        Index("ix_messages_status", "status"),
    )

    id: str = Field(default_factory=new_id, sa_type=ID, primary_key=True)
    conversation_id: str = Field(foreign_key="conversations.id", ondelete="CASCADE", sa_type=ID)
    parent_id: str | None = Field(default=None, sa_type=ID)
    role: Role = Field(sa_type=enum_column(Role, "message_role"))
    text: str = Field(default="", sa_type=LONG_TEXT)
    reasoning: str | None = Field(default=None, sa_type=LONG_TEXT)
    status: Status = Field(sa_type=enum_column(Status, "status"))
    error_code: str | None = Field(default=None, sa_type=ascii_column(40))
    error_message: str | None = Field(default=None, sa_type=Text)
    model: str | None = Field(default=None, sa_type=String(200))
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    context_start_id: str | None = Field(default=None, sa_type=ID)
    """The oldest message that the model was given for this answer; None: all of them."""
    reasoning_ms: int | None = None
    """How long the model thought, in all runs that were ended by their worker."""
    feedback: str | None = Field(default=None, sa_type=ascii_column(8))
    """A `Verdict`; None: the owner has not said."""
    feedback_comment: str | None = Field(default=None, sa_type=Text)
    owner: str | None = Field(default=None, sa_type=ID)
    """The worker that runs the turn. Only it may write the answer, and only in the present ``run``."""
    run: int = 0
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    finished_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    selected_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    """When somebody last went back to the path that ended here."""


class ClientRequest(SQLModel, table=True):
    """What a ``client_id`` was used for, so that a client may resend without fear."""

    __tablename__ = "client_requests"

    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", sa_type=ID, primary_key=True)
    key: str = Field(sa_type=ascii_column(64), primary_key=True)
    """SHA-256 of the ``client_id``, which may hold any script."""
    fingerprint: str = Field(sa_type=ascii_column(64))
    """SHA-256 of what was asked: other content under the same id is a conflict."""
    reply: dict[str, str] = Field(sa_type=JSON)
    """The ids that the first request was answered with."""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime, index=True)


class Setting(SQLModel, table=True):
    """A setting of a user: language, theme, …"""

    __tablename__ = "settings"

    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", sa_type=ID, primary_key=True)
    key: str = Field(sa_type=ascii_column(64), primary_key=True)
    value: Any = Field(default=None, sa_type=JSON)


class Preset(SQLModel, table=True):
    """A prompt that somebody keeps to be sent again."""

    __tablename__ = "presets"

    id: str = Field(default_factory=new_id, sa_type=ID, primary_key=True)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", sa_type=ID, index=True)
    name: str = Field(default="", sa_type=String(80))
    text: str = Field(default="", sa_type=LONG_TEXT)
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Draft(SQLModel, table=True):
    """What somebody has typed and not sent."""

    __tablename__ = "drafts"

    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", sa_type=ID, primary_key=True)
    place: str = Field(sa_type=ID, primary_key=True)
    """The conversation's id, or an empty text for a conversation that does not exist yet."""
    conversation_id: str | None = Field(
        default=None, foreign_key="conversations.id", ondelete="CASCADE", sa_type=ID, index=True
    )
    """The same with None: no primary key can hold that."""
    text: str = Field(sa_type=LONG_TEXT)
    updated_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)


class Import(SQLModel, table=True):
    """Where a conversation came from, so that the same file adds nothing a second time. Goes with the conversation."""

    __tablename__ = "imports"

    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", sa_type=ID, primary_key=True)
    source: str = Field(sa_type=ascii_column(64), primary_key=True)
    """SHA-256 of what it is called there."""
    conversation_id: str = Field(foreign_key="conversations.id", ondelete="CASCADE", sa_type=ID, index=True)


class Share(SQLModel, table=True):
    """A link under which anybody sees a conversation."""

    __tablename__ = "shares"

    id: str = Field(default_factory=new_id, sa_type=ID, primary_key=True)
    user_id: str = Field(foreign_key="users.id", ondelete="CASCADE", sa_type=ID, index=True)
    conversation_id: str = Field(foreign_key="conversations.id", ondelete="CASCADE", sa_type=ID, index=True)
    token: str = Field(sa_type=ascii_column(32), unique=True)
    """As it is, because its owner wants to copy the link again. It opens nothing that is not in this database."""
    created_at: datetime = Field(default_factory=now, sa_type=UtcDateTime)
    expires_at: datetime | None = Field(default=None, sa_type=UtcDateTime, index=True)


class SearchEntry(SQLModel, table=True):
    """What one title, question or ended answer can be found by. A later ``id`` is a newer text."""

    __tablename__ = "search_entries"
    __table_args__ = (
        Index("ix_search_entries_conversation_id_message_id", "conversation_id", "message_id"),
        Index("ix_search_entries_words", "words", mysql_prefix="FULLTEXT", mariadb_prefix="FULLTEXT").ddl_if(
            ("mysql", "mariadb")  # type: ignore[arg-type]
        ),
    )

    id: int = Field(default=None, sa_type=COUNTED, primary_key=True)
    conversation_id: str = Field(foreign_key="conversations.id", ondelete="CASCADE", sa_type=ID)
    message_id: str | None = Field(default=None, sa_type=ID)
    """None for the title."""
    words: str = Field(sa_type=ASCII_TEXT)
    """Terms in ASCII letters and digits, between spaces (`server.search`)."""


SEARCH_INDEX = {
    "search_index": """CREATE VIRTUAL TABLE search_index USING fts5(words, content='search_entries', content_rowid='id',
        tokenize='ascii', detail='none', columnsize=0)""",
    "search_entries_inserted": """CREATE TRIGGER search_entries_inserted AFTER INSERT ON search_entries BEGIN
        INSERT INTO search_index (rowid, words) VALUES (new.id, new.words);
    END""",
    "search_entries_deleted": """CREATE TRIGGER search_entries_deleted AFTER DELETE ON search_entries BEGIN
        INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.id, old.words);
    END""",
    "search_entries_updated": """CREATE TRIGGER search_entries_updated AFTER UPDATE ON search_entries BEGIN
        INSERT INTO search_index (search_index, rowid, words) VALUES ('delete', old.id, old.words);
        INSERT INTO search_index (rowid, words) VALUES (new.id, new.words);
    END""",
}
"""What SQLite has where MySQL has the FULLTEXT index. The triggers fill it, also while a backup is restored."""

for statement in SEARCH_INDEX.values():
    event.listen(
        SearchEntry.__table__,  # type: ignore[attr-defined]
        "after_create",
        DDL(statement).execute_if(dialect="sqlite"),  # type: ignore[no-untyped-call]
    )
