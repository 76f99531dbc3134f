"""A camera that is made up: a garden through which somebody walks, with events, clips and a live picture."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from edgepi.clock import Clock
from edgepi.errors import NotFoundError
from edgepi.model import DeviceClass
from edgepi.plugin import Card, Request, Response, Route

__all__ = ["CAMERA", "DemoCamera", "camera_card"]

CAMERA = "yard"
SIZE = (640, 360)
CLIP_S = 3.0
FPS = 10
FRAME_S = 0.1
ZONES = {
    "path": [[0.0, 0.62], [1.0, 0.5], [1.0, 0.72], [0.0, 0.86]],
    "gate": [[0.72, 0.3], [0.94, 0.3], [0.94, 0.55], [0.72, 0.55]],
}
# Minutes ago, zones, labels, score, whether it is kept
EVENTS: tuple[tuple[float, tuple[str, ...], tuple[str, ...], float, bool], ...] = (
    (4, ("path",), ("person",), 0.91, False),
    (52, ("path", "gate"), ("person",), 0.88, True),
    (75, ("gate",), (), 0.42, False),
    (131, (), ("cat",), 0.67, False),
    *((60.0 * 19 + 37 * number, ("path",), (), 0.5, False) for number in range(14)),
)


def camera_card(instance: str = CAMERA) -> Card:
    """The card, as the plugin declares it."""
    options = {
        name: f"plugins/{instance}/{path}"
        for name, path in (
            ("live", "live.mjpg"),
            ("snapshot", "snapshot.jpg"),
            ("events", "events"),
            ("detector", "detector.mjpg"),
            ("status", "status"),
            ("timelapse", "timelapse"),
        )
    }
    return Card("Camera in the yard", (f"{instance}.motion",), "camera", options)


@dataclass
class DemoCamera:
    """What the camera's routes answer; `prepare` makes pictures and clip in *folder*."""

    clock: Clock
    folder: Path
    viewers: int = 0
    asked: list[str] = field(default_factory=list)
    record: dict[str, Any] = field(default_factory=dict)
    events: list[dict[str, Any]] = field(default_factory=list)

    def prepare(self) -> None:
        """Draw, and encode what is drawn."""
        pictures = [drawn(frame / FPS) for frame in range(int(CLIP_S * FPS))]
        self._frames = [jpeg(picture) for picture in pictures]
        self._detector = [jpeg(255 - picture) for picture in pictures]
        encode(pictures, self.folder / "clip.mp4")
        (self.folder / "picture.jpg").write_bytes(self._frames[14])
        self.record = self._status()
        self.events = [self._event(number, *row) for number, row in enumerate(EVENTS)]

    def routes(self) -> list[Route]:
        """Those of the plugin."""
        return [
            Route("GET", "status", self.status, "How it does"),
            Route("GET", "snapshot.jpg", self._snapshot, "The last picture"),
            Route("POST", "snapshot", self._take, "Take a still", writes=True),
            Route("GET", "live.mjpg", self._live, "Live"),
            Route("GET", "detector.mjpg", self._seen, "What the detector sees"),
            Route("GET", "events", self._list, "Events, newest first"),
            Route("GET", "events/{id}/clip.mp4", self._clip, "A clip"),
            Route("GET", "events/{id}/picture.jpg", self._picture, "A picture"),
            Route("POST", "events/{id}/keep", self._keep, "Keep it", writes=True),
            Route("DELETE", "events/{id}", self._delete, "Delete it", writes=True),
            Route("GET", "timelapse", self._days, "Days of stills"),
            Route("GET", "timelapse/{day}", self._clip, "The film of a day"),
        ]

    async def status(self, request: Request) -> Response:
        """The record, with who looks."""
        del request
        return Response(self.record | {"viewers": self.viewers})

    def _status(self) -> dict[str, Any]:
        return {
            "instance": CAMERA,
            "link": "running",
            "reason": None,
            "level": "saver",
            "levels": ["off", "snapshot", "saver", "full"],
            "fps": 2.0,
            "width": SIZE[0],
            "height": SIZE[1],
            "codec": "h264",
            "moving": False,
            "note": "",
            "label": "rendered",
            "viewers": 0,
            "stored_bytes": 412_000_000,
            "free_bytes": 9_400_000_000,
            "events_today": 4,
            "privacy": False,
            "zones": ZONES,
            "still_utc": self.clock.now() - timedelta(minutes=3),
        }

    def _event(self, number: int, *row: Any) -> dict[str, Any]:
        ago_min, zones, labels, score, kept = row
        began = self.clock.now() - timedelta(minutes=ago_min)
        return {
            "id": f"e{100 - number}",
            "began_utc": began,
            "ended_utc": began + timedelta(seconds=CLIP_S),
            "clip_s": CLIP_S + number,
            "score": score,
            "zones": list(zones),
            "labels": list(labels),
            "clip": f"e{100 - number}.mp4",
            "picture": f"e{100 - number}.jpg",
            "bytes": 1_240_000,
            "kept": kept,
            "reason": "",
        }

    async def _snapshot(self, request: Request) -> Response:
        del request
        if not self._watching and self.record["still_utc"] is None:
            raise NotFoundError("there is no picture now")
        return Response(content=self._frames[0], content_type="image/jpeg")

    @property
    def _watching(self) -> bool:
        return self.record["link"] == "running" and self.record["level"] in {"saver", "full"}

    async def _take(self, request: Request) -> Response:
        del request
        self.record["still_utc"] = self.clock.now()
        return Response({})

    async def _live(self, request: Request) -> Response:
        del request
        return self._streamed(self._frames)

    async def _seen(self, request: Request) -> Response:
        del request
        return self._streamed(self._detector)

    def _streamed(self, frames: list[bytes]) -> Response:
        return Response(stream=self._stream(frames), content_type="multipart/x-mixed-replace; boundary=frame")

    async def _stream(self, frames: list[bytes]) -> AsyncIterator[bytes]:
        self.viewers += 1
        try:
            number = 0
            while True:
                frame = frames[number % len(frames)]
                head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(frame)}\r\n\r\n"
                yield head.encode() + frame + b"\r\n"
                number += 1
                await asyncio.sleep(FRAME_S)
        finally:
            self.viewers -= 1

    async def _list(self, request: Request) -> Response:
        limit, before = int(request.query.get("limit", "50")), request.query.get("before")
        ids = [event["id"] for event in self.events]
        start = ids.index(before) + 1 if before else 0
        page = self.events[start : start + limit]
        return Response({"events": page, "more": start + limit < len(self.events)})

    async def _clip(self, request: Request) -> Response:
        self.asked.append(next(iter(request.path.values())))
        return Response(file=self.folder / "clip.mp4", content_type="video/mp4")

    async def _picture(self, request: Request) -> Response:
        del request
        return Response(file=self.folder / "picture.jpg", content_type="image/jpeg")

    async def _keep(self, request: Request) -> Response:
        event = self._found(request)
        event["kept"] = request.body["keep"]
        return Response(event)

    async def _delete(self, request: Request) -> Response:
        self.events.remove(self._found(request))
        return Response({})

    def _found(self, request: Request) -> dict[str, Any]:
        for event in self.events:
            if event["id"] == request.path["id"]:
                return event
        raise NotFoundError("no such event")

    async def _days(self, request: Request) -> Response:
        del request
        today = self.clock.now().date()
        days = [{"day": today - timedelta(days=number), "stills": 140} for number in range(3)]
        return Response({"days": days})


