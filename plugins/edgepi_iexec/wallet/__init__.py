"""The key that earns: its file, its password, its stake."""
