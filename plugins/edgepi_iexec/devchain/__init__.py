"""A local chain with the real contracts, a requester with money, a pool and an app."""
