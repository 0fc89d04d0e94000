"""Run migrations on the connection that `storage/migrate.py` hands in."""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from storage.models import Base


def run_migrations(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        # SQLite cannot alter most things in place; batch mode copies the table instead.
        render_as_batch=connection.dialect.name == "sqlite",
        transactional_ddl=True,
    )
    with context.begin_transaction():
        context.run_migrations()


handed_in = context.config.attributes.get("connection")
if handed_in is None:
    raise RuntimeError("expected a connection from storage/migrate.py; use `kefu db upgrade`")
run_migrations(handed_in)
