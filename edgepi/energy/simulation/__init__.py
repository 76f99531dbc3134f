"""A year of a solar node, stepped through in seconds; pure like the rest of energy."""
