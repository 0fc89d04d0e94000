"""Attachments, drafts on show, the operators' group, and customers who cannot be reached."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c41d9a7e2b58"
down_revision = "c41d9a6be7f3"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column(
        "conversation",
        sa.Column("unreachable_since", sa.DateTime(timezone=True), nullable=True),
    )
    _create_beside_messages()
    _create_desk()


def downgrade() -> None:
    for table in ("desk_post", "desk_thread", "shown_draft", "attachment"):
        op.drop_table(table)
    op.drop_column("conversation", "unreachable_since")


def _create_beside_messages() -> None:
    op.create_table(
        "attachment",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("message_id", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=True),
        sa.Column("mime", sa.Text(), nullable=True),
        sa.Column("size", _NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_attachment_message_id_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_attachment_message_id"), "attachment", ["message_id"], unique=False)
    op.create_table(
        "shown_draft",
        sa.Column("message_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_shown_draft_message_id_message")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_shown_draft")),
    )


def _create_desk() -> None:
    op.create_table(
        "desk_thread",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False),
        sa.Column("epoch", _NUMBER, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_desk_thread_conversation_id_conversation"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_desk_thread")),
    )
    op.create_table(
        "desk_post",
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_desk_post_conversation_id_conversation"),
        ),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_desk_post")),
    )
    op.create_index(
        op.f("ix_desk_post_conversation_id"), "desk_post", ["conversation_id"], unique=False
    )