MOTION = (CAMERA, "motion", "Motion", None, DeviceClass.MOTION, 0)


def drawn(time_s: float) -> Any:
    """A picture (BGR): meadow, path, fence, and somebody who walks."""
    import cv2
    import numpy as np

    width, height = SIZE
    picture = np.empty((height, width, 3), np.uint8)
    shade = np.linspace(0, 1, height)[:, None]
    picture[:] = (np.array([210, 178, 130]) * (1 - shade) + np.array([190, 200, 205]) * shade)[:, None, :]
    picture[int(height * 0.5) :] = (72, 132, 98)
    corners = [(int(x * width), int(y * height)) for x, y in ZONES["path"]]
    cv2.fillPoly(picture, [np.array(corners)], (150, 176, 190))
    for post in range(20, width, 46):
        cv2.rectangle(picture, (post, int(height * 0.42)), (post + 10, int(height * 0.55)), (60, 82, 110), -1)
    x = int(width * (0.1 + 0.8 * time_s / CLIP_S))
    y = int(height * (0.72 - 0.1 * time_s / CLIP_S))
    cv2.ellipse(picture, (x, y - 40), (14, 46), 0, 0, 360, (40, 44, 150), -1)
    cv2.circle(picture, (x, y - 96), 13, (150, 180, 225), -1)
    return picture


def jpeg(picture: Any) -> bytes:
    """As JPEG."""
    import cv2

    return bytes(cv2.imencode(".jpg", picture)[1])


def encode(pictures: list[Any], path: Path) -> None:
    """Write an H.264 clip that browsers play."""
    from fractions import Fraction

    import av

    with av.open(str(path), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=Fraction(FPS))
        stream.width, stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        for picture in pictures:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="bgr24")))
        container.mux(stream.encode())
