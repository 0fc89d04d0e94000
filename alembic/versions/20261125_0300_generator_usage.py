"""What the language model has cost per day."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c41f7e20b9d3"
down_revision = "c5a17e40b9d2"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "generator_usage",
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("tokens", _NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_generator_usage")),
    )


def downgrade() -> None:
    op.drop_table("generator_usage")
