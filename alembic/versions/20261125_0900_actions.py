"""Wordings of actions' results, service requests, and failed attempts to prove an order's owner."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c41d9a6be7f3"
down_revision = "c41f7e0a9d35"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    for table in ("template", "template_revision"):
        op.add_column(table, sa.Column("results", sa.JSON(), nullable=True))
    op.create_table(
        "service_request",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reference", sa.Text(), nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("message_id", _NUMBER, nullable=False),
        sa.Column("order_number", sa.Text(), nullable=True),
        sa.Column("details", sa.JSON(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_service_request_conversation_id_conversation"),
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_service_request_message_id_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_service_request")),
        sa.UniqueConstraint("message_id", "kind", name=op.f("uq_service_request_message_id_kind")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_service_request_conversation_id"), "service_request", ["conversation_id"]
    )
    op.create_index(op.f("ix_service_request_status_id"), "service_request", ["status", "id"])
    op.create_table(
        "verification_failure",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("customer_id", _NUMBER, nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("order_key", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customer.id"],
            name=op.f("fk_verification_failure_customer_id_customer"),
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_verification_failure_conversation_id_conversation"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_verification_failure")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_verification_failure_conversation_id"),
        "verification_failure",
        ["conversation_id"],
    )
    for column in ("customer_id", "order_key"):
        op.create_index(
            op.f(f"ix_verification_failure_{column}_created_at"),
            "verification_failure",
            [column, "created_at"],
        )


def downgrade() -> None:
    op.drop_table("verification_failure")
    op.drop_table("service_request")
    for table in ("template", "template_revision"):
        op.drop_column(table, "results")
