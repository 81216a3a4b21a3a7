"""Alembic's entry: runs on the connection that `ledger.storage.migrating` hands over, one book at a time."""

from __future__ import annotations

from alembic import context

from ledger.storage.rows import METADATA

connection = context.config.attributes["connection"]
schema = context.config.attributes["schema"]

context.configure(
    connection=connection,
    target_metadata=METADATA,
    version_table="schema_version",
    version_table_schema=schema,
    render_as_batch=True,
    compare_type=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
