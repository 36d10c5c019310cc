"""Folders for conversations.

Revision: 0008, after 0007
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server import tables

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "folders",
        sa.Column("id", tables.ascii_column(24), nullable=False),
        sa.Column("user_id", tables.ascii_column(24), nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("created_at", tables.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(["user_id"], ["users.id"], name=op.f("fk_folders_user_id_users"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_folders")),
    )
    with op.batch_alter_table("folders", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_folders_user_id"), ["user_id"], unique=False)
    # Not in a batch: SQLite adds columns without copying the table.
    op.add_column("conversations", sa.Column("folder_id", tables.ascii_column(24), nullable=True))
    op.create_index(
        "ix_conversations_user_id_folder_id_updated_at_id",
        "conversations",
        ["user_id", "folder_id", "updated_at", "id"],
        unique=False,
    )


def downgrade() -> None:
    with op.batch_alter_table("conversations", schema=None) as batch_op:
        batch_op.drop_index("ix_conversations_user_id_folder_id_updated_at_id")
        batch_op.drop_column("folder_id")
    op.drop_table("folders")
