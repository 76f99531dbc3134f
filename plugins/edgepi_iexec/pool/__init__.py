"""The pool: hands out tasks to workers, finds consensus, keeps results."""
