"""Conversations that are not kept.

Revision: 0010, after 0009
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite adds columns without copying the table.
    op.add_column("conversations", sa.Column("temporary", sa.Boolean(), server_default=sa.text("0"), nullable=False))
    op.create_index("ix_conversations_temporary_updated_at", "conversations", ["temporary", "updated_at"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_index("ix_conversations_temporary_updated_at")
        batch_op.drop_column("temporary")
