"""``edgepi camera ...``."""
