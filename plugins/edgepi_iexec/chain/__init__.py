"""The contracts as the worker and the pool see them."""
