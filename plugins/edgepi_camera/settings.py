"""What the child is told, from what the owner said."""

from __future__ import annotations

from pathlib import Path

from edgepi.plugin import VideoFeed
from edgepi_camera.config import CameraConfig
from edgepi_camera.model import CameraSettings, ClipSettings, MotionSettings, SourceSettings

__all__ = ["settings_of"]


def settings_of(config: CameraConfig, folder: Path, feed: VideoFeed | None) -> CameraSettings:
    """Put them together; *feed* is what a device of this machine is opened as."""
    labels = config.labels
    return CameraSettings(
        source=_source(config, feed),
        motion=MotionSettings(
            sensitivity=config.sensitivity,
            smallest=None if config.smallest is None else config.smallest / 100.0,
            shortest_s=config.shortest,
            zones=config.zones,
            ignore=config.ignore,
        ),
        clip=ClipSettings(before_s=config.before, after_s=config.after, longest_s=config.longest),
        privacy=config.privacy,
        folder=str(folder),
        labels_model=None if labels is None else str(Path(labels.model).expanduser()),
        labels_names=() if labels is None else labels.names,
        labels_wanted=() if labels is None else labels.wanted,
    )


def _source(config: CameraConfig, feed: VideoFeed | None) -> SourceSettings:
    return SourceSettings(
        url=config.source.url if feed is None else feed.url,
        format=None if feed is None else feed.format,
        detect_url=None if config.detect is None else config.detect.url,
        live=config.source.live,
        loop=config.loop,
        width=config.width,
        height=config.height,
        fps=config.fps,
        options=dict(config.options),
        rotate=config.rotate,
    )
