"""Templates, conversations with what hangs on their messages, and examples."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "8be4d05f6a17"
down_revision = "3f1c7a9d2b60"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    _create_templates()
    _create_conversations()
    _create_around_messages()
    _create_examples()


def downgrade() -> None:
    for table in (
        "example",
        "review_item",
        "feedback",
        "outbox",
        "message",
        "conversation",
        "customer",
        "template_text",
        "template_revision",
        "template",
    ):
        op.drop_table(table)


def _create_templates() -> None:
    op.create_table(
        "template",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("revision", _NUMBER, nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("retired_by", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_template")),
        sa.UniqueConstraint("name", name=op.f("uq_template_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "template_revision",
        sa.Column("template_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("revision", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("texts", sa.JSON(), nullable=False),
        sa.Column("slots", sa.JSON(), nullable=False),
        sa.Column("action", sa.Text(), nullable=True),
        sa.Column("protected", sa.Boolean(), nullable=False),
        sa.Column("editor", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["template.id"], name=op.f("fk_template_revision_template_id_template")
        ),
        sa.PrimaryKeyConstraint("template_id", "revision", name=op.f("pk_template_revision")),
    )
    op.create_table(
        "template_text",
        sa.Column("text_key", sa.Text(), nullable=False),
        sa.Column("template_id", _NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["template_id"], ["template.id"], name=op.f("fk_template_text_template_id_template")
        ),
        sa.PrimaryKeyConstraint("text_key", name=op.f("pk_template_text")),
    )
    op.create_index(
        op.f("ix_template_text_template_id"), "template_text", ["template_id"], unique=False
    )


def _create_conversations() -> None:
    op.create_table(
        "customer",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customer")),
        sa.UniqueConstraint("channel", "external_id", name=op.f("uq_customer_channel_external_id")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "conversation",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("customer_id", _NUMBER, nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("epoch", _NUMBER, nullable=False),
        sa.Column("last_seq", _NUMBER, nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("state", sa.JSON(), nullable=False),
        sa.Column("token_hash", sa.Text(), nullable=True),
        sa.Column("staff_id", _NUMBER, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_conversation_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name=op.f("fk_conversation_staff_id_staff")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_conversation")),
    )
    op.create_index(
        op.f("ix_conversation_customer_id"), "conversation", ["customer_id"], unique=False
    )
    op.create_index(
        op.f("ix_conversation_status_updated_at"),
        "conversation",
        ["status", "updated_at"],
        unique=False,
    )
    op.create_index(
        op.f("ix_conversation_updated_at"), "conversation", ["updated_at"], unique=False
    )
    op.create_table(
        "message",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("masked_text", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=True),
        sa.Column("reply_to", _NUMBER, nullable=True),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("intent", sa.Text(), nullable=True),
        sa.Column("template_id", _NUMBER, nullable=True),
        sa.Column("template_revision", _NUMBER, nullable=True),
        sa.Column("confidence", sa.Double(), nullable=True),
        sa.Column("citations", sa.JSON(), nullable=True),
        sa.Column("quick_replies", sa.JSON(), nullable=True),
        sa.Column("bundle", sa.Text(), nullable=True),
        sa.Column("trace", sa.JSON(), nullable=True),
        sa.Column("staff_id", _NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name=op.f("fk_message_conversation_id_conversation"),
        ),
        sa.ForeignKeyConstraint(
            ["reply_to"], ["message.id"], name=op.f("fk_message_reply_to_message")
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_message_staff_id_staff")),
        sa.ForeignKeyConstraint(
            ["template_id"], ["template.id"], name=op.f("fk_message_template_id_template")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "conversation_id", "external_id", name=op.f("uq_message_conversation_id_external_id")
        ),
        sa.UniqueConstraint("conversation_id", "seq", name=op.f("uq_message_conversation_id_seq")),
        sa.UniqueConstraint("reply_to", name=op.f("uq_message_reply_to")),
        sqlite_autoincrement=True,
    )


def _create_around_messages() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("message_id", _NUMBER, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("attempts", _NUMBER, nullable=False),
        sa.Column("external_ref", sa.Text(), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_outbox_message_id_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_outbox_channel_status_due_at"),
        "outbox",
        ["channel", "status", "due_at"],
        unique=False,
    )
    op.create_table(
        "feedback",
        sa.Column("message_id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("value", _NUMBER, nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("value IN (-1, 1)", name=op.f("ck_feedback_value")),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_feedback_message_id_message")
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_feedback")),
    )
    op.create_table(
        "review_item",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("message_id", _NUMBER, nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=True),
        sa.Column("guess", sa.Text(), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_review_item_message_id_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_review_item")),
        sa.UniqueConstraint("message_id", "kind", name=op.f("uq_review_item_message_id_kind")),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_review_item_open",
        "review_item",
        ["id"],
        unique=False,
        sqlite_where=sa.text("status = 'open'"),
        postgresql_where=sa.text("status = 'open'"),
    )


def _create_examples() -> None:
    op.create_table(
        "example",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("question", sa.Text(), nullable=False),
        sa.Column("question_key", sa.Text(), nullable=False),
        sa.Column("intent", sa.Text(), nullable=True),
        sa.Column("answer", sa.Text(), nullable=True),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("weight", sa.Double(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("line", _NUMBER, nullable=True),
        sa.Column("golden", sa.Boolean(), nullable=False),
        sa.Column("customer_id", _NUMBER, nullable=True),
        sa.Column("message_id", _NUMBER, nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customer.id"], name=op.f("fk_example_customer_id_customer")
        ),
        sa.ForeignKeyConstraint(
            ["message_id"], ["message.id"], name=op.f("fk_example_message_id_message")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_example")),
        sa.UniqueConstraint("identity", name=op.f("uq_example_identity")),
        sqlite_autoincrement=True,
    )
    op.create_index(op.f("ix_example_customer_id"), "example", ["customer_id"], unique=False)
    op.create_index(op.f("ix_example_message_id"), "example", ["message_id"], unique=False)
    op.create_index(op.f("ix_example_question_key"), "example", ["question_key"], unique=False)
    op.create_index(op.f("ix_example_source"), "example", ["source"], unique=False)
