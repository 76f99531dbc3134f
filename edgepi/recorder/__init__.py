"""History in SQLite."""

from edgepi.recorder.archive import HISTORY_FILE, Archive
from edgepi.recorder.recorder import Recorder, RecorderStats
from edgepi.recorder.samples import Sample, Tier

__all__ = ["HISTORY_FILE", "Archive", "Recorder", "RecorderStats", "Sample", "Tier"]
