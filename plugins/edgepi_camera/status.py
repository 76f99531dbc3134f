"""What the child last told of itself, checked: it reads what strangers send."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from edgepi_camera.model import Link

__all__ = ["Status", "number_of", "text_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """How it is with camera and process; *bitrate* is in bits a second, *picture_ago_s* the last's age."""

    link: Link = Link.CLOSED
    reason: str = ""
    codec: str = ""
    width: int = 0
    height: int = 0
    fps: float = 0.0
    bitrate: float = 0.0
    ring_s: float = 0.0
    moving: bool = False
    note: str = ""
    picture_ago_s: float | None = None
    rss_mb: float | None = None

    @classmethod
    def of(cls, fields: Mapping[str, Any], hide: Callable[[str], str]) -> Status:
        """Read an answer or push; what makes no sense is left out."""
        known = str(fields.get("link"))
        return cls(
            link=Link(known) if known in set(Link) else Link.OPENING,
            reason=hide(text_of(fields.get("reason"))),
            codec=text_of(fields.get("codec")),
            width=int(number_of(fields.get("width")) or 0),
            height=int(number_of(fields.get("height")) or 0),
            fps=number_of(fields.get("fps")) or 0.0,
            bitrate=number_of(fields.get("bitrate")) or 0.0,
            ring_s=number_of(fields.get("ring_s")) or 0.0,
            moving=fields.get("moving") is True,
            note=hide(text_of(fields.get("note"))),
            picture_ago_s=number_of(fields.get("picture_ago_s")),
            rss_mb=number_of(fields.get("rss_mb")),
        )

    def lost(self, reason: str) -> Status:
        """The same once nothing is heard any more."""
        return replace(
            self, link=Link.LOST, reason=reason, fps=0.0, bitrate=0.0, ring_s=0.0, moving=False, note=""
        )


def number_of(value: object, low: float = 0.0, high: float = 1e12) -> float | None:
    """A number within limits, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if math.isfinite(value) and low <= value <= high else None


def text_of(value: object, longest: int = 300) -> str:
    """A text in one line of a sane length; empty for anything else."""
    return " ".join(value.split())[:longest] if isinstance(value, str) else ""
