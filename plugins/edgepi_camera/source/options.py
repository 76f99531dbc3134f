"""Which options FFmpeg is given for which kind of source."""

from __future__ import annotations

from edgepi_camera.model import SourceSettings
from edgepi_camera.source.base import MOST_PIXELS

__all__ = ["attempts"]

# What a camera names in a playlist or description is opened, too: it must not be a file of ours.
NETWORK = "http,https,tls,tcp,udp,rtp,srtp,rtsp,rtsps,rtmp,srt,crypto,data,httpproxy"

Attempt = tuple[str | None, dict[str, str]]


def attempts(settings: SourceSettings) -> tuple[Attempt, ...]:
    """Formats and options to try one after the other; what the settings say goes before any of ours."""
    own = dict(settings.options)
    if settings.format == "v4l2" or settings.url.startswith("/dev/video"):
        return _device(settings, own)
    micros = str(int(settings.timeout_s * 1e6))
    options: dict[str, str] = {"max_pixels": str(MOST_PIXELS)}
    if settings.live:
        # A camera's size is in its parameter sets: there is no need to gather five seconds of it first.
        options |= {"analyzeduration": "2000000", "probesize": "1000000", "fpsprobesize": "2"}
    scheme, remote, _ = settings.url.lower().partition("://")
    if remote and scheme != "unix":
        options["protocol_whitelist"] = NETWORK
    if scheme in {"rtsp", "rtsps"}:
        options |= {"rtsp_transport": "tcp", "timeout": micros, "allowed_media_types": "video"}
    elif scheme in {"http", "https"}:
        options |= {"rw_timeout": micros}
    return ((settings.format, options | own),)


def _device(settings: SourceSettings, own: dict[str, str]) -> tuple[Attempt, ...]:
    options: dict[str, str] = {}
    if settings.width and settings.height:
        options["video_size"] = f"{settings.width}x{settings.height}"
    if settings.fps:
        options["framerate"] = f"{settings.fps:g}"
    if "input_format" in own:
        return (("v4l2", options | own),)
    wished = [{"input_format": "h264"}, {"input_format": "mjpeg"}, {}]
    return tuple(("v4l2", options | form | own) for form in wished)
