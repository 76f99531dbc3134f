"""Pages about energy: pictures and sentences in one file that needs nothing else."""
