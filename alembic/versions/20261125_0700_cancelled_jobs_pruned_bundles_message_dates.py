"""Who cancelled a job, when a bundle's files were removed, and messages by their date."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c41f7e0a9d35"
down_revision = "8be4d05f6a17"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("job", sa.Column("cancelled_by", sa.Text(), nullable=True))
    op.add_column("bundle", sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True))
    op.create_index(op.f("ix_message_created_at"), "message", ["created_at"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_message_created_at"), table_name="message")
    op.drop_column("bundle", "removed_at")
    op.drop_column("job", "cancelled_by")
