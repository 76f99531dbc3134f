"""``edgepi weather ...``."""
