"""YAML with positions, secrets, schema, errors."""
