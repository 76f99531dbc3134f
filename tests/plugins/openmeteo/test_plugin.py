from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import voluptuous as vol

import edgepi_openmeteo
from edgepi.plugin import MANIFEST_NAME, Manifest, SunForecaster
from edgepi.testing.pytest_plugin import ContextFactory
from edgepi_openmeteo import plugin
from edgepi_openmeteo.question import OpenMeteoConfig


def test_the_manifest_offers_what_the_plugin_declares() -> None:
    manifest = Manifest.read(Path(edgepi_openmeteo.__file__).parent / MANIFEST_NAME)
    assert manifest.name == "openmeteo"
    assert set(manifest.offers) == set(plugin.__all__) - {"config_schema"}


def test_the_configuration_becomes_an_object() -> None:
    schema = plugin.config_schema()
    values = vol.Schema(dict(schema.fields))({"interval": "6h", "api_key": "k1234"})
    assert schema.build(**values) == OpenMeteoConfig(interval=21600.0, api_key="k1234")
    assert schema.build() == OpenMeteoConfig(interval=10800.0, api_key=None, url=None)


def test_the_key_is_kept_secret() -> None:
    assert plugin.config_schema().secrets == {"api_key"}


@pytest.mark.parametrize(
    "wrong",
    [
        {"interval": "10min"},
        {"interval": "2d"},
        {"url": "ftp://host/v1"},
        {"url": "https://host/v1?apikey=1"},
        {"url": "host"},
        {"api_key": ""},
        {"intervall": "3h"},
    ],
)
def test_a_wrong_configuration_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(vol.Invalid):
        vol.Schema(dict(plugin.config_schema().fields))(wrong)


def test_declares_one_forecaster_at_the_interval_that_was_set(plugin_context: ContextFactory) -> None:
    context = plugin_context(OpenMeteoConfig(interval=7200.0), plugin="openmeteo")
    (forecaster,) = plugin.sun_forecasters(context)
    assert isinstance(forecaster, SunForecaster)
    assert forecaster.interval_s == 7200.0


def test_checking_a_configuration_does_not_import_the_http_client() -> None:
    code = "import sys, edgepi_openmeteo.plugin as p; p.config_schema(); sys.exit('aiohttp' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
