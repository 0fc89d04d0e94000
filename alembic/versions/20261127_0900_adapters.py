"""Fine-tuned adapters of the chat model, and which of them is live."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "e3b85a1f60d7"
down_revision = "a9d04c6e1f72"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")
_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "adapter",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("base", sa.Text(), nullable=False),
        sa.Column("data_fingerprint", sa.Text(), nullable=False),
        sa.Column("messages", sa.JSON(), nullable=False),
        sa.Column("metrics", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("supersedes", sa.Text(), nullable=True),
        sa.Column("promoted_at", _TIME, nullable=True),
        sa.Column("erased_since", _TIME, nullable=True),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(
            ["supersedes"], ["adapter.id"], name=op.f("fk_adapter_supersedes_adapter")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adapter")),
    )
    op.create_table(
        "live_adapter",
        sa.Column("id", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("adapter_id", sa.Text(), nullable=True),
        sa.Column("changed_at", _TIME, nullable=True),
        sa.CheckConstraint("id = 1", name=op.f("ck_live_adapter_one_row")),
        sa.ForeignKeyConstraint(
            ["adapter_id"], ["adapter.id"], name=op.f("fk_live_adapter_adapter_id_adapter")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_live_adapter")),
    )
    op.execute("INSERT INTO live_adapter (id) VALUES (1)")


def downgrade() -> None:
    op.drop_table("live_adapter")
    op.drop_table("adapter")
