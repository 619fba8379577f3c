"""The gate: PostgreSQL itself refuses what no purpose allows."""
