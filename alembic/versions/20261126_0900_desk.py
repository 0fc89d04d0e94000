"""The operators' desk: the queue's order, stored files, canned replies, ratings, used nonces.

A conversation's token is signed and no longer stored.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "a9d04c6e1f72"
down_revision = "c41f7e20b9d3"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.drop_column("conversation", "token_hash")
    op.add_column("conversation", sa.Column("waiting_since", _TIME, nullable=True))
    op.execute("UPDATE conversation SET waiting_since = updated_at WHERE status = 'waiting'")
    op.add_column("customer", sa.Column("attributes", sa.JSON(), nullable=True))
    _create_files()
    op.create_table(
        "canned_reply",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("updated_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_canned_reply")),
        sa.UniqueConstraint("title", name=op.f("uq_canned_reply_title")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "rating",
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("score", _NUMBER, nullable=False),
        sa.Column("comment", sa.Text(), nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.CheckConstraint("score BETWEEN 1 AND 5", name=op.f("ck_rating_score")),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_rating_conversation_id_conversation"),
        ),
        sa.PrimaryKeyConstraint("conversation_id", name=op.f("pk_rating")),
    )
    op.create_table(
        "used_nonce",
        sa.Column("nonce", sa.Text(), nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.PrimaryKeyConstraint("nonce", name=op.f("pk_used_nonce")),
    )


def _create_files() -> None:
    op.create_table(
        "stored_file",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", _NUMBER, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_stored_file_conversation_id_conversation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_stored_file")),
        sa.UniqueConstraint(
            "conversation_id",
            "external_id",
            name=op.f("uq_stored_file_conversation_id_external_id"),
        ),
    )


def downgrade() -> None:
    for table in ("used_nonce", "rating", "canned_reply", "stored_file"):
        op.drop_table(table)
    op.drop_column("customer", "attributes")
    op.drop_column("conversation", "waiting_since")
    op.add_column("conversation", sa.Column("token_hash", sa.Text(), nullable=True))
