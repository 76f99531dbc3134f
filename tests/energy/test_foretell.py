from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from edgepi.energy.clearsky import clear_sky_day
from edgepi.energy.foretell import foretold
from edgepi.energy.settings import Site
from edgepi.model import SunForecast

SITE = Site(latitude=48.1, longitude=11.6, panel_w=40.0)
DAY = date(2025, 5, 31)  # it begins at 23:00 UTC
MIDNIGHT = datetime(2025, 5, 31, 23, 0, tzinfo=UTC)


def clear(*, tilted: bool, share: float = 1.0, first_h: int = 0, hours: int = 48) -> SunForecast:
    """A forecast by the hour of some share of a clear sky, from the solar midnight on."""
    site = SITE if tilted else replace(SITE, tilt_deg=0.0)
    slots = [power for n in range(3) for power in clear_sky_day(site, DAY + timedelta(days=n))]
    powers = [share * (slots[2 * h] + slots[2 * h + 1]) / 2.0 for h in range(first_h, first_h + hours)]
    return SunForecast(
        issued_utc=MIDNIGHT,
        start_utc=MIDNIGHT + timedelta(hours=first_h),
        irradiance_w_m2=tuple(powers),
        tilted=tilted,
    )


@pytest.mark.parametrize("tilted", [True, False])
def test_a_share_of_a_clear_sky_is_that_clearness_in_its_own_plane(tilted: bool) -> None:
    first = foretold(clear(tilted=tilted, share=0.4), SITE, DAY, 2)
    assert first == pytest.approx((0.4, 0.4), abs=0.01)


def test_days_that_are_covered_too_little_say_nothing() -> None:
    said = foretold(clear(tilted=True, share=0.4, first_h=11, hours=37), SITE, DAY, 3)
    assert said[0] is None
    assert said[1] == pytest.approx(0.4, abs=0.01)
    assert said[2] is None


def test_holes_are_left_out() -> None:
    whole = clear(tilted=True, share=0.5)
    powers = [math.nan if n % 8 == 7 else power for n, power in enumerate(whole.irradiance_w_m2)]
    holed = replace(whole, irradiance_w_m2=tuple(powers))
    assert foretold(holed, SITE, DAY, 1) == pytest.approx((0.5,), abs=0.01)


def test_nonsense_says_nothing() -> None:
    odd = replace(clear(tilted=True), step_h=0.0)
    assert foretold(odd, SITE, DAY, 2) == (None, None)
    none = replace(clear(tilted=True), irradiance_w_m2=(math.inf, -math.inf, math.nan))
    assert foretold(none, SITE, DAY, 2) == (None, None)
    dark = replace(SITE, latitude=80.0)
    assert foretold(clear(tilted=True), dark, date(2025, 12, 20), 1) == (None,)
