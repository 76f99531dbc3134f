"""What a plugin adds to the page and its API."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

__all__ = ["Card", "Request", "Response", "Route"]


@dataclass(frozen=True, slots=True)
class Request:
    """What a route needs of a request, free of any web framework."""

    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any = None


@dataclass(frozen=True, slots=True)
class Response:
    """What a route answers: JSON data, or one of *content*, *file* and *stream* with a content type.

    Of a *file*, which must be a regular one, any part can be asked for; its content type is that of its name
    if none is given. Each item of a *stream* is written as it comes. A viewer that is slow holds up its own
    iterator, so that it should yield the latest that there is, not all. It is closed (``aclose``) when its
    viewer or the plugin goes, or the node stops.
    """

    data: Any = None
    content: bytes | None = None
    content_type: str | None = None
    status: int = 200
    file: Path | None = None
    stream: AsyncIterator[bytes] | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """One route below ``/api/v1/plugins/<instance>/``."""

    method: Literal["GET", "POST", "PUT", "DELETE"]
    path: str
    handler: Callable[[Request], Awaitable[Response]]
    summary: str
    writes: bool = False


@dataclass(frozen=True, slots=True)
class Card:
    """One card of the dashboard: a title, and the entities it shows in order.

    *kind* picks the picture: plain ``readings``, ``chart`` with a line per entity, ``jobs``: what a source
    of jobs does and did, ``station``: the weather now and of the last day, or ``camera``: what it sees now
    and what it saw.

    For ``jobs``, *options* name two routes: ``list`` answers an `edgepi.compute.view.JobsView` and ``job``,
    with ``/<job id>`` behind it, that job's stages and logs. For ``station`` they name the entity of each
    role: ``temperature``, ``humidity``, ``dew_point``, ``apparent_temperature`` (or ``wind_chill`` and
    ``heat_index``), ``outlook``, ``pressure_sea_level``, ``pressure_tendency``, ``wind_speed``,
    ``wind_gust``, ``wind_direction``, ``rain_rate``, ``rain_hour``, ``rain_today``, ``rain_total``; a role
    without an entity leaves its part out. ``records``, if there, names a route with a month's extremes.
    For ``camera`` they name the routes ``live`` (MJPEG), ``snapshot``, ``events``, ``detector`` (MJPEG) and
    ``status``.
    """

    title: str
    entities: tuple[str, ...]
    kind: Literal["readings", "chart", "jobs", "station", "camera"] = "readings"
    options: Mapping[str, Any] = field(default_factory=dict)
