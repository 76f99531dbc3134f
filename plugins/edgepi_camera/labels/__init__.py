"""What moves: labels from a model that the owner chose, looked at only while something moves."""
