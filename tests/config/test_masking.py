from __future__ import annotations

import json
import logging
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest

from edgepi.config import MASK, Report, SecretFilter, mask_all, masked
from edgepi.config.masking import Masker

NODE = "node: {name: garden, latitude: !secret lat, longitude: 2.35}\n"
Check = Callable[..., Report]


def test_masked_settings_show_no_secret_and_are_json(checked: Check) -> None:
    settings = checked(
        NODE
        + "plugins: {camera: [{name: a, password: hunter2}, "
        + "{name: b, password: !secret p, interval: 30s}]}\n",
        secrets="lat: 48.8566\np: abc\n",
    ).settings
    assert settings is not None
    shown = masked(settings)
    text = json.dumps(shown)
    assert "hunter2" not in text
    assert "abc" not in text
    assert "48.8566" not in text
    assert shown["node"] == {
        "name": "garden", "latitude": MASK, "longitude": 2.35, "elevation_m": 0.0, "time_zone": "UTC",
        "panel_tilt_deg": None, "panel_azimuth_deg": None,
    }  # fmt: skip
    assert [p["config"]["password"] for p in shown["plugins"]] == [MASK, MASK]
    assert shown["plugins"][1]["config"]["interval"] == 30.0
    assert "secrets" not in shown


def test_representation_of_settings_shows_no_secret(checked: Check) -> None:
    settings = checked(NODE + "plugins: {camera: {password: hunter2}}\n", secrets="lat: 48.8566\n").settings
    assert "hunter2" not in repr(settings)


def test_longer_of_two_overlapping_values_is_masked_whole() -> None:
    assert Masker(["hunter", "hunter22"])("x hunter22 y") == f"x {MASK} y"


def test_short_values_do_not_mask_every_sentence() -> None:
    assert Masker(["a", "", "1"])("a sentence with 1") == "a sentence with 1"


@pytest.fixture
def log(caplog: pytest.LogCaptureFixture) -> logging.Logger:
    logger = logging.getLogger("test.masking")
    for one in list(logger.filters):
        logger.removeFilter(one)
    logger.addFilter(SecretFilter({"hunter2"}))
    return logger


def test_log_filter_masks_message_arguments_and_traceback(
    log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    log.warning("login with %s failed", "hunter2")
    try:
        int("no hunter2")
    except ValueError:
        log.exception("plain")
    assert "hunter2" not in caplog.text
    assert f"login with {MASK} failed" in caplog.text
    assert f"'no {MASK}'" in caplog.text


def test_log_filter_leaves_other_records_as_they_are(
    log: logging.Logger, caplog: pytest.LogCaptureFixture
) -> None:
    log.warning("%d of %d", 1, 2)
    assert caplog.records[0].args == (1, 2)
    assert caplog.records[0].getMessage() == "1 of 2"


@pytest.mark.parametrize("secret", ["pass word", 'a"b\\c', "it's\n", "100%/&?", "p\u00e4ss"])
def test_a_secret_is_masked_however_it_is_spelled(secret: str) -> None:
    mask = Masker([secret])
    forms = (secret, repr([secret]), json.dumps(secret), quote(secret, safe=""), quote_plus(secret))
    for form in forms:
        shown = mask(f"cannot reach mqtt://user:{form}@host")
        assert MASK in shown
        assert secret not in shown
        assert quote(secret, safe="") not in shown


def test_every_text_in_data_is_masked() -> None:
    mask = Masker(["hunter2"])
    data = {"a": ["hunter2", 1, None, {"b": "is hunter2"}], "c": ("hunter2",), "d": 2.5}
    assert mask_all(data, mask) == {"a": [MASK, 1, None, {"b": f"is {MASK}"}], "c": [MASK], "d": 2.5}
