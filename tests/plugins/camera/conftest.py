from __future__ import annotations

from tests.cameras import rtsp_camera

__all__ = ["rtsp_camera"]
