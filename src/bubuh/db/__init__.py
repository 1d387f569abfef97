"""PostgreSQL: the local server, the pool, migrations, named statements, hints and batches."""
