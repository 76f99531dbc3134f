"""{{ summary }}."""
