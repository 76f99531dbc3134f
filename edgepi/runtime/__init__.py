"""Event bus, states, supervisor, timers, plugin loading, child processes."""
