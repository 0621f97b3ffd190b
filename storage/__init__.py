"""The connection to PostgreSQL or TimescaleDB, the schema, and the read side that several rooms share."""
