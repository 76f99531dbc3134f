"""What a decoder has to be told of a stream, and what a container leaves unsaid about its pictures."""

from __future__ import annotations

import contextlib

from av.container import InputContainer
from av.video.codeccontext import VideoCodecContext
from av.video.stream import VideoStream

from edgepi_camera.source.base import ANNEX_B

__all__ = ["describe", "rate_of", "reordered"]

# Their packets tell it themselves, and cameras change it; a JPEG smaller than was said counts as half of one.
TELL_ALL = ANNEX_B | {"mjpeg"}
# Bare streams have no times at all, and those of an AVI are in the order of storage.
BARE = {"h264", "hevc"}
TIMELESS = BARE | {"avi"}


def describe(context: VideoCodecContext, origin: VideoCodecContext) -> None:
    """Tell a new decoder what *origin* was told: most leave size, depth and colours to the container."""
    if origin.name in TELL_ALL:
        return
    context.width, context.height = origin.width, origin.height
    if origin.pix_fmt is not None:
        context.pix_fmt = origin.pix_fmt
    context.bits_per_coded_sample = origin.bits_per_coded_sample
    with contextlib.suppress(ValueError):  # some are numbers that make no text
        context.codec_tag = origin.codec_tag


def reordered(container: InputContainer, stream: VideoStream) -> bool:
    """Whether pictures are stored in another order than shown, and the container does not tell that one."""
    return bool(_names(container) & TIMELESS and stream.codec_context.has_b_frames)


def rate_of(container: InputContainer, stream: VideoStream) -> float:
    """Pictures a second as promised; 0 if nothing is said."""
    told = (stream.average_rate, stream.guessed_rate)
    # The rate that is told of a bare stream is made up; the guess is what the stream itself says.
    first, second = reversed(told) if _names(container) & BARE else told
    return float(first or second or 0)


def _names(container: InputContainer) -> set[str]:
    return set(container.format.name.split(","))
