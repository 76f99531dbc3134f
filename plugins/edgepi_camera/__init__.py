"""Cameras: motion, clips of it, a live view, within the watts there are."""
