"""Prompts that somebody keeps to be sent again.

Revision: 0009, after 0008
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server import tables

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "presets",
        sa.Column("id", tables.ascii_column(24), nullable=False),
        sa.Column("user_id", tables.ascii_column(24), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("text", tables.LONG_TEXT, nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_presets_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_presets")),
    )
    with op.batch_alter_table("presets", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_presets_user_id"), ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_table("presets")
