"""Questions that are attached to passages, and hold when the document changes."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "7c2e91d4a0b6"
down_revision = "e3b85a1f60d7"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "attached_question",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("question_key", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attached_question")),
        sa.UniqueConstraint(
            "document", "question_key", name=op.f("uq_attached_question_document_question_key")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_attached_question_question_key"), "attached_question", ["question_key"]
    )


def downgrade() -> None:
    op.drop_table("attached_question")
