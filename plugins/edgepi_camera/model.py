"""What node and child process agree on; free of numpy, so that the node stays light."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

__all__ = [
    "UNWANTED",
    "Box",
    "CameraSettings",
    "ClipSettings",
    "Link",
    "MotionSettings",
    "Point",
    "Polygon",
    "Sight",
    "SourceSettings",
    "Zone",
]

# Why an event ended of which nothing is kept: none of the labels that the owner wants was seen in it.
UNWANTED = "nothing that is wanted was seen"

Point = tuple[float, float]
Polygon = tuple[Point, ...]


class Link(StrEnum):
    """How things stand between the child and its camera."""

    CLOSED = "closed"
    OPENING = "opening"
    RUNNING = "running"
    LOST = "lost"


@dataclass(frozen=True, slots=True)
class Zone:
    """A named part of the picture, in shares of its width and height from the upper left corner."""

    name: str
    polygon: Polygon


@dataclass(frozen=True, slots=True)
class Box:
    """Something that moves: where (shares of the picture), which track, in which zones, how sure (0 to 1)."""

    x: float
    y: float
    width: float
    height: float
    track: int
    zones: tuple[str, ...] = ()
    score: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionSettings:
    """What counts as motion.

    *sensitivity* 1 to 100; *smallest* is the least area of a thing as a share of the picture (None: follows
    from the sensitivity); *shortest_s* how long it must be there; motion inside *ignore* is not looked at,
    and if there are *zones*, only what touches one counts.
    """

    sensitivity: int = 50
    smallest: float | None = None
    shortest_s: float = 0.25
    zones: tuple[Zone, ...] = ()
    ignore: tuple[Polygon, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sight:
    """What the detector makes of one picture taken at *time_s* of the stream's own time.

    *moving*: confirmed motion now, which began at *began_s* (may lie before the picture that confirmed it).
    *suspect*: something that might become motion, for whoever saves pictures, to look closer. *changed* is
    the share of the picture that differs from the background, *note* says why something was set aside
    (``light``, ``learning``, ...).
    """

    time_s: float
    moving: bool = False
    suspect: bool = False
    began_s: float | None = None
    score: float = 0.0
    changed: float = 0.0
    boxes: tuple[Box, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSettings:
    """Where pictures come from: *url* as PyAV opens it, ``picamera`` or a folder; *format* if not plain.

    *detect_url* is a smaller stream of the same scene, if the camera offers one. *live* sources are read as
    they come; others (files, folders) at their own pace. *loop* begins a file anew.
    """

    url: str
    format: str | None = None
    detect_url: str | None = None
    live: bool = True
    loop: bool = False
    width: int | None = None
    height: int | None = None
    fps: float | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    rotate: int = 0
    timeout_s: float = 10.0

    @property
    def is_device(self) -> bool:
        """Whether it is a camera of this machine, which first has to find its exposure."""
        return self.format == "v4l2" or self.url.startswith(("/dev/", "picamera"))

    @property
    def waits(self) -> bool:
        """Whether what is not read at once waits without loss: TCP holds it, a device has few buffers."""
        over_tcp = self.options.get("rtsp_transport", "tcp") == "tcp"
        return over_tcp and self.url.lower().startswith(("rtsp://", "rtsps://", "http://", "https://"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipSettings:
    """How an event is kept: seconds *before_s* and *after_s* the motion, no clip longer than *longest_s*."""

    before_s: float = 5.0
    after_s: float = 5.0
    longest_s: float = 300.0
    ring_bytes: int = 24 * 1024 * 1024
    crf: int = 23


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraSettings:
    """All that the child is told when it opens a camera; *folder* takes its clips and pictures."""

    source: SourceSettings
    motion: MotionSettings = MotionSettings()
    clip: ClipSettings = ClipSettings()
    privacy: tuple[Polygon, ...] = ()
    folder: str = ""
    labels_model: str | None = None
    labels_names: tuple[str, ...] = ()
    labels_wanted: tuple[str, ...] = ()
    saver_fps: float = 2.0

    def to_fields(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_fields(cls, fields: Mapping[str, Any]) -> CameraSettings:
        """Back from JSON."""
        motion = dict(fields["motion"])
        motion["zones"] = tuple(Zone(zone["name"], _polygon(zone["polygon"])) for zone in motion["zones"])
        motion["ignore"] = tuple(map(_polygon, motion["ignore"]))
        return cls(
            **{
                **fields,
                "source": SourceSettings(**fields["source"]),
                "motion": MotionSettings(**motion),
                "clip": ClipSettings(**fields["clip"]),
                "privacy": tuple(map(_polygon, fields["privacy"])),
                "labels_names": tuple(fields.get("labels_names", ())),
                "labels_wanted": tuple(fields["labels_wanted"]),
            }
        )


def _polygon(points: Any) -> Polygon:
    return tuple((float(x), float(y)) for x, y in points)
