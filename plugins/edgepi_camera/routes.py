"""What the page and programs may ask of a camera."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from edgepi.errors import NotFoundError, RequestError
from edgepi.plugin import Card, PluginContext, Request, Response, Route
from edgepi_camera.camera import DETECTOR, PICTURE, WATCHING, Camera
from edgepi_camera.config import CameraConfig
from edgepi_camera.events.event import is_event_id
from edgepi_camera.events.stills import DAY
from edgepi_camera.link import TROUBLE
from edgepi_camera.live import CONTENT_TYPE, FPS, MOST_VIEWERS, WIDTH, Wish
from edgepi_camera.model import Link
from edgepi_camera.sensors import sensors_of
from edgepi_camera.watts import levels_of

__all__ = ["cards_of", "routes_of"]

JPEG = "image/jpeg"
MP4 = "video/mp4"
MOST_EVENTS = 200
WIDTHS = (64, 3840)


class _Answers:
    """The handlers of one camera."""

    def __init__(self, camera: Camera) -> None:
        self._camera = camera
        self._keeper = camera.keeper

    async def status(self, _: Request) -> Response:
        camera, keeper = self._camera, self._keeper
        await keeper.prepare()
        status, config = camera.link.status, camera.context.config
        return Response(
            {
                "instance": camera.context.instance,
                "source": str(config.source),
                "link": status.link.value,
                "reason": status.reason or None,
                "level": camera.link.level,
                "levels": [level.name for level in levels_of(config)],
                "fps": round(status.fps, 1) if camera.watching else None,
                "width": status.width or None,
                "height": status.height or None,
                "codec": status.codec or None,
                "moving": status.moving or bool(keeper.diary.open),
                "note": status.note or None,
                "label": camera.label or None,
                "viewers": sum(hub.viewers for hub in camera.hubs.values()),
                "stored_bytes": keeper.stored_bytes,
                "free_bytes": keeper.free_bytes,
                "storage": keeper.note or None,
                "events_today": await keeper.events_today(),
                "privacy": bool(config.privacy),
                "zones": {zone.name: [list(corner) for corner in zone.polygon] for zone in config.zones},
                "still_utc": self._still_utc(),
            }
        )

    def _still_utc(self) -> str | None:
        still = self._keeper.last_still
        return None if self._camera.watching or still is None else still.at_utc.isoformat()

    async def snapshot(self, request: Request) -> Response:
        width = _number(request.query, "width", None, *WIDTHS)
        what = _choice(request.query, "what", (PICTURE, DETECTOR))
        picture = await self._camera.picture(None if width is None else int(width), what)
        return Response(content=picture, content_type=JPEG)

    async def take_still(self, _: Request) -> Response:
        await self._keeper.prepare()
        still = await self._camera.take_still()
        if still is None:
            raise RequestError("the storage is full, the picture was not kept")
        return Response(still.shown())

    async def live(self, request: Request) -> Response:
        return self._stream(PICTURE, request)

    async def tuning(self, request: Request) -> Response:
        return self._stream(DETECTOR, request)

    def _stream(self, what: str, request: Request) -> Response:
        hub = self._camera.hubs[what]
        if hub.viewers >= MOST_VIEWERS:
            raise RequestError(f"{MOST_VIEWERS} look at this camera already")
        width = _number(request.query, "width", WIDTH, *WIDTHS)
        fps = _number(request.query, "fps", FPS, 0.1, 25.0)
        assert width is not None
        assert fps is not None
        return Response(stream=hub.stream(Wish(int(width), fps)), content_type=CONTENT_TYPE)

    async def sight(self, _: Request) -> Response:
        link = self._camera.link
        row: dict[str, Any] = {"level": link.level, "link": link.status.link.value}
        if link.level in WATCHING and link.status.link is Link.RUNNING:
            try:
                row |= await link.sight()
            except TROUBLE as error:
                raise RequestError("the camera's process does not answer now") from error
        return Response(row)

    async def events(self, request: Request) -> Response:
        await self._keeper.prepare()
        before = request.query.get("before")
        if before is not None and not is_event_id(before):
            raise RequestError("`before` is the id of an event")
        limit = _number(request.query, "limit", 50, 1, MOST_EVENTS)
        assert limit is not None
        found, more = await self._keeper.page(before, int(limit))
        return Response({"events": [event.shown() for event in found], "more": more})

    async def clip(self, request: Request) -> Response:
        return Response(file=await self._keeper.file_of(request.path["id"], "clip"), content_type=MP4)

    async def picture(self, request: Request) -> Response:
        return Response(file=await self._keeper.file_of(request.path["id"], "picture"), content_type=JPEG)

    async def remove(self, request: Request) -> Response:
        await self._keeper.remove(request.path["id"])
        return Response({"removed": request.path["id"]})

    async def keep(self, request: Request) -> Response:
        kept = request.body.get("keep") if isinstance(request.body, dict) else None
        if not isinstance(kept, bool):
            raise RequestError("send {keep: true} or {keep: false}")
        await self._keeper.keep(request.path["id"], kept)
        return Response({"id": request.path["id"], "kept": kept})

    async def stills(self, request: Request) -> Response:
        await self._keeper.prepare()
        day = request.query.get("day") or self._keeper.today()
        if DAY.fullmatch(day) is None:
            raise RequestError("a day is written as 2026-11-28")
        stills = await self._camera.context.run_blocking(self._keeper.stills.of, day)
        return Response({"day": day, "stills": [still.shown() for still in stills]})

    async def still(self, request: Request) -> Response:
        path = await self._camera.context.run_blocking(self._keeper.stills.named, request.path["name"])
        if path is None:
            raise NotFoundError("there is no such still")
        return Response(file=path, content_type=JPEG)

    async def days(self, _: Request) -> Response:
        days = await self._camera.context.run_blocking(self._keeper.days_with_stills)
        return Response({"days": [{"day": day, "stills": count} for day, count in reversed(days)]})

    async def film(self, request: Request) -> Response:
        day, dot, kind = request.path["name"].partition(".")
        if dot + kind != ".mp4":
            raise NotFoundError("the film of a day is called 2026-11-28.mp4")
        return Response(file=await self._camera.film(day), content_type=MP4)


def routes_of(camera: Camera) -> tuple[Route, ...]:
    """Return the routes of a camera."""
    own = _Answers(camera)
    return (
        Route("GET", "status", own.status, "How camera, watch and storage do"),
        Route(
            "GET",
            "snapshot.jpg",
            own.snapshot,
            "The picture of now (`width`, `what`: picture or detector); the last still while nobody watches",
        ),
        Route("POST", "snapshot", own.take_still, "Take a still now, at any level, and keep it", writes=True),
        Route("GET", "live.mjpg", own.live, "The picture as it moves (`width`, `fps`)"),
        Route("GET", "detector.mjpg", own.tuning, "What the detector sees, as it moves"),
        Route("GET", "detector", own.sight, "What the detector made of the last picture"),
        Route("GET", "events", own.events, "What moved, newest first (`before` an id, `limit`)"),
        Route("GET", "events/{id}/clip.mp4", own.clip, "An event's clip"),
        Route("GET", "events/{id}/picture.jpg", own.picture, "An event's best picture"),
        Route("DELETE", "events/{id}", own.remove, "Remove an event with its files", writes=True),
        Route(
            "POST", "events/{id}/keep", own.keep, "Keep an event longest, or no more (`keep`)", writes=True
        ),
        Route("GET", "stills", own.stills, "The stills of a `day` (today)"),
        Route("GET", "stills/{name}", own.still, "One still"),
        Route("GET", "timelapse", own.days, "Days that have stills, newest first"),
        Route("GET", "timelapse/{name}", own.film, "The film of a day: 2026-11-28.mp4"),
    )


def cards_of(context: PluginContext[CameraConfig], camera: Camera) -> tuple[Card, ...]:
    """Return the card of a camera."""
    instance = context.instance
    entities = tuple(f"{instance}.{each.key}" for sensor in sensors_of(camera) for each in sensor.describe())
    names = {
        "live": "live.mjpg",
        "snapshot": "snapshot.jpg",
        "events": "events",
        "detector": "detector.mjpg",
        "status": "status",
        "timelapse": "timelapse",
    }
    options = {name: f"plugins/{instance}/{route}" for name, route in names.items()}
    title = "Camera" if instance == "camera" else f"Camera: {instance}"
    return (Card(title, entities, "camera", options),)


def _number(
    query: Mapping[str, str], key: str, default: float | None, low: float, high: float
) -> float | None:
    text = query.get(key)
    if not text:
        return default
    try:
        value = float(text)
    except ValueError:
        raise RequestError(f"`{key}` is a number") from None
    if not low <= value <= high:
        raise RequestError(f"`{key}` must be {low:g} to {high:g}")
    return value


def _choice(query: Mapping[str, str], key: str, options: tuple[str, ...]) -> str:
    value = query.get(key) or options[0]
    if value not in options:
        raise RequestError(f"`{key}` is one of {', '.join(options)}")
    return value
