"""The process of one camera: everything that touches pixels happens here."""
