"""What the detector makes of a film, for people who tune it; runs in a process of its own."""
