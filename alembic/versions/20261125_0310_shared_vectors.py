"""Vectors that servers share.

They are a cache, made by storage/vectors.py as soon as the server has pgvector, so that a database
without it, SQLite too, needs nothing. Going back takes them away: their rows point at passages.
"""

from __future__ import annotations

from alembic import op

revision = "5a0d3c81e7f4"
down_revision = "c41d7e90b3a5"
branch_labels = None
depends_on = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP SCHEMA IF EXISTS kefu_search CASCADE")
