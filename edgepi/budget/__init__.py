"""The energy service: the one loop that drives the governor."""
