"""Finding what moves: a picture goes in, what is moving comes out; no clock, no files, no network."""
