"""What the page and programs may ask of the records."""

from __future__ import annotations

import re

from edgepi.errors import RequestError
from edgepi.plugin import Request, Response, Route
from edgepi_weather.records.records import Records

__all__ = ["checked_month", "records_route"]

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


def records_route(records: Records) -> Route:
    """Return the route of one station."""

    async def answer(request: Request) -> Response:
        return Response(await records.month(checked_month(request.query.get("month"))))

    return Route(
        "GET",
        "records",
        answer,
        "Extremes, means and sums of a `month` (2026-11; the latest), day by day, and of all time",
    )


def checked_month(text: str | None) -> str | None:
    """Return the month as asked; raises RequestError if it is none."""
    if text and MONTH.fullmatch(text) is None:
        raise RequestError(f"{text[:20]!r} is not a month", hint="write it as 2026-11")
    return text or None
