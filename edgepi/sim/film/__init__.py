"""What the simulated camera shows: a rendered film, and the feed that plays it."""
