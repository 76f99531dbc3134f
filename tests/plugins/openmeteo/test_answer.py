from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgepi.errors import ForecastError
from edgepi_openmeteo.answer import read_answer, reason
from edgepi_openmeteo.question import OpenMeteoConfig, question
from tests.plugins.openmeteo.conftest import NODE, recorded

NOW = datetime(2025, 6, 1, 12, 34, tzinfo=UTC)
BEGIN_S = int(datetime(2025, 5, 31, tzinfo=UTC).timestamp())
ASKED = question(OpenMeteoConfig(), NODE)
GTI = ASKED.variable


def body(**changes: Any) -> bytes:
    return json.dumps(recorded(GTI, BEGIN_S, **changes)).encode()


def with_values(*values: object, hours: int = 192) -> bytes:
    data = recorded(GTI, BEGIN_S, hours)
    data["hourly"][GTI][: len(values)] = values
    return json.dumps(data).encode()


def with_times(times: object) -> bytes:
    data = recorded(GTI, BEGIN_S)
    data["hourly"]["time"] = times
    return json.dumps(data).encode()


def test_each_value_is_the_mean_of_the_hour_before_its_time() -> None:
    forecast = read_answer(body(), ASKED, NOW)
    assert forecast.start_utc == datetime(2025, 5, 30, 23, tzinfo=UTC)
    assert len(forecast.irradiance_w_m2) == 192
    # 700.9 stands at 10:00, so it is the mean from 9 to 10.
    nine = (datetime(2025, 6, 1, 9, tzinfo=UTC) - forecast.start_utc) / timedelta(hours=1)
    assert forecast.irradiance_w_m2[int(nine)] == 700.9
    assert (forecast.step_h, forecast.tilted, forecast.issued_utc) == (1.0, True, NOW)


def test_names_its_source_and_licence() -> None:
    assert read_answer(body(), ASKED, NOW).source == "Open-Meteo.com (CC BY 4.0)"


def test_what_is_null_is_not_said_and_less_than_nothing_is_nothing() -> None:
    values = read_answer(with_values(None, -84.0, 12), ASKED, NOW).irradiance_w_m2
    assert math.isnan(values[0])
    assert values[1:3] == (0.0, 12.0)


@pytest.mark.parametrize(
    "hostile",
    [
        b"",
        b"<!doctype html><title>Sign in to the hotel's network</title>",
        b"[1, 2]",
        b"null",
        b'"text"',
        b"\xff\xfe\x00",
        b"[" * 60_000,
        b'{"a":' * 10_000,
        b'{"hourly": ' + b"9" * 60_000 + b"}",
        body()[:-100],
        body().replace(b"700.9", b"NaN"),
        body().replace(b"700.9", b"-Infinity"),
        body().replace(b"700.9", b"1e999"),
        body(hourly=None),
        body(hourly={}),
        body(hourly_units={"time": "iso8601", GTI: "W/m²"}),
        body(hourly_units={"time": "unixtime", GTI: "MJ/m²"}),
        body(hourly_units={"time": "unixtime"}),
        body(utc_offset_seconds=7200),
        with_values(*[None] * 192),
        with_values("700"),
        with_values(True),
        with_values([1.0]),
        with_values(1601),
        with_values(10**400),
        with_times([]),
        with_times("soon"),
        with_times([BEGIN_S]),
        with_times([BEGIN_S + 3600 * i for i in range(191)]),
        with_times([BEGIN_S + 1800 * i for i in range(192)]),
        with_times([BEGIN_S - 3600 * i for i in range(192)]),
        with_times([BEGIN_S] * 192),
        with_times([float(BEGIN_S + 3600 * i) for i in range(192)]),
        with_times([10**300 + 3600 * i for i in range(192)]),
        with_times([None] * 192),
        with_times([BEGIN_S + 3600 * i for i in range(5000)]),
    ],
)
def test_a_broken_answer_gives_one_clear_error(hostile: bytes) -> None:
    with pytest.raises(ForecastError, match="Open-Meteo") as caught:
        read_answer(hostile, ASKED, NOW)
    assert len(str(caught.value)) < 200


@pytest.mark.parametrize("days", [-9, 9, -40_000, 40_000])
def test_an_answer_for_another_time_is_refused(days: int) -> None:
    with pytest.raises(ForecastError, match="another time"):
        read_answer(body(), ASKED, NOW + timedelta(days=days))


def test_an_error_in_the_answer_is_quoted_in_plain_words() -> None:
    said = {"error": True, "reason": "Value of type\n'Float' \x1b[31m required for key 'tilt'." + "x" * 500}
    with pytest.raises(ForecastError, match=r"Value of type 'Float' \[31m required") as caught:
        read_answer(json.dumps(said).encode(), ASKED, NOW)
    assert len(str(caught.value)) < 300


def test_a_refusal_without_words_has_no_reason() -> None:
    assert reason(b"<html>502</html>") == ""
    assert reason(b'{"reason": 5}') == ""


@given(st.binary(max_size=300))
def test_no_bytes_lead_to_anything_but_a_forecast_error(garbage: bytes) -> None:
    with pytest.raises(ForecastError):
        read_answer(garbage, ASKED, NOW)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
        max_leaves=8,
    ),
    st.sampled_from(["hourly", "hourly_units", "utc_offset_seconds", "error"]),
)
def test_no_part_of_another_type_breaks_the_reader(value: object, key: str) -> None:
    try:
        read_answer(body(**{key: value}), ASKED, NOW)
    except ForecastError:
        return
    assert key in {"utc_offset_seconds", "error"}
