"""Keeping what was seen: the ring of the last seconds, and the clips."""
