"""Personal API tokens, and when a device was seen last.

Revision: 0004, after 0003
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from server import tables

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Not in a batch: SQLite adds columns without copying the table.
    op.add_column("login_sessions", sa.Column("token_hash", tables.ascii_column(64), nullable=True))
    op.add_column("login_sessions", sa.Column("last_seen_at", tables.UtcDateTime(), nullable=True))
    op.create_index(op.f("ix_login_sessions_token_hash"), "login_sessions", ["token_hash"], unique=True)


def downgrade() -> None:
    with op.batch_alter_table("login_sessions", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_login_sessions_token_hash"))
        batch_op.drop_column("last_seen_at")
        batch_op.drop_column("token_hash")
