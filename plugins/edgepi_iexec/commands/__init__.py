"""``edgepi iexec ...``."""
