"""Past years of a place from Open-Meteo's archive: asked for once, kept in the cache directory."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from edgepi import __version__
from edgepi.cli.output import progress
from edgepi.clock import Clock, SystemClock
from edgepi.energy.settings import EngineSettings, Site
from edgepi.energy.simulation.trace import Trace, make_trace
from edgepi.errors import EdgePiError, TraceError
from edgepi.files import atomic_write

if TYPE_CHECKING:
    from aiohttp import ClientSession

__all__ = ["cache_folder", "fetched_years", "year_trace"]

ARCHIVE = "https://archive-api.open-meteo.com/v1/archive"
_BETWEEN_S = 1.0
_WITHIN_S = 60.0
_OFFLINE = "without --fetch years are drawn from stations, without any network"


def cache_folder(env: dict[str, str] | os._Environ[str]) -> Path:
    """Where answers are kept."""
    base = env.get("XDG_CACHE_HOME")
    home = Path(env.get("HOME", "~")).expanduser()
    return (Path(base) if base else home / ".cache") / "edgepi" / "open-meteo"


def fetched_years(site: Site, count: int) -> list[tuple[int, Trace]]:
    """The last whole years of a site, oldest first.

    Raises:
        EdgePiError: the archive cannot be reached or refuses.
    """
    clock = SystemClock()
    last = clock.now().year - 1
    years = range(last - count + 1, last + 1)
    folder = cache_folder(os.environ)
    return asyncio.run(_all(site, years, folder, clock))


async def _all(site: Site, years: Iterable[int], folder: Path, clock: Clock) -> list[tuple[int, Trace]]:
    found, session = [], None
    try:
        for year in years:
            path = folder / _name(site, year)
            kept = await asyncio.to_thread(_kept, path)
            if kept is None:
                if session is None:
                    session = await _session()
                else:
                    await clock.sleep(_BETWEEN_S)
                progress(f"asking Open-Meteo for {year}")
                kept = await _asked(session, site, year)
                trace = year_trace(site, kept)
                await asyncio.to_thread(_keep, path, kept)
            else:
                trace = year_trace(site, kept)
            found.append((year, trace))
    finally:
        progress("")
        if session is not None:
            await session.close()
    return found


def _name(site: Site, year: int) -> str:
    parts = (site.latitude, site.longitude, site.tilt, site.azimuth)
    return f"{'_'.join(f'{part:.2f}' for part in parts)}_{year}.json"


def _kept(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _keep(path: Path, answer: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(path, json.dumps(answer, separators=(",", ":")))


async def _session() -> ClientSession:
    from aiohttp import ClientSession, ClientTimeout

    from edgepi.runtime.certificates import load_certificates

    await asyncio.to_thread(load_certificates)
    return ClientSession(
        timeout=ClientTimeout(total=_WITHIN_S),
        headers={"User-Agent": f"EdgePi/{__version__}"},
        trust_env=True,
    )


async def _asked(session: ClientSession, site: Site, year: int) -> dict[str, Any]:
    from aiohttp import ClientError

    try:
        async with session.get(ARCHIVE, params=_question(site, year)) as response:
            said = await response.json(content_type=None)
            status = response.status
    except (ClientError, TimeoutError, OSError, ValueError) as error:
        what = str(error) or type(error).__name__
        raise EdgePiError(f"Open-Meteo does not answer: {what}", hint=_OFFLINE) from error
    if not isinstance(said, dict) or status != 200 or said.get("error"):
        reason = said.get("reason") if isinstance(said, dict) else None
        raise EdgePiError(f"Open-Meteo refuses ({status}): {reason or 'no reason given'}", hint=_OFFLINE)
    hourly = said.get("hourly")
    return {"hourly": hourly} if isinstance(hourly, dict) else {}


def _question(site: Site, year: int) -> dict[str, str]:
    """Open-Meteo's azimuth counts from south, west positive; ours from north over east."""
    azimuth = site.azimuth % 360.0 - 180.0
    return {
        "latitude": f"{site.latitude:.4f}",
        "longitude": f"{site.longitude:.4f}",
        "start_date": f"{date(year, 1, 1)}",
        "end_date": f"{date(year, 12, 31)}",
        "hourly": "global_tilted_irradiance,temperature_2m",
        "tilt": f"{site.tilt:.1f}",
        "azimuth": f"{azimuth:.1f}",
        "timezone": "UTC",
    }


def year_trace(site: Site, answer: dict[str, Any]) -> Trace:
    """A year of hours from an answer; each value is the mean of the hour before its time.

    Raises:
        TraceError: the answer is not as expected.
    """
    try:
        hourly = answer["hourly"]
        times = [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in hourly["time"]]
        light = [None if value is None else float(value) for value in hourly["global_tilted_irradiance"]]
        warmth = [None if value is None else float(value) for value in hourly["temperature_2m"]]
        rows = list(zip(times, light, warmth, strict=True))
    except (KeyError, TypeError, ValueError) as error:
        raise TraceError(f"Open-Meteo's answer cannot be read: {error!r}", hint=_OFFLINE) from error
    scale = site.panel_w * EngineSettings().panel_yield / 1000.0
    trace = make_trace([(when - timedelta(hours=1), watts) for when, watts, _ in rows], scale)
    known = [celsius for _, _, celsius in rows if celsius is not None]
    if len(rows) != len(trace.power_w) or not known:
        return trace
    last = known[0]
    filled = [last := last if celsius is None else celsius for _, _, celsius in rows]
    return Trace(
        start_utc=trace.start_utc,
        step_h=trace.step_h,
        power_w=trace.power_w,
        temperature_c=tuple(filled),
        bridged=trace.bridged,
        copied=trace.copied,
        zeroed=trace.zeroed,
        night=trace.night,
    )
