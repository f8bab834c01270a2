"""Run the migrations on the connection that `upgrading.upgrade` hands over."""

from alembic import context

from earlywarn.store.roles import SCHEMA

context.configure(connection=context.config.attributes["connection"], version_table_schema=SCHEMA)
with context.begin_transaction():
    context.run_migrations()
