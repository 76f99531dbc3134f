"""History in SQLite."""

from edgepi.recorder.archive import Archive
from edgepi.recorder.recorder import Recorder, RecorderStats
from edgepi.recorder.samples import Sample, Tier

__all__ = ["Archive", "Recorder", "RecorderStats", "Sample", "Tier"]
