"""What Alembic executes for each of its commands. The connection, in its transaction, is handed in."""

from alembic import context

from service.storage.sql.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata)
context.run_migrations()
