"""What several workers need: versions of a user's state, signs of life, which devices are here, unsent text.

Revision: 0002, after 0001
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server import tables

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite adds columns without copying the table.
    op.add_column("users", sa.Column("version", sa.BigInteger(), server_default=sa.text("0"), nullable=False))
    op.add_column("users", sa.Column("unannounced", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.create_index(op.f("ix_users_unannounced"), "users", ["unannounced"], unique=False)
    op.create_table(
        "workers",
        sa.Column("id", tables.ascii_column(24), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("started_at", tables.UtcDateTime(), nullable=False),
        sa.Column("beat_at", tables.UtcDateTime(), nullable=False),
        sa.Column("draining", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workers")),
    )
    op.create_table(
        "presences",
        sa.Column("id", tables.ascii_column(24), nullable=False),
        sa.Column("session_id", tables.ascii_column(24), nullable=False),
        sa.Column("worker_id", tables.ascii_column(24), nullable=False),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["login_sessions.id"],
            name=op.f("fk_presences_session_id_login_sessions"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presences")),
    )
    with op.batch_alter_table("presences", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_presences_session_id"), ["session_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_presences_worker_id"), ["worker_id"], unique=False)
    op.create_table(
        "drafts",
        sa.Column("user_id", tables.ascii_column(24), nullable=False),
        sa.Column("place", tables.ascii_column(24), nullable=False),
        sa.Column("conversation_id", tables.ascii_column(24), nullable=True),
        sa.Column("text", tables.LONG_TEXT, nullable=False),
        sa.Column("updated_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversations.id"],
            name=op.f("fk_drafts_conversation_id_conversations"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_drafts_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("user_id", "place", name=op.f("pk_drafts")),
    )
    with op.batch_alter_table("drafts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_drafts_conversation_id"), ["conversation_id"], unique=False)


def downgrade() -> None:
    op.drop_table("drafts")
    op.drop_table("presences")
    op.drop_table("workers")
    with op.batch_alter_table("users", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_users_unannounced"))
        batch_op.drop_column("unannounced")
        batch_op.drop_column("version")
