from __future__ import annotations

import dataclasses

import pytest

from edgepi.model import NodeInfo
from edgepi_openmeteo.question import CUSTOMER_URL, FREE_URL, OpenMeteoConfig, question
from tests.plugins.openmeteo.conftest import NODE

CONFIG = OpenMeteoConfig()


def test_asks_for_a_week_in_the_plane_of_the_panel_in_utc_seconds() -> None:
    asked = question(CONFIG, NODE)
    assert dict(asked.params) == {
        "latitude": "48.86",
        "longitude": "2.35",
        "hourly": "global_tilted_irradiance",
        "tilt": "40",
        "azimuth": "-10",
        "forecast_days": "7",
        "past_days": "1",
        "timezone": "GMT",
        "timeformat": "unixtime",
    }
    assert asked.tilted


@pytest.mark.parametrize(
    ("azimuth", "theirs"), [(180, "0"), (90, "-90"), (270, "90"), (0, "-180"), (360, "180"), (225, "45")]
)
def test_counts_azimuth_from_south_as_open_meteo_does(azimuth: float, theirs: str) -> None:
    node = dataclasses.replace(NODE, panel_azimuth_deg=azimuth)
    assert question(CONFIG, node).params["azimuth"] == theirs


@pytest.mark.parametrize(("latitude", "theirs"), [(48.0, "0"), (-33.9, "180")])
def test_a_panel_of_unknown_azimuth_looks_towards_the_equator(latitude: float, theirs: str) -> None:
    node = dataclasses.replace(NODE, latitude=latitude, panel_azimuth_deg=None)
    assert question(CONFIG, node).params["azimuth"] == theirs


def test_without_a_plane_it_asks_for_level_ground_and_says_so() -> None:
    asked = question(CONFIG, NodeInfo(name="n", latitude=1.0, longitude=2.0))
    assert asked.variable == "shortwave_radiation"
    assert not {"tilt", "azimuth"} & set(asked.params)
    assert not asked.tilted


def test_tells_nobody_where_the_node_stands_to_the_metre() -> None:
    node = dataclasses.replace(NODE, latitude=-33.918765, longitude=-151.209876)
    params = question(CONFIG, node).params
    assert (params["latitude"], params["longitude"]) == ("-33.92", "-151.21")


def test_a_key_leads_to_the_customers_server_and_stays_out_of_the_question() -> None:
    assert question(CONFIG, NODE).url == FREE_URL
    paid = question(OpenMeteoConfig(api_key="s3cret"), NODE)
    assert paid.url == CUSTOMER_URL
    assert "s3cret" not in paid.key
    assert question(OpenMeteoConfig(api_key="k", url="https://own/v1"), NODE).url == "https://own/v1"
