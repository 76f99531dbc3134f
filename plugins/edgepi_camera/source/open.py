"""Which kind of source an address means."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from edgepi.clock import Clock
from edgepi_camera.model import SourceSettings
from edgepi_camera.source.base import Source

__all__ = ["make_source"]


def make_source(settings: SourceSettings, clock: Clock) -> Source:
    """Make the source that *settings* name; nothing is opened yet."""
    main = _single(settings, clock)
    if settings.detect_url is None:
        return main
    from edgepi_camera.source.twin import TwinSource

    small = _single(
        replace(settings, url=settings.detect_url, detect_url=None, width=None, height=None), clock
    )
    return TwinSource(main, small, clock, settings.timeout_s)


def _single(settings: SourceSettings, clock: Clock) -> Source:
    if settings.url == "picamera" or settings.url.startswith("picamera:"):
        from edgepi_camera.source.picamera import PicameraSource

        return PicameraSource(settings)
    if "://" not in settings.url and Path(settings.url).is_dir():
        from edgepi_camera.source.folder import FolderSource

        return FolderSource(settings)
    from edgepi_camera.source.stream import StreamSource

    return StreamSource(settings, clock)
