"""Years that another weather program has recorded."""
