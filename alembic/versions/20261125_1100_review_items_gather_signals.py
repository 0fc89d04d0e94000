"""One review item per message, with every signal that brought it and what a person answered."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "c41d7e90b3a5"
down_revision = "c41d9a7e2b58"
branch_labels = None
depends_on = None

_items = sa.table(
    "review_item",
    sa.column("id", sa.BigInteger),
    sa.column("message_id", sa.BigInteger),
    sa.column("status", sa.Text),
    sa.column("kind", sa.Text),
    sa.column("kinds", sa.JSON),
)


def upgrade() -> None:
    op.add_column("review_item", sa.Column("kinds", sa.JSON(), nullable=True))
    op.add_column("review_item", sa.Column("proposal", sa.Text(), nullable=True))
    op.add_column("review_item", sa.Column("document", sa.Text(), nullable=True))
    _gather()
    with op.batch_alter_table("review_item", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint("uq_review_item_message_id_kind", type_="unique")
        table.drop_column("kind")
        table.alter_column("kinds", existing_type=sa.JSON(), nullable=False)
        table.create_unique_constraint("uq_review_item_message_id", ["message_id"])


def downgrade() -> None:
    op.add_column("review_item", sa.Column("kind", sa.Text(), nullable=True))
    connection = op.get_bind()
    for row in connection.execute(sa.select(_items.c.id, _items.c.kinds)).all():
        kinds = json.loads(row.kinds) if isinstance(row.kinds, str) else row.kinds
        connection.execute(sa.update(_items).where(_items.c.id == row.id).values(kind=kinds[0]))
    with op.batch_alter_table("review_item", table_kwargs={"sqlite_autoincrement": True}) as table:
        table.drop_constraint("uq_review_item_message_id", type_="unique")
        table.alter_column("kind", existing_type=sa.Text(), nullable=False)
        table.drop_column("kinds")
        table.drop_column("proposal")
        table.drop_column("document")
        table.create_unique_constraint("uq_review_item_message_id_kind", ["message_id", "kind"])


def _gather() -> None:
    """A message's items become one: a decided one if there is any, else the first."""
    connection = op.get_bind()
    columns = (_items.c.id, _items.c.message_id, _items.c.status, _items.c.kind)
    of_message: dict[int, list[sa.Row[tuple[int, int, str, str]]]] = {}
    for row in connection.execute(sa.select(*columns).order_by(_items.c.id)):
        of_message.setdefault(row.message_id, []).append(row)
    for rows in of_message.values():
        kept = next((row for row in rows if row.status != "open"), rows[0])
        connection.execute(
            sa.update(_items).where(_items.c.id == kept.id).values(kinds=[row.kind for row in rows])
        )
        gone = [row.id for row in rows if row.id != kept.id]
        if gone:
            connection.execute(sa.delete(_items).where(_items.c.id.in_(gone)))
