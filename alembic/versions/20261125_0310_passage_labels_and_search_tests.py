"""Tags and validity dates of passages, and the searches that staff tried."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "c5a17e40b9d2"
down_revision = "5a0d3c81e7f4"
branch_labels = None
depends_on = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    # Column by column: a copy of the table would forget which ids were given already.
    op.add_column("passage", sa.Column("tags", sa.JSON(), nullable=True))
    op.add_column("passage", sa.Column("valid_from", sa.Date(), nullable=True))
    op.add_column("passage", sa.Column("valid_until", sa.Date(), nullable=True))
    op.create_table(
        "search_test",
        sa.Column("id", _NUMBER, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("hits", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_test")),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("search_test")
    for column in ("valid_until", "valid_from", "tags"):
        op.drop_column("passage", column)
