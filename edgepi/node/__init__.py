"""The composition root: builds everything from the configuration, starts and stops it in order."""
