from __future__ import annotations

from typing import Any

import pytest
import voluptuous as vol

from edgepi_weather.config import WeatherConfig, config_schema
from edgepi_weather.uploads.config import CwopConfig, UploadsConfig, WundergroundConfig


def read(**uploads: Any) -> UploadsConfig:
    schema = config_schema()
    values = vol.Schema(schema.fields)({"uploads": uploads})
    config: WeatherConfig = schema.build(**values)
    return config.uploads


def test_both_networks_are_read() -> None:
    found = read(
        wunderground={"station": "KCASANFR5", "key": "abcd1234"}, cwop={"station": "CW1234", "every": "5min"}
    )
    assert found == UploadsConfig(
        wunderground=WundergroundConfig(station="KCASANFR5", key="abcd1234"),
        cwop=CwopConfig(station="CW1234", every=300.0),
    )
    assert found.cwop is not None
    assert (found.cwop.host, found.cwop.port) == ("cwop.aprs.net", 14580)


def test_a_server_by_its_address() -> None:
    assert CwopConfig(station="CW1234", server="[2001:db8::1]:23").host == "2001:db8::1"


def test_a_call_sign_needs_its_passcode() -> None:
    assert read(cwop={"station": "N0CALL-13", "passcode": 13023}).cwop is not None
    with pytest.raises(vol.Invalid, match="passcode"):
        read(cwop={"station": "N0CALL"})


@pytest.mark.parametrize(
    "wrong",
    [
        {"wunderground": {"station": "KCASANFR5"}},
        {"wunderground": {"station": "no id", "key": "abcd"}},
        {"cwop": {"station": "CW1234", "every": "1min"}},
        {"cwop": {"station": "CW1234", "server": "cwop.aprs.net"}},
        {"cwop": {"station": "CW1234", "server": "cwop.aprs.net:99999"}},
        {"cwop": {"station": "cw1234\r\n"}},
    ],
)
def test_what_cannot_be_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(vol.Invalid):
        read(**wrong)


def test_key_and_passcode_are_masked_wherever_the_configuration_is_shown() -> None:
    assert {"key", "passcode"} <= config_schema().secrets
