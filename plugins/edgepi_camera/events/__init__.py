"""What was seen: events, stills and films of a day, kept as long as there is room."""
