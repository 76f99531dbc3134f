"""The protocol in its pure form: names, shapes, hashes and rules; no I/O."""
