"""The iExec worker: sells spare energy as computing, proven on a chain; with pool and local chain."""
