"""The first tables: accounts, conversations, messages, settings.

Revision: 0001, after
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server import tables

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "users",
        sa.Column("id", tables.ascii_column(24), nullable=False),
        sa.Column("email", tables.exact_column(254), nullable=False),
        sa.Column("username", tables.exact_column(40), nullable=False),
        sa.Column("username_key", tables.exact_column(80), nullable=False),
        sa.Column("password_hash", tables.ascii_column(60), nullable=False),
        sa.Column(
            "role",
            sa.Enum(
                "admin",
                "user",
                "pending",
                "suspended",
                name="role",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_users")),
        sa.UniqueConstraint("email", name=op.f("uq_users_email")),
        sa.UniqueConstraint("username_key", name=op.f("uq_users_username_key")),
    )
    op.create_table(
        "client_requests",
        sa.Column("user_id", tables.ascii_column(24), nullable=False),
        sa.Column("key", tables.ascii_column(64), nullable=False),
        sa.Column("fingerprint", tables.ascii_column(64), nullable=False),
        sa.Column("reply", sa.JSON(), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_client_requests_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_client_requests")),
    )
    with op.batch_alter_table("client_requests", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_client_requests_created_at"), ["created_at"], unique=False)

    op.create_table(
        "conversations",
        sa.Column("id", tables.ascii_column(24), nullable=False),
        sa.Column("user_id", tables.ascii_column(24), nullable=False),
        sa.Column("title", sa.String(length=200), nullable=False),
        sa.Column(
            "title_source",
            sa.Enum(
                "words", "model", "person", name="title_source", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("system_prompt", tables.LONG_TEXT, nullable=False),
        sa.Column("params", sa.JSON(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("archived", sa.Boolean(), nullable=False),
        sa.Column("leaf_id", tables.ascii_column(24), nullable=True),
        sa.Column("live_turn_id", tables.ascii_column(24), nullable=True),
        sa.Column("unread", sa.Boolean(), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.Column("updated_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_conversations_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversations")),
    )
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.create_index("ix_conversations_user_id_updated_at_id", ["user_id", "updated_at", "id"], unique=False)

    op.create_table(
        "login_sessions",
        sa.Column("id", tables.ascii_column(24), nullable=False),
        sa.Column("user_id", tables.ascii_column(24), nullable=False),
        sa.Column("device", sa.String(length=120), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.Column("expires_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_login_sessions_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_login_sessions")),
    )
    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_login_sessions_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_login_sessions_user_id"), ["user_id"], unique=False)

    op.create_table(
        "settings",
        sa.Column("user_id", tables.ascii_column(24), nullable=False),
        sa.Column("key", tables.ascii_column(64), nullable=False),
        sa.Column("value", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_settings_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "key", name=op.f("pk_settings")),
    )
    op.create_table(
        "messages",
        sa.Column("id", tables.ascii_column(24), nullable=False),
        sa.Column("conversation_id", tables.ascii_column(24), nullable=False),
        sa.Column("parent_id", tables.ascii_column(24), nullable=True),
        sa.Column(
            "role",
            sa.Enum(
                "user", "assistant", "system", name="message_role", native_enum=False, create_constraint=True, length=16
            ),
            nullable=False,
        ),
        sa.Column("text", tables.LONG_TEXT, nullable=False),
        sa.Column("reasoning", tables.LONG_TEXT, nullable=True),
        sa.Column(
            "status",
            sa.Enum(
                "pending",
                "streaming",
                "complete",
                "stopped",
                "failed",
                "interrupted",
                "truncated",
                name="status",
                native_enum=False,
                create_constraint=True,
                length=16,
            ),
            nullable=False,
        ),
        sa.Column("error_code", tables.ascii_column(40), nullable=True),
        sa.Column("error_message", sa.Text(), nullable=True),
        sa.Column("model", sa.String(length=200), nullable=True),
        sa.Column("prompt_tokens", sa.Integer(), nullable=True),
        sa.Column("completion_tokens", sa.Integer(), nullable=True),
        sa.Column("owner", tables.ascii_column(24), nullable=True),
        sa.Column("run", sa.Integer(), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.Column("finished_at", tables.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_messages_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    with op.batch_alter_table("messages", schema=None) as batch_op:
        batch_op.create_index("ix_messages_conversation_id_parent_id", ["conversation_id", "parent_id"], unique=False)
        batch_op.create_index("ix_messages_status", ["status"], unique=False)

    op.create_table(
        "refresh_tokens",
        sa.Column("token_hash", tables.ascii_column(64), nullable=False),
        sa.Column("session_id", tables.ascii_column(24), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.Column("spent_at", tables.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["login_sessions.id"],
            name=op.f("fk_refresh_tokens_session_id_login_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_refresh_tokens")),
    )
    with op.batch_alter_table("refresh_tokens", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_refresh_tokens_session_id"), ["session_id"], unique=False)


def downgrade() -> None:
    # Indexes go with their tables. On their own they cannot: MySQL needs them for the foreign keys.
    for table in (
        "refresh_tokens",
        "messages",
        "settings",
        "login_sessions",
        "conversations",
        "client_requests",
        "users",
    ):
        op.drop_table(table)
