"""History in SQLite."""
